/** The appliance at a glance: health in one sentence, capacity, live charts, what has happened. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { latest } from "../core/live.js";
import { bytes, count, days, duration, percent, plural } from "../core/format.js";
import { head, card, bar, poolBar, nothing } from "../ui/pieces.js";
import { icon } from "../ui/icons.js";
import { linkButton } from "../ui/button.js";
import { health } from "./health.js";
import { loadCharts, addSample } from "./load-charts.js";
import { eventList } from "./event-list.js";

const CAPACITY_MS = 60000;
const MIN_HOURS = 6;

export const overview = {
  name: "overview",
  title: "Overview",
  async load(params, view) {
    const day = view.state.span === "day";
    const [status, load, events] = await Promise.all([api.get("/status"), api.get(`/load?day=${day}`), api.get("/events?limit=6")]);
    const capacity = status.pool && (await api.get("/capacity"));
    if (!view.state.listening) {
      view.state.listening = true;
      view.onLive("status", (fresh) => view.data && ((view.data.status = fresh), view.update()));
      view.onLive("load", (sample) => view.data && view.state.span !== "day" && addSample(view.data.load, sample));
    }
    return { status, load, capacity, events };
  },
  refreshMs: CAPACITY_MS,
  show({ status, load, capacity, events }, view) {
    const now = latest.status ?? status;
    return [
      head("Overview", { lead: `Lunaria ${now.version}, up for ${duration(now.uptimeSeconds)}` }),
      healthCard(now),
      h("div", { class: "stats" }, capacityCard(now, capacity), counts(now)),
      loadCharts(load, now, view),
      card("Latest events", { actions: [linkButton("All events", "/events", { size: "small" })] }, events.length ? eventList(events) : nothing("events", "Nothing has happened yet")),
    ];
  },
};

function healthCard(status) {
  const { tone, sentence, detail } = health(status);
  return h("section", { class: `card health ${tone}`, "aria-label": "Health" },
    h("span", { class: "mark" }, icon(tone === "good" ? "good" : tone === "warn" ? "warning" : "bad")),
    h("div", {}, h("p", {}, sentence), h("p", { class: "muted" }, detail)));
}

function capacityCard({ pool, engine, promisedBytes }, capacity) {
  if (!pool) {
    return h("div", { class: "card stat" }, h("span", { class: "label" }, "Stored in the bucket"), h("span", { class: "value" }, bytes(engine?.storedBytes ?? 0)),
      h("span", { class: "note" }, `${bytes(promisedBytes)} promised to hosts`));
  }
  const outlook = capacity?.daysToFull != null ? `Full in ${days(capacity.daysToFull)} at this pace` : (capacity?.history.length ?? 0) < MIN_HOURS ? "Too new to tell when it is full" : "Not filling up";
  return h("div", { class: "card stat" },
    h("span", { class: "label" }, "Capacity"),
    h("span", { class: "value" }, `${bytes(pool.usedBytes)} of ${bytes(pool.totalBytes)}`),
    poolBar(pool),
    h("span", { class: "note" }, `${percent(pool.usedBytes / pool.totalBytes)} used, ${bytes(pool.reservedBytes)} reserved, ${bytes(pool.freeBytes)} free`),
    h("span", { class: "note" }, `${outlook}; ${bytes(promisedBytes)} promised to hosts`));
}

function counts(status) {
  const { engine } = status;
  const log = engine ? engine.logUsedBytes / engine.logCapacityBytes : 0;
  return [
    h("a", { class: "card stat", href: "/volumes" }, h("span", { class: "label" }, "Volumes"), h("span", { class: "value" }, count(status.volumes)), h("span", { class: "note" }, plural(status.targets, "target"))),
    h("a", { class: "card stat", href: "/sessions" }, h("span", { class: "label" }, "Sessions"), h("span", { class: "value" }, count(status.sessions)), h("span", { class: "note" }, status.sessions ? "of hosts" : "no host is logged in")),
    h("div", { class: "card stat" }, h("span", { class: "label" }, "Write log"), h("span", { class: "value" }, percent(log)), bar(log, `${percent(log)} of the write log wait for the pool`, { thin: true }),
      h("span", { class: "note" }, engine ? `${bytes(engine.logUsedBytes)} of ${bytes(engine.logCapacityBytes)}` : "")),
  ];
}
