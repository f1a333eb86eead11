/** The hosts that are logged in. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { head, nothing, when } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button, linkButton } from "../ui/button.js";
import { confirmDialog } from "../ui/dialog.js";
import { done } from "../ui/toast.js";

export const sessions = {
  name: "sessions",
  title: "Sessions",
  load: () => api.get("/sessions"),
  refreshMs: 5000,
  show: (list, view) => [
    head("Sessions", { lead: "Hosts that are logged in now." }),
    sessionTable(list, view, h("div", { class: "card" }, nothing("sessions", "No host is logged in", "Hosts appear here as soon as they log in to a target.", linkButton("Connect a host", "/targets")))),
  ],
};

/** The table of sessions, here and at a target. */
export function sessionTable(list, view, empty, { withTarget = true } = {}) {
  return table(view, "sessions", {
    noun: "session",
    rows: list,
    key: (session) => session.id,
    search: (session) => `${session.initiator} ${session.target} ${session.peer}`,
    empty,
    plain: !withTarget,
    columns: [
      { name: "initiator", title: "Host", cell: (session) => h("span", { class: "main-link mono" }, session.initiator), sort: (session) => session.initiator },
      withTarget && { name: "target", title: "Target", cell: (session) => h("a", { class: "mono", href: `/targets/${encodeURIComponent(session.target)}` }, session.target), sort: (session) => session.target },
      { name: "peer", title: "From", cell: (session) => session.peer ?? "unknown", sort: (session) => session.peer ?? "" },
      { name: "portal", title: "At", cell: (session) => session.portal ?? "unknown", sort: (session) => session.portal ?? "" },
      { name: "began", title: "Since", cell: (session) => when(session.began), sort: (session) => session.began },
      { name: "kick", title: "", buttons: true, cell: (session) => can("targets") && button("Disconnect", { size: "small", label: `Disconnect ${session.initiator}`, onClick: () => kick(session, view) }) },
    ].filter(Boolean),
  });
}

async function kick(session, view) {
  const kicked = await confirmDialog({
    title: "Disconnect the host?",
    consequences: [
      `The session of ${session.initiator} with ${session.target} is closed; what it has in flight fails.`,
      "Most hosts log in again at once. To keep this one out, take its right away at the target first.",
    ],
    submit: "Disconnect",
    onSubmit: async () => {
      await api.remove(api.path`/sessions/${session.id}`);
      return true;
    },
  });
  if (!kicked) return;
  done("The session is closed.");
  view.refresh();
}
