/** One target: its LUNs, who may log in, who is logged in, and how a host gets there. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { go } from "../core/router.js";
import { can } from "../core/session.js";
import { bytes, plural } from "../core/format.js";
import { head, card, nothing, notice, segments } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { commands } from "../ui/commands.js";
import { unmap } from "./volume-dialogs.js";
import { deleteTarget, mapToTarget, allowHost } from "./target-dialogs.js";
import { hostTable } from "./host-table.js";
import { sessionTable } from "./sessions.js";
import { HOST_KINDS, steps } from "./host-steps.js";

export const target = {
  name: "target",
  title: (params) => params.iqn,
  async load({ iqn }) {
    const [found, sessions, portals] = await Promise.all([api.get(api.path`/targets/${iqn}`), api.get("/sessions"), api.get("/portal-addresses")]);
    return { target: found, sessions: sessions.filter((session) => session.target === iqn), portals };
  },
  refreshMs: 5000,
  show: ({ target: one, sessions, portals }, view) => [
    head(one.iqn, {
      crumb: { href: "/targets", text: "Targets" },
      lead: `${plural(one.luns.length, "LUN")}, ${plural(one.sessions, "session")}`,
      actions: can("targets") ? [button("Delete", { kind: "danger", onClick: async () => (await view.hold(() => deleteTarget(one))) && go("/targets") })] : [],
    }),
    one.initiators.length === 0 && notice("warn", "Nobody may log in to this target yet: let a host in."),
    luns(one, view),
    card("Who may log in", { actions: [can("targets") && button("Let a host in", { icon: "plus", size: "small", onClick: async () => (await allowHost(one.iqn)) && view.refresh() })] },
      hostTable(one.initiators, view, nothing("hosts", "Nobody", "Let a host in by its iSCSI name."))),
    card("Sessions", {}, sessionTable(sessions, view, nothing("sessions", "No host is logged in"), { withTarget: false })),
    connecting(one, portals, view),
  ],
};

function luns(one, view) {
  const add = can("targets") && button("Show a volume", { icon: "plus", size: "small", onClick: async () => (await mapToTarget(one)) && view.refresh() });
  return card("LUNs", { actions: [add] }, table(view, "luns", {
    noun: "LUN",
    plain: true,
    rows: one.luns,
    key: (lun) => lun.lun,
    empty: nothing("volumes", "No LUNs", "Hosts that log in see no disk yet."),
    columns: [
      { name: "volume", title: "Volume", cell: (lun) => h("a", { class: "main-link", href: `/volumes/${encodeURIComponent(lun.volume.split("@")[0])}` }, lun.volume) },
      { name: "lun", title: "LUN", number: true, cell: (lun) => lun.lun },
      { name: "size", title: "Size", number: true, cell: (lun) => bytes(lun.sizeBytes) },
      { name: "unmap", title: "", buttons: true, cell: (lun) => can("targets") && button("Take away", { size: "small", label: `Take LUN ${lun.lun} away`, onClick: async () => (await unmap({ ...lun, target: one.iqn })) && view.refresh() }) },
    ],
  }));
}

function connecting(one, portals, view) {
  const kind = view.state.kind ?? "linux";
  const chapUser = one.initiators.find((host) => host.chapUser)?.chapUser;
  return card("Connecting a host", { actions: [segments("Kind of host", HOST_KINDS.map(([value, title]) => [value, title]), kind, (chosen) => {
    view.state.kind = chosen;
    view.update();
  })] }, h("div", { class: "stack" }, steps(kind, { iqn: one.iqn, portals, chapUser, lun: one.luns[0]?.lun ?? 0 }).map(([title, lines]) => commands(title, lines))));
}
