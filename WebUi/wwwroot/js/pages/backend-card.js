/** What of the volumes' data the store does not have yet, and what could be rebuilt from the store alone. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { bytes, duration, percent, rate } from "../core/format.js";
import { card, facts, bar, healthBadge, notice, when } from "../ui/pieces.js";
import { button } from "../ui/button.js";
import { done, failed } from "../ui/toast.js";
import { logMarksText, setLogMarks } from "./watermark-dialogs.js";

/** one: the backend as the API shows it; marks: its watermarks. */
export function backendCard(one, marks, view) {
  const share = one.logBytes ? one.waitingBytes / one.logBytes : 0;
  const flush = can("system") && button("Flush", { size: "small", label: "Bring everything into the store", onClick: () => begin().then(() => view.refresh(), failed) });
  return [
    one.cause && notice("warn", one.cause),
    one.catalog.cause && notice("warn", `The catalog could not be saved: ${one.catalog.cause}`),
    card("Into the store", { actions: [flush] }, facts([
      ["Store", healthBadge(one.health, one.cause)],
      ["Waiting in the write log", h("span", { class: "used" }, `${bytes(one.waitingBytes)} of ${bytes(one.logBytes)}`, bar(share, `${percent(share)} of the write log wait for the store`))],
      ["The oldest of it waits for", one.waitingBytes > 0 ? duration(one.oldestSeconds) : "nothing waits"],
      ["Pace", rate(one.bytesPerSecond)],
      ["The log is full in", one.secondsToFull == null ? "it does not grow" : duration(one.secondsToFull)],
      ["Told when", h("span", {}, logMarksText(marks), can("system") && [" ", button("Change", { size: "small", label: "Change the write log's watermarks", onClick: () => setLogMarks(marks).then((isSet) => isSet && view.refresh()) })])],
      ["Could be rebuilt from the store", one.catalog.savedAt ? h("span", {}, "as of ", when(one.catalog.savedAt), one.catalog.current ? ", nothing is newer" : "") : "nothing yet"],
    ])),
  ];
}

async function begin() {
  await api.postEmpty("/backend/flush");
  done("The job has begun: Jobs shows how far it is.");
}
