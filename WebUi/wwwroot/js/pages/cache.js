/** The read cache: its devices, and each volume's part. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { bytes, count, percent } from "../core/format.js";
import { head, card, facts, bar, badge, nothing } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { addDevice, removeDevice, editPart, BEHAVIOURS, MODES } from "./cache-dialogs.js";

export const cache = {
  name: "cache",
  title: "Read cache",
  load: () => api.get("/cache"),
  refreshMs: 3000,
  show: (one, view) => [
    head("Read cache", { lead: "What hosts read often lies on flash; losing it loses no data." }),
    one.devices.length > 0 && card("Now", { note: one.loaded ? null : "what an earlier run left is still being looked through" }, now(one)),
    card("Devices", { actions: [can("system") && button("Add a device", { icon: "plus", size: "small", onClick: then(view, addDevice) })] }, devices(one, view)),
    one.devices.length > 0 && card("Volumes", {}, volumes(one, view)),
  ],
};

const then = (view, work) => async () => {
  if (await work()) view.refresh();
};

const now = (one) => facts([
  ["Used", h("span", { class: "used" }, `${bytes(one.usedBytes)} of ${bytes(one.capacityBytes)}`, bar(one.capacityBytes ? one.usedBytes / one.capacityBytes : 0, "Used", { thin: true, warnAt: 2, badAt: 2 }))],
  ["Hits since the start", `${percent(one.hitRate)}, ${bytes(one.hitBytes)}`],
  ["Misses", bytes(one.missBytes)],
  ["Made room", `${count(one.evictions)} times`],
  ["Given up as damaged", count(one.droppedSlots)],
  ["Not taken in: devices too slow", count(one.skippedWindows)],
  ["Memory", `${bytes(one.indexMemoryBytes)} index, ${bytes(one.memoryBytes)} newest`],
]);

const devices = (one, view) => table(view, "devices", {
  noun: "device",
  plain: true,
  rows: one.devices,
  key: (device) => device.path,
  empty: nothing("cache", "No devices", "Give it a file or a block device on flash; it can be taken away again while it is used."),
  columns: [
    { name: "path", title: "Device", cell: (device) => h("span", { class: "main-link mono" }, device.path) },
    { name: "size", title: "Size", number: true, cell: (device) => bytes(device.sizeBytes) },
    { name: "used", title: "Used", cell: (device) => h("span", { class: "used" }, bytes(device.usedBytes), bar(device.usedBytes / device.sizeBytes, `Used of ${device.path}`, { thin: true, warnAt: 2, badAt: 2 })) },
    { name: "state", title: "State", cell: (device) => (device.failure ? h("span", { title: device.failure }, badge("failed", "bad"), h("span", { class: "small muted" }, ` ${device.failure}`)) : badge("works", "good")) },
    { name: "remove", title: "", buttons: true, cell: (device) => can("system") && button("Take out", { size: "small", label: `Take ${device.path} out`, onClick: then(view, () => removeDevice(device)) }) },
  ],
});

const volumes = (one, view) => table(view, "parts", {
  noun: "volume",
  rows: one.volumes,
  key: (part) => part.volume,
  search: (part) => part.volume,
  empty: nothing("volumes", "No volumes"),
  columns: [
    { name: "volume", title: "Volume", cell: (part) => h("a", { class: "main-link", href: `/volumes/${encodeURIComponent(part.volume)}` }, part.volume), sort: (part) => part.volume },
    { name: "when", title: "Goes in", cell: (part) => BEHAVIOURS.find(([value]) => value === part.when)?.[1] ?? part.when, sort: (part) => part.when },
    { name: "by", title: "Kept by", cell: (part) => MODES.find(([value]) => value === part.by)?.[1] ?? part.by, sort: (part) => part.by },
    { name: "used", title: "Has", number: true, cell: (part) => bytes(part.usedBytes), sort: (part) => part.usedBytes },
    { name: "limits", title: "At most, at least", number: true, cell: (part) => `${part.limitBytes ? bytes(part.limitBytes) : "–"}, ${part.reserveBytes ? bytes(part.reserveBytes) : "–"}`, sort: (part) => part.limitBytes },
    { name: "hits", title: "Hits", number: true, cell: (part) => (part.hitBytes + part.missBytes ? percent(part.hitRate) : "–"), sort: (part) => part.hitRate },
    { name: "edit", title: "", buttons: true, cell: (part) => can("volumes") && button("Change", { size: "small", label: `Change the cache of ${part.volume}`, onClick: then(view, () => editPart(part)) }) },
  ],
});
