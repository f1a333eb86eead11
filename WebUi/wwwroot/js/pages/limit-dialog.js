/** What a volume may do at most. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes, count, rate } from "../core/format.js";
import { formDialog } from "../ui/dialog.js";
import { textField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

const MIB = 2 ** 20;

/** name of the API, label, help, bytes for one of the unit that is typed. */
const FIELDS = [
  ["operationsPerSecond", "Commands a second", "Reads, writes and unmaps together. Empty: no limit.", 1],
  ["burstOperations", "… at once after a pause", "Empty: as many as in a second.", 1],
  ["bytesPerSecond", "MiB a second", "Empty: no limit.", MIB],
  ["burstBytes", "… MiB at once after a pause", "Empty: as many as in a second.", MIB],
  ["floorOperationsPerSecond", "Writes a second in any case", "They are not slowed while other volumes fill the log. Empty: none.", 1],
  ["dirtyBytes", "MiB waiting for the store", "What the write log may hold of it that pool or bucket do not have yet; 16 at least. Writes slow down before. Empty: no limit but the log.", MIB],
];

/** The limits in a few words. */
export function limitText(limits) {
  const parts = [
    limits.operationsPerSecond && `${count(limits.operationsPerSecond)} commands/s`,
    limits.bytesPerSecond && rate(limits.bytesPerSecond),
    limits.floorOperationsPerSecond && `at least ${count(limits.floorOperationsPerSecond)} writes/s`,
    limits.dirtyBytes && `${bytes(limits.dirtyBytes)} in the log`,
  ].filter(Boolean);
  return parts.length ? parts.join(", ") : "none";
}

/** Opens it. */
export const setLimits = (volume) => formDialog({
  title: `Limits of ${volume.name}`,
  submit: "Set them",
  values: Object.fromEntries(FIELDS.map(([name, , , unit]) => [name, volume.limits[name] == null ? "" : String(volume.limits[name] / unit)])),
  body: (form) => [h("p", { class: "muted" }, "They count at once, for hosts that are logged in, too."), FIELDS.map(([name, label, help]) => textField(form, name, label, { help }))],
  onSubmit: async (values) => {
    const limits = {};
    for (const [name, , , unit] of FIELDS) {
      const text = values[name].trim();
      const value = Math.round(Number(text) * unit);
      if (text !== "" && !(value > 0)) throw new api.ApiError(0, "page", "Write a number, or nothing.", name);
      if (text !== "") limits[name] = value;
    }
    await api.put(api.path`/volumes/${volume.name}/limits`, limits);
    done(`The limits of ${volume.name} count.`);
    return true;
  },
});
