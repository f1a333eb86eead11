/** Snapshots that take themselves. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { count, plural } from "../core/format.js";
import { head, nothing, badge, when } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { done, failed } from "../ui/toast.js";
import { createSchedule, editKeep, deleteSchedule, previewSchedule } from "./schedule-dialogs.js";

const DAYS = { sunday: "Sunday", monday: "Monday", tuesday: "Tuesday", wednesday: "Wednesday", thursday: "Thursday", friday: "Friday", saturday: "Saturday" };

export const schedules = {
  name: "schedules",
  title: "Schedules",
  load: () => api.get("/schedules"),
  refreshMs: 10000,
  show: (list, view) => [
    head("Schedules", {
      lead: "Snapshots that take themselves, and go by themselves.",
      actions: [can("volumes") && button("Create a schedule", { kind: "primary", icon: "plus", onClick: then(view, createSchedule) })].filter(Boolean),
    }),
    table(view, "schedules", {
      noun: "schedule",
      rows: list,
      key: (schedule) => schedule.name,
      search: (schedule) => `${schedule.name} ${schedule.volumes.join(" ")}`,
      empty: h("div", { class: "card" }, nothing("schedules", "No schedules yet", "A schedule takes snapshots of its volumes at one moment, and keeps as many as its rules say.")),
      columns: [
        { name: "name", title: "Name", cell: (schedule) => h("span", { class: "main-link" }, schedule.name), sort: (schedule) => schedule.name },
        { name: "volumes", title: "Volumes", cell: (schedule) => (schedule.volumes.length > 2 ? plural(schedule.volumes.length, "volume") : schedule.volumes.join(", ") || "none"), sort: (schedule) => schedule.volumes.length },
        { name: "rhythm", title: "When (UTC)", cell: (schedule) => h("div", {}, rhythm(schedule), h("div", { class: "small" }, next(schedule))), sort: (schedule) => schedule.nextRun },
        { name: "keep", title: "Keeps", cell: (schedule) => keeps(schedule.keep) },
        { name: "actions", title: "", buttons: true, cell: (schedule) => actions(schedule, view) },
      ],
    }),
  ],
};

const then = (view, work) => async () => {
  if (await work()) view.refresh();
};

function rhythm({ every, at, weekday, day }) {
  if (every === "hourly") return `each hour at :${at.slice(3)}`;
  if (every === "daily") return `each day at ${at}`;
  return every === "weekly" ? `${DAYS[weekday]}s at ${at}` : `day ${day} of the month at ${at}`;
}

const keeps = (keep) => Object.entries(keep).filter(([, value]) => value > 0).map(([rule, value]) => `${count(value)} ${rule}`).join(", ") || "none";

function next(schedule) {
  if (schedule.paused) return badge("paused", "", true);
  return h("span", { class: "muted" }, `next ${new Date(schedule.nextRun).toISOString().slice(0, 16).replace("T", " ")}`, schedule.lastError && h("span", { title: schedule.lastError }, " ", badge("last run failed", "bad", true)), !schedule.lastError && schedule.lastRun && [", last ", when(schedule.lastRun)]);
}

function actions(schedule, view) {
  const of = (text) => `${text}: ${schedule.name}`;
  const direct = (work) => async () => {
    await work().catch(failed);
    view.refresh();
  };
  return [
    button("Preview", { size: "small", label: of("Preview"), onClick: () => previewSchedule(schedule) }),
    can("volumes") && button("Run now", { size: "small", label: of("Run now"), onClick: direct(async () => {
      const run = await api.postEmpty(api.path`/schedules/${schedule.name}/run`);
      done(`${run.snapshot} is taken of ${plural(run.volumes.length, "volume")}; ${plural(run.deleted.length, "snapshot")} went.`);
    }) }),
    can("volumes") && button("Rules", { size: "small", label: of("Rules"), onClick: then(view, () => editKeep(schedule)) }),
    can("volumes") && button(schedule.paused ? "Go on" : "Pause", { size: "small", label: of(schedule.paused ? "Go on" : "Pause"), onClick: direct(() => api.patch(api.path`/schedules/${schedule.name}`, { paused: !schedule.paused })) }),
    can("volumes") && button("Delete", { size: "small", kind: "danger", label: of("Delete"), onClick: then(view, () => deleteSchedule(schedule)) }),
  ];
}
