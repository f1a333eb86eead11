/** What is done with schedules. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { time } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, selectField, checkField } from "../ui/fields.js";
import { badge } from "../ui/pieces.js";
import { done } from "../ui/toast.js";

const RHYTHMS = [["hourly", "Each hour"], ["daily", "Each day"], ["weekly", "Each week"], ["monthly", "Each month"]];
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((day) => [day, day[0].toUpperCase() + day.slice(1)]);
const RULES = [["last", "The newest ones"], ["hourly", "One of each hour"], ["daily", "One of each day"], ["weekly", "One of each week"], ["monthly", "One of each month"]];

const keepFields = (form) => h("fieldset", { class: "field" }, h("legend", {}, "How many stay"),
  h("p", { class: "help" }, "A snapshot that one rule keeps stays; the newest of its hour, day, week or month counts."),
  h("div", { class: "choices" }, RULES.map(([rule, title]) => textField(form, rule, title))));

function keepOf(values) {
  const keep = Object.fromEntries(RULES.map(([rule]) => [rule, Number(values[rule] || 0)]));
  for (const [rule, value] of Object.entries(keep)) if (!Number.isInteger(value) || value < 0) throw new api.ApiError(0, "page", "Write a whole number.", rule);
  return keep;
}

export const createSchedule = async () => {
  const volumes = await api.get("/volumes");
  return formDialog({
    title: "Create a schedule",
    submit: "Create",
    wide: true,
    values: { name: "", every: "daily", at: "00:00", weekday: "monday", day: "1", last: "0", hourly: "24", daily: "7", weekly: "4", monthly: "0", chosen: {} },
    ready: (values) => Object.values(values.chosen).some(Boolean),
    body: (form) => [
      textField(form, "name", "Name", { placeholder: "like nightly", help: "Its snapshots are called NAME-YYYYMMDD-HHMMSS." }),
      h("fieldset", { class: "field" }, h("legend", {}, "Volumes"), h("p", { class: "help" }, "All of them at one moment."),
        volumes.length === 0 ? h("p", { class: "muted" }, "There is no volume yet.") : h("div", { class: "pick" }, volumes.map((volume) => checkField({ values: form.values.chosen, set: (name, value) => form.set("chosen", { ...form.values.chosen, [name]: value }) }, volume.name, volume.name)))),
      selectField(form, "every", "How often", RHYTHMS),
      form.values.every === "weekly" && selectField(form, "weekday", "Day of the week", WEEKDAYS),
      form.values.every === "monthly" && textField(form, "day", "Day of the month", { help: "1 to 31; a shorter month has it on its last day." }),
      textField(form, "at", form.values.every === "hourly" ? "Minute" : "Time of the day", { help: `HH:MM, UTC${form.values.every === "hourly" ? "; only the minutes count" : ""}` }),
      keepFields(form),
    ],
    onSubmit: async (values) => {
      const made = await api.post("/schedules", {
        name: values.name.trim(), every: values.every, at: values.at.trim(), weekday: values.weekday, day: Number(values.day) || 0, keep: keepOf(values),
        volumes: Object.entries(values.chosen).filter(([, chosen]) => chosen).map(([name]) => name),
      });
      done(`The schedule ${made.name} is there.`);
      return made;
    },
  });
};

export const editKeep = (schedule) => formDialog({
  title: `What ${schedule.name} keeps`,
  submit: "Change",
  wide: true,
  values: Object.fromEntries(RULES.map(([rule]) => [rule, String(schedule.keep[rule])])),
  body: (form) => [keepFields(form)],
  onSubmit: async (values) => {
    await api.patch(api.path`/schedules/${schedule.name}`, { keep: keepOf(values) });
    done("The rules count from the next run on.");
    return true;
  },
});

export async function previewSchedule(schedule) {
  const list = await api.get(api.path`/schedules/${schedule.name}/preview`);
  return formDialog({
    title: `If ${schedule.name} ran now`,
    submit: "Close",
    wide: true,
    tells: true,
    onSubmit: async () => true,
    body: () => (list.length === 0
      ? [h("p", { class: "muted" }, "It has no snapshots yet: one would be taken of each of its volumes, and none would go.")]
      : [h("ul", { class: "stack" }, list.map((one) => h("li", { class: "row" }, h("span", { class: "mono" }, `${one.volume}@${one.snapshot}`), h("span", { class: "muted small" }, time(one.created)),
        one.keptBy.length ? one.keptBy.map((rule) => badge(`kept: ${rule}`, "good", true)) : badge("would go", "bad", true))))]),
  });
}

export const deleteSchedule = (schedule) => confirmDialog({
  title: `Delete the schedule ${schedule.name}?`,
  submit: "Delete",
  consequences: ["It takes no more snapshots, and none of those that it took goes by itself any more.", "The snapshots stay."],
  onSubmit: async () => {
    await api.remove(api.path`/schedules/${schedule.name}`);
    done(`The schedule ${schedule.name} is deleted.`);
    return true;
  },
});
