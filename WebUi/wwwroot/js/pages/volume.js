/** One volume: what it is, who sees it, its snapshots. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { go } from "../core/router.js";
import { can } from "../core/session.js";
import { bytes, percent, time } from "../core/format.js";
import { head, card, facts, bar, healthBadge, badge, nothing, notice } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { mapVolume, unmap, resizeVolume, renameVolume, deleteVolume, flattenVolume, promoteVolume, setTemplate } from "./volume-dialogs.js";
import { setLimits, limitText } from "./limit-dialog.js";
import { takeSnapshot } from "./snapshot-dialogs.js";
import { snapshotTree } from "./snapshot-tree.js";

export const volume = {
  name: "volume",
  title: (params) => params.name,
  async load({ name }) {
    const [found, snapshots] = await Promise.all([api.get(api.path`/volumes/${name}`), api.get(api.path`/volumes/${name}/snapshots`)]);
    return { volume: found, snapshots };
  },
  refreshMs: 5000,
  show: ({ volume: one, snapshots }, view) => [
    head(one.name, {
      crumb: { href: "/volumes", text: "Volumes" },
      badge: [healthBadge(one.health, one.cause), one.isTemplate && badge("template", "", true)],
      lead: `${bytes(one.sizeBytes)}, created ${time(one.created).slice(0, 16)}`,
      actions: can("volumes") ? actions(one, snapshots, view) : [],
    }),
    one.health !== "Online" && one.cause && notice(one.health === "StoreFailing" ? "warn" : "bad", one.cause),
    card("Facts", {}, what(one, view)),
    shownAt(one, view),
    card("Snapshots", { actions: [can("volumes") && button("Take a snapshot", { icon: "camera", size: "small", onClick: act(view, () => takeSnapshot(one)) })] },
      snapshots.length ? snapshotTree(one, snapshots, view) : nothing("camera", "No snapshots", "A snapshot keeps what the volume is now; it is taken at once and takes no space by itself.")),
  ],
};

/** A handler that does something and then shows what it has become. */
export const act = (view, work) => async () => {
  if (await work()) view.refresh();
};

function actions(one, snapshots, view) {
  return [
    button("Resize", { onClick: act(view, () => resizeVolume(one)) }),
    button("Limits", { onClick: act(view, () => setLimits(one)) }),
    button("Rename", { onClick: async () => {
      const renamed = await view.hold(() => renameVolume(one));
      if (renamed) go(`/volumes/${encodeURIComponent(renamed.name)}`, { replace: true });
    } }),
    button(one.isTemplate ? "No template" : "Template", { onClick: act(view, () => setTemplate(one)) }),
    button("Delete", { kind: "danger", disabled: one.luns.length > 0, label: one.luns.length > 0 ? "Delete: take it away from hosts first" : null, onClick: async () => {
      if (await view.hold(() => deleteVolume(one, snapshots))) go("/volumes");
    } }),
  ];
}

function what(one, view) {
  const share = one.mappedBytes / one.sizeBytes;
  const { origin } = one;
  return facts([
    ["Written", h("span", { class: "used" }, `${bytes(one.mappedBytes)} (${percent(share)})`, bar(share, `${percent(share)} written`, { thin: true, warnAt: 2, badAt: 2 }))],
    ["Newest writes, in the log", bytes(one.inLogBytes)],
    ["Hosts see", `${one.unit.blockBytes}-byte blocks${one.unit.readOnly ? ", read-only" : ""}${one.unit.removable ? ", removable" : ""}`],
    ["Limits", limitText(one.limits)],
    origin && ["Clone of", h("span", { class: "row" }, h("a", { href: `/volumes/${encodeURIComponent(origin.volume)}` }, origin.volume), `at ${origin.snapshot}`, can("volumes") && button("Make independent", { size: "small", onClick: () => flattenVolume(one) }), can("volumes") && button("Promote", { size: "small", onClick: act(view, () => promoteVolume(one)) }))],
    ["UUID", h("code", {}, one.uuid)],
  ]);
}

function shownAt(one, view) {
  const add = can("targets") && button("Show it to hosts", { icon: "plus", size: "small", onClick: act(view, () => mapVolume(one)) });
  return card("Shown to hosts", { actions: [add] }, table(view, "luns", {
    noun: "LUN",
    plain: true,
    rows: one.luns,
    key: (lun) => `${lun.target}/${lun.lun}`,
    empty: nothing("targets", "No host sees it", "Show it through a target, and the hosts of that target have one more disk."),
    columns: [
      { name: "target", title: "Target", cell: (lun) => h("a", { class: "main-link mono", href: `/targets/${encodeURIComponent(lun.target)}` }, lun.target) },
      { name: "lun", title: "LUN", number: true, cell: (lun) => lun.lun },
      { name: "unmap", title: "", buttons: true, cell: (lun) => can("targets") && button("Take away", { size: "small", label: `Take LUN ${lun.lun} of ${lun.target} away`, onClick: act(view, () => unmap({ ...lun, volume: one.name })) }) },
    ],
  }));
}
