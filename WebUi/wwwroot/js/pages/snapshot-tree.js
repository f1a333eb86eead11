/** A volume through time: its snapshots from the oldest on, the clones that branch off, and what it is now. */
import { h } from "../core/dom.js";
import { go } from "../core/router.js";
import { can } from "../core/session.js";
import { bytes } from "../core/format.js";
import { badge, when } from "../ui/pieces.js";
import { icon } from "../ui/icons.js";
import { button } from "../ui/button.js";
import { failed } from "../ui/toast.js";
import { mapVolume } from "./volume-dialogs.js";
import { exportSnapshot } from "./transfer-dialogs.js";
import { cloneSnapshot, rollBack, deleteSnapshot, keepSnapshot } from "./snapshot-dialogs.js";

/** The tree. */
export function snapshotTree(volume, snapshots, view) {
  return h("ol", { class: "tree" },
    snapshots.map((snapshot, index) => h("li", { key: snapshot.uuid },
      h("div", { class: "node" },
        h("span", { class: "name" }, snapshot.name),
        h("span", { class: "when" }, when(snapshot.created), snapshot.sizeBytes !== volume.sizeBytes && `, ${bytes(snapshot.sizeBytes)}`),
        snapshot.clones.includes(volume.name) && badge("gone back to", "accent", true),
        snapshot.consistent && badge("at rest", "good", true),
        snapshot.sticky && badge("kept", "accent", true),
        snapshot.destaging && h("span", { class: "when" }, `${bytes(snapshot.destaging.inLogBytes)} not in the pool yet`),
        Object.entries(snapshot.labels ?? {}).slice(0, 4).map(([name, value]) => badge(`${name}: ${value}`.slice(0, 40), "", true)),
        can("volumes") && actions(snapshot, snapshots.slice(0, index), snapshots.length - index - 1, view)),
      branches(snapshot, volume).length > 0 && h("ul", { class: "clones" }, branches(snapshot, volume).map((clone) => h("li", { key: clone }, icon("branch"), "clone ", h("a", { href: `/volumes/${encodeURIComponent(clone)}` }, clone)))))),
    h("li", { class: "now", key: "now" }, h("div", { class: "node" }, h("span", { class: "name" }, "Now"), h("span", { class: "when" }, volume.name))));
}

/** A volume that was rolled back goes on from its own snapshot: that is no clone. */
const branches = (snapshot, volume) => snapshot.clones.filter((clone) => clone !== volume.name);

function actions(snapshot, older, younger, view) {
  const of = (text) => `${text}: ${snapshot.name}`;
  const then = (work) => async () => {
    if (await work()) view.refresh();
  };
  return h("div", { class: "actions" },
    can("targets") && button("Show", { size: "small", label: of("Show to hosts"), onClick: then(() => mapVolume({ name: `${snapshot.volume}@${snapshot.name}`, luns: [], readOnly: true })) }),
    button("Clone", { size: "small", label: of("Clone"), onClick: async () => {
      const made = await cloneSnapshot(snapshot);
      if (made) go(`/volumes/${encodeURIComponent(made.name)}`);
    } }),
    button("Export", { size: "small", label: of("Export"), onClick: () => exportSnapshot(snapshot, older) }),
    button("Roll back", { size: "small", label: of("Roll back"), onClick: then(() => rollBack(snapshot, younger)) }),
    button(snapshot.sticky ? "Let go" : "Keep", { size: "small", label: of(snapshot.sticky ? "Let go" : "Keep"), onClick: () => keepSnapshot(snapshot, !snapshot.sticky).then(() => view.refresh(), failed) }),
    button("Delete", { size: "small", kind: "danger", label: of("Delete"), disabled: snapshot.sticky, onClick: then(() => deleteSnapshot(snapshot)) }));
}
