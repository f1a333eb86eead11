/** What is done to the read cache. Each resolves with the result, or null. */
import * as api from "../core/api.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, sizeField, sizeBytes, sizeValue, choiceField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

/** When a volume's blocks go in: value, word, explanation. */
export const BEHAVIOURS = [["onRead", "when read", "the usual"], ["onWrite", "when written, too", "for what is read again soon"], ["none", "never", "for backups and logs"]];

/** By what they are kept. */
export const MODES = [["location", "place", "clones share what they have in common"], ["content", "content", "equal blocks are kept once"]];

export const addDevice = () => formDialog({
  title: "Add a cache device",
  submit: "Add",
  values: { path: "", sizeBytes: { amount: "64", unit: "GiB" } },
  body: (form) => [
    textField(form, "path", "File or block device", { mono: true, placeholder: "/dev/nvme0n1p3", help: "On flash, on the appliance. A file is made where absent; what is on a block device is written over." }),
    sizeField(form, "sizeBytes", "How much of it is used"),
  ],
  onSubmit: async (values) => {
    const size = sizeBytes(values.sizeBytes);
    if (!(size >= 2 ** 20)) throw new api.ApiError(0, "page", "At least 1 MiB.", "sizeBytes");
    await api.post("/cache/devices", { path: values.path.trim(), sizeBytes: size });
    done("The device serves.");
    return true;
  },
});

export const removeDevice = (device) => confirmDialog({
  title: "Take the device out of the cache?",
  submit: "Take it out",
  consequences: [`What ${device.path} holds is forgotten; no data is lost.`, "Reads go on, slower until other devices have taken it up."],
  onSubmit: async () => {
    await api.remove(`/cache/devices?path=${encodeURIComponent(device.path)}`);
    done("The device is out.");
    return true;
  },
});

export const editPart = (part) => formDialog({
  title: `The cache of ${part.volume}`,
  submit: "Change",
  values: { when: part.when, by: part.by, limitBytes: part.limitBytes ? sizeValue(part.limitBytes) : { amount: "", unit: "GiB" }, reserveBytes: part.reserveBytes ? sizeValue(part.reserveBytes) : { amount: "", unit: "GiB" } },
  body: (form) => [
    choiceField(form, "when", "Its blocks go in", BEHAVIOURS),
    choiceField(form, "by", "They are kept by", MODES),
    sizeField(form, "limitBytes", "At most", { help: "Empty: no limit." }),
    sizeField(form, "reserveBytes", "At least", { help: "What other volumes do not take from it. Empty: nothing." }),
  ],
  onSubmit: async ({ when, by, limitBytes, reserveBytes }) => {
    const size = (value) => (String(value.amount).trim() === "" ? 0 : sizeBytes(value));
    await api.patchDirect(api.path`/cache/volumes/${part.volume}`, { when, by, limitBytes: size(limitBytes), reserveBytes: size(reserveBytes) });
    done("It counts from now on.");
    return true;
  },
});
