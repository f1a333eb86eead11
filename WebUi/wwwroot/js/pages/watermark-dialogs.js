/** When space of the pool or of the write log counts as scarce, in words and to be changed. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes, days, duration, number } from "../core/format.js";
import { formDialog } from "../ui/dialog.js";
import { textField, sizeField, sizeBytes, sizeValue } from "../ui/fields.js";
import { done } from "../ui/toast.js";

const DAY_SECONDS = 86400;

/** What has marks: the title, the names that the API has for them, and the time until it is full as people think of it. */
const POOL = { title: "The pool's watermarks", low: "poolLow", full: "poolFull", time: "days", perDay: 1, text: days, pace: "the last week" };
const LOG = { title: "The write log's watermarks", low: "logLow", full: "logFull", time: "minutes", perDay: 1440, text: (value) => duration(value * DAY_SECONDS), pace: "the last minute" };

const LEVELS = [["low", "Low", "A warning is told where less is free, by whichever of these comes first. Empty: it does not count."], ["full", "Full", "An error is told, the same way."]];

const textOf = (of, mark) => [
  mark.percent != null && `less than ${number(mark.percent)} % are free`,
  mark.bytes != null && `less than ${bytes(mark.bytes)} are free`,
  mark.days != null && `it is full in ${of.text(mark.days)}`,
].filter(Boolean).join(" or ");

const both = (of) => (marks) => ["low", "full"].map((level) => [textOf(of, marks[of[level]]), level]).filter(([text]) => text).map(([text, level]) => `${text} (${level})`).join(", ") || "never";

/** Marks in words. */
export const poolMarksText = both(POOL);
export const logMarksText = both(LOG);

/** Open the dialogs. */
export const setPoolMarks = (marks) => edit(POOL, marks, true);
export const setLogMarks = (marks) => edit(LOG, marks, false);

function edit(of, marks, limits) {
  return formDialog({
    title: of.title,
    submit: "Set them",
    values: { ...valuesOf(of, "low", marks), ...valuesOf(of, "full", marks), overCommit: marks.overCommitLimit == null ? "" : String(marks.overCommitLimit) },
    body: (form) => [
      LEVELS.map(([level, title, help]) => [
        h("p", { class: "muted" }, h("strong", {}, title), ` ${help}`),
        textField(form, `${level}Percent`, `${title}: percent free`),
        sizeField(form, `${level}Bytes`, `${title}: size free`),
        textField(form, `${level}Time`, `${title}: ${of.time} until it is full`, { help: `At the pace of ${of.pace}.` }),
      ]),
      limits && textField(form, "overCommit", "Volumes may promise so many times the pool", { help: "More is refused. Empty: no limit." }),
    ],
    onSubmit: async (values) => {
      await api.patchDirect("/watermarks", {
        [of.low]: markOf(of, "low", values),
        [of.full]: markOf(of, "full", values),
        ...(limits && { overCommitLimit: numberOf(values, "overCommit") ?? 0 }),
      });
      done("They count from now on.");
      return true;
    },
  });
}

function valuesOf(of, level, marks) {
  const mark = marks[of[level]];
  return {
    [`${level}Percent`]: mark.percent == null ? "" : String(mark.percent),
    [`${level}Bytes`]: mark.bytes == null ? { amount: "", unit: "GiB" } : sizeValue(mark.bytes),
    [`${level}Time`]: mark.days == null ? "" : String(Math.round(mark.days * of.perDay * 1000) / 1000),
  };
}

function markOf(of, level, values) {
  const time = numberOf(values, `${level}Time`);
  return { percent: numberOf(values, `${level}Percent`), bytes: sizeOf(values, `${level}Bytes`), days: time === undefined ? undefined : time / of.perDay };
}

/** Undefined where nothing is written. */
function numberOf(values, name) {
  const text = values[name].trim().replace(",", ".");
  return text === "" ? undefined : checked(Number(text), name);
}

function sizeOf(values, name) {
  return String(values[name].amount).trim() === "" ? undefined : checked(sizeBytes(values[name]), name);
}

function checked(value, name) {
  if (!(value >= 0)) throw new api.ApiError(0, "page", "Write a number, or nothing.", name);
  return value;
}
