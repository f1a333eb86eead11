/** Who may log in to which target. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { head, nothing } from "../ui/pieces.js";
import { button } from "../ui/button.js";
import { allowHost } from "./target-dialogs.js";
import { hostTable } from "./host-table.js";

export const hosts = {
  name: "hosts",
  title: "Hosts and CHAP",
  load: () => api.get("/initiators"),
  refreshMs: 10000,
  show: (list, view) => [
    head("Hosts and CHAP", {
      lead: "Who may log in to which target, and what it must prove.",
      actions: [can("targets") && button("Let a host in", { kind: "primary", icon: "plus", onClick: async () => (await allowHost(null)) && view.refresh() })].filter(Boolean),
    }),
    hostTable(list, view, h("div", { class: "card" }, nothing("hosts", "Nobody may log in yet", "Let a host in by its iSCSI name.")), { withTarget: true }),
  ],
};
