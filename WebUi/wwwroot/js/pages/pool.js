/** Where the volumes' data lies: the pool's space, its components and how far they are emptied, or a bucket; and what is on its way there. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { bytes, days, number } from "../core/format.js";
import { head, card, facts, bar, poolBar, badge, notice } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { addComponent, evacuate, removeComponent, setCopies, takeBack, useAgain } from "./pool-dialogs.js";
import { backendCard } from "./backend-card.js";
import { poolMarksText, setPoolMarks } from "./watermark-dialogs.js";
import { progress } from "./jobs.js";

const STATES = { active: ["works", "good"], evacuating: ["being emptied", "accent"], failed: ["failed", "bad"], setAside: ["out of use", "bad"] };
const SPACE = { ok: ["enough is free", "good"], low: ["little is free", "warn"], full: ["full", "bad"] };

export const pool = {
  name: "pool",
  title: "Pool",
  async load() {
    const [backend, marks] = await Promise.all([api.get("/backend"), api.get("/watermarks")]);
    return { backend, marks, pool: backend.kind === "pool" ? await api.get("/pool") : null };
  },
  refreshMs: 3000,
  show: ({ backend, marks, pool: one }, view) => (one ? showPool(one, backend, marks, view) : [
    head("Bucket", { lead: "The volumes' data lie in an S3 store: its operator says how much it holds." }),
    backendCard(backend, marks, view),
  ]),
};

function showPool(one, backend, marks, view) {
  return [
    head("Pool", {
      lead: "The files and disks that hold the volumes' data.",
      badge: badge(...SPACE[one.state]),
      actions: can("system") ? [button("Add a component", { kind: "primary", icon: "plus", onClick: then(view, addComponent) })] : [],
    }),
    one.findings.map((finding) => notice("warn", finding)),
    one.mending && notice(one.mending.cause ? "bad" : "warn", mending(one.mending)),
    one.damagedObjects.length > 0 && notice("bad", `Every copy is damaged of ${one.damagedObjects.join(", ")}.`),
    one.components.filter(({ volumes }) => volumes?.length > 0).map(({ path, volumes }) => notice("bad", `Only ${path}, which has failed, has data of ${volumes.join(", ")}. Save what is on it.`)),
    card("Space", {}, space(one, marks, view)),
    card("Components", {}, components(one, view)),
    backendCard(backend, marks, view),
  ];
}

const then = (view, work) => async () => {
  if (await work()) view.refresh();
};

const mending = ({ objects, doneBytes, totalBytes, cause }) => cause
  ? `Some of ${number(objects)} objects still lack a copy: ${cause}`
  : `${number(objects)} objects lack a copy or have one that must go; ${bytes(doneBytes)} of ${bytes(totalBytes)} are done.`;

function space(one, marks, view) {
  return facts([
    ["Used", h("span", { class: "used" }, `${bytes(one.usedBytes)} of ${bytes(one.totalBytes)}`, poolBar(one))],
    ["Reserved", `${bytes(one.reservedBytes)} for metadata and deletes`],
    ["Free", `${bytes(one.freeBytes)} for new data`],
    ["Copies of each object", h("span", {}, number(one.copies), one.repairedCopies > 0 && ` (${number(one.repairedCopies)} damaged ones replaced since the start)`, can("system") && one.components.length > 1 && [" ", button(one.copies > 1 ? "Keep one" : "Keep two", { size: "small", onClick: then(view, () => setCopies(one)) })])],
    ["Promised to hosts", `${bytes(one.promisedBytes)}, ${number(one.overCommit)} times the pool${marks.overCommitLimit ? ` of at most ${number(marks.overCommitLimit)}` : ""}`],
    ["Told when", h("span", {}, poolMarksText(marks), can("system") && [" ", button("Change", { size: "small", label: "Change the pool's watermarks", onClick: then(view, () => setPoolMarks(marks)) })])],
    ["Full in", one.daysToFull == null ? "not filling up, or too new to tell" : `${days(one.daysToFull)} at the pace of the last week`],
    ["Id", h("code", {}, one.id)],
  ]);
}

const components = (one, view) => table(view, "components", {
  noun: "component",
  plain: true,
  rows: one.components,
  key: (component) => component.id,
  empty: null,
  columns: [
    { name: "path", title: "Component", cell: (component) => [h("span", { class: "main-link mono" }, component.path), component.stableName && h("span", { class: "small muted" }, ` ${component.stableName}`)] },
    { name: "kind", title: "Kind", cell: (component) => (component.isDevice ? "device" : "file") },
    { name: "size", title: "Size", number: true, cell: (component) => bytes(component.totalBytes) },
    { name: "used", title: "Used", cell: (component) => h("span", { class: "used" }, h("span", { class: "small" }, bytes(component.usedBytes)), bar(component.totalBytes ? component.usedBytes / component.totalBytes : 0, `Used of ${component.path}`, { thin: true })) },
    { name: "state", title: "State", cell: state },
    { name: "actions", title: "", buttons: true, cell: (component) => can("system") && actions(component, one, view) },
  ],
});

function state(component) {
  if (component.job) return progress(component.job);
  if (component.state === "evacuating" && component.usedBytes === 0) return badge("empty: can be removed", "accent");
  return h("span", { title: component.cause ?? null }, badge(...STATES[component.state]), component.cause && h("span", { class: "small muted" }, ` ${component.cause}`));
}

function actions(component, one, view) {
  const of = (text) => `${text}: ${component.path}`;
  if (component.state === "active") return one.components.length > 1 && button("Empty it", { size: "small", label: of("Empty it"), onClick: then(view, () => evacuate(component)) });
  return [
    component.state === "failed" && !component.job && button("Save what is on it", { size: "small", label: of("Save what is on it"), onClick: then(view, () => evacuate(component)) }),
    component.state === "setAside" && button("Use again", { size: "small", label: of("Use again"), onClick: then(view, () => useAgain(component)) }),
    component.state === "setAside" && button("Remove", { size: "small", kind: "danger", label: of("Remove"), onClick: then(view, () => removeComponent(component)) }),
    component.state === "evacuating" && !component.job && component.usedBytes > 0 && button("Go on", { size: "small", label: of("Go on"), onClick: then(view, () => evacuate(component)) }),
    component.state === "evacuating" && !component.job && button("Take back", { size: "small", label: of("Take back"), onClick: then(view, () => takeBack(component)) }),
    component.state === "evacuating" && component.usedBytes === 0 && button("Remove", { size: "small", kind: "danger", label: of("Remove"), onClick: then(view, () => removeComponent(component)) }),
  ];
}
