/** All targets. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { go } from "../core/router.js";
import { can } from "../core/session.js";
import { bytes, plural } from "../core/format.js";
import { head, nothing, badge } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { connectHost } from "./wizard.js";
import { createTarget } from "./target-dialogs.js";

export const targets = {
  name: "targets",
  title: "Targets",
  load: () => api.get("/targets"),
  refreshMs: 5000,
  show(list, view) {
    const wizard = can("targets") && can("volumes") && button("Connect a host", { kind: "primary", icon: "plus", onClick: async () => {
      await connectHost();
      view.refresh();
    } });
    const create = can("targets") && button("Create a target", { onClick: async () => {
      const made = await createTarget();
      if (made) go(`/targets/${encodeURIComponent(made.iqn)}`);
    } });
    return [
      head("Targets", { lead: "What hosts log in to. A target shows volumes as LUNs to the hosts that it lets in.", actions: [create, wizard].filter(Boolean) }),
      table(view, "targets", {
        noun: "target",
        rows: list,
        key: (target) => target.iqn,
        search: (target) => `${target.iqn} ${target.luns.map((lun) => lun.volume).join(" ")} ${target.initiators.map((one) => one.initiator).join(" ")}`,
        empty: h("div", { class: "card" }, nothing("targets", "No targets yet", "“Connect a host” makes volume, target and access in one go, and tells what to type on the host.")),
        columns: [
          { name: "iqn", title: "Name", cell: (target) => h("a", { class: "main-link mono", href: `/targets/${encodeURIComponent(target.iqn)}` }, target.iqn), sort: (target) => target.iqn },
          { name: "luns", title: "LUNs", number: true, cell: (target) => target.luns.length, sort: (target) => target.luns.length },
          { name: "size", title: "Size", number: true, cell: (target) => bytes(size(target)), sort: size },
          { name: "access", title: "Lets in", cell: access, sort: (target) => target.initiators.length },
          { name: "sessions", title: "Sessions", number: true, cell: (target) => target.sessions, sort: (target) => target.sessions },
        ],
      }),
    ];
  },
};

const size = (target) => target.luns.reduce((sum, lun) => sum + lun.sizeBytes, 0);

function access(target) {
  const everybody = target.initiators.find((one) => one.initiator === "*");
  if (target.initiators.length === 0) return badge("nobody", "warn", true);
  const chap = target.initiators.some((one) => one.chapUser);
  return h("span", { class: "row" }, everybody ? "everybody" : plural(target.initiators.length, "host"), chap && badge("CHAP", "good", true), everybody && !everybody.chapUser && badge("unprotected", "warn", true));
}
