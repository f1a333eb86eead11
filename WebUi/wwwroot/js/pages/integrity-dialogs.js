/** What is begun and changed for integrity. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, selectField, checkField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

const MIB = 2 ** 20;
const BEGUN = "The job has begun: Jobs shows how far it is.";

function rateOf(text, field) {
  const value = Math.round(Number(text.trim() || 0) * MIB);
  if (!(value >= 0)) throw new api.ApiError(0, "page", "Write a number, or nothing.", field);
  return value;
}

export const startCheck = async () => {
  const volumes = await api.get("/volumes");
  return formDialog({
    title: "Check now",
    submit: "Begin",
    values: { volume: "", readBlocks: false, rate: "" },
    body: (form) => [
      h("p", { class: "muted" }, "Map, journal, log, objects and counts are compared with each other while volumes are in use. Nothing is changed."),
      selectField(form, "volume", "What", [["", "Everything"], ...volumes.map((one) => [one.name, one.name])]),
      checkField(form, "readBlocks", "Read every block", { help: "And compare its checksum; else the headers only." }),
      form.values.readBlocks && textField(form, "rate", "MiB a second at most", { help: "Empty: as fast as it can." }),
    ],
    onSubmit: async ({ volume, readBlocks, rate }) => {
      await api.post("/integrity/checks", { ...(volume && { volume }), readBlocks, bytesPerSecond: rateOf(rate, "rate") });
      done(BEGUN);
      return true;
    },
  });
};

export const startAudit = () => formDialog({
  title: "Audit the store",
  submit: "Begin",
  values: { clear: false, hours: "24" },
  body: (form) => [
    h("p", { class: "muted" }, "Every object of the store is compared with what the map names: what nothing names, and what is named and not there."),
    checkField(form, "clear", "Delete what nothing names"),
    form.values.clear && textField(form, "hours", "Known as such for hours", { help: "Only what an audit at least so long ago has found already." }),
  ],
  onSubmit: async ({ clear, hours }) => {
    const seconds = Math.round(Number(hours) * 3600);
    if (clear && !(seconds > 0)) throw new api.ApiError(0, "page", "Write a number.", "hours");
    await api.post("/integrity/audits", clear ? { clearAfterSeconds: seconds } : {});
    done(BEGUN);
    return true;
  },
});

export const setVerification = (scrub) => formDialog({
  title: "Background verification",
  submit: "Change",
  values: { rate: scrub.bytesPerSecond ? String(scrub.bytesPerSecond / MIB) : "" },
  body: (form) => [textField(form, "rate", "MiB a second", { help: "What it reads of the pool to compare checksums. Empty: it rests." })],
  onSubmit: async ({ rate }) => {
    await api.patchDirect("/scrub", { bytesPerSecond: rateOf(rate, "rate") });
    done("It counts from now on.");
    return true;
  },
});

export const setCollection = (garbage) => formDialog({
  title: "Garbage collection",
  submit: "Change",
  values: { rate: garbage.bytesPerSecond ? String(garbage.bytesPerSecond / MIB) : "", paused: garbage.state === "paused" },
  body: (form) => [
    textField(form, "rate", "MiB a second at most", { help: "Empty: as fast as it can." }),
    checkField(form, "paused", "Pause", { help: "No round begins by itself until this is taken back, or the appliance is started again. The pool fills with garbage meanwhile." }),
  ],
  onSubmit: async ({ rate, paused }) => {
    await api.patch("/gc", { bytesPerSecond: rateOf(rate, "rate"), paused });
    done("It counts from now on.");
    return true;
  },
});

export const collectNow = () => confirmDialog({
  title: "Collect garbage now?",
  submit: "Begin",
  consequences: ["A job copies what is alive out of segments that are worth it, and gives back the rest. It takes speed from hosts meanwhile."],
  onSubmit: async () => {
    await api.postEmpty("/gc/run");
    done(BEGUN);
    return true;
  },
});

export async function backUp() {
  const made = await api.postEmpty("/backups");
  done(`${made.path}, ${bytes(made.lengthBytes)}, is written.`);
  return true;
}
