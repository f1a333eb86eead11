/** All volumes. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { go } from "../core/router.js";
import { can } from "../core/session.js";
import { bytes, percent, time } from "../core/format.js";
import { head, nothing, bar, healthBadge, badge } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { createVolume } from "./volume-dialogs.js";
import { importVolume } from "./transfer-dialogs.js";

export const volumes = {
  name: "volumes",
  title: "Volumes",
  load: () => api.get("/volumes"),
  refreshMs: 5000,
  show(list, view) {
    const make = (work) => async () => {
      const made = await work();
      if (made) go(`/volumes/${encodeURIComponent(made.name)}`);
    };
    const actions = can("volumes") ? [button("Import", { onClick: make(importVolume) }), button("Create a volume", { kind: "primary", icon: "plus", onClick: make(createVolume) })] : [];
    return [
      head("Volumes", { lead: "Thin: a volume takes only the space of what is written to it.", actions }),
      table(view, "volumes", {
        noun: "volume",
        rows: list,
        key: (volume) => volume.uuid,
        search: (volume) => `${volume.name} ${volume.uuid} ${volume.luns.map((lun) => lun.target).join(" ")}`,
        empty: h("div", { class: "card" }, nothing("volumes", "No volumes yet", "Create one, then show it to a host through a target.")),
        columns: [
          { name: "name", title: "Name", cell: (volume) => h("a", { class: "main-link", href: `/volumes/${encodeURIComponent(volume.name)}` }, volume.name), sort: (volume) => volume.name },
          { name: "size", title: "Size", number: true, cell: (volume) => bytes(volume.sizeBytes), sort: (volume) => volume.sizeBytes },
          { name: "used", title: "Written", cell: used, sort: (volume) => volume.mappedBytes },
          { name: "shown", title: "Shown at", cell: shownAt, sort: (volume) => volume.luns[0]?.target ?? "" },
          { name: "health", title: "Health", cell: (volume) => [healthBadge(volume.health, volume.cause), volume.isTemplate && badge("template", "", true)], sort: (volume) => volume.health },
          { name: "created", title: "Created", nowrap: true, cell: (volume) => time(volume.created).slice(0, 16), sort: (volume) => volume.created },
        ],
      }),
    ];
  },
};

function used(volume) {
  const share = volume.mappedBytes / volume.sizeBytes;
  return h("span", { class: "used" }, h("span", { class: "small" }, bytes(volume.mappedBytes)), bar(share, `${percent(share)} of ${volume.name} are written`, { thin: true, warnAt: 2, badAt: 2 }));
}

function shownAt(volume) {
  if (volume.luns.length === 0) return h("span", { class: "muted" }, "no target");
  const [first, ...more] = volume.luns;
  return h("span", {}, h("a", { class: "mono", href: `/targets/${encodeURIComponent(first.target)}` }, first.target), ` LUN ${first.lun}`, more.length > 0 && h("span", { class: "muted" }, ` and ${more.length} more`));
}
