/** Who changed what. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { time } from "../core/format.js";
import { head, nothing } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { formDialog } from "../ui/dialog.js";

const LIMIT = 1000;

export const audit = {
  name: "audit",
  title: "Audit log",
  load: () => api.get(`/audit?limit=${LIMIT}`),
  refreshMs: 10000,
  show: (entries, view) => [
    head("Audit log", { lead: "Every change: who, from where, what it was before and after." }),
    table(view, "audit", {
      noun: "entry",
      nouns: "entries",
      caption: "Audit log",
      rows: entries,
      key: (entry) => entry.id,
      search: (entry) => `${entry.who} ${entry.origin} ${entry.action} ${entry.subject}`,
      empty: h("div", { class: "card" }, nothing("audit", "Nothing has been changed yet")),
      columns: [
        { name: "what", title: "What", cell: (entry) => h("span", { class: "main-link" }, entry.action), sort: (entry) => entry.action },
        { name: "subject", title: "Of", cell: (entry) => h("span", { class: "mono" }, entry.subject), sort: (entry) => entry.subject },
        { name: "who", title: "Who", nowrap: true, cell: (entry) => entry.who, sort: (entry) => entry.who },
        { name: "origin", title: "From", nowrap: true, cell: (entry) => entry.origin, sort: (entry) => entry.origin },
        { name: "time", title: "When", nowrap: true, cell: (entry) => time(entry.time), sort: (entry) => entry.time },
        { name: "more", title: "", buttons: true, cell: (entry) => (entry.before || entry.after) && button("Details", { size: "small", label: `Details of ${entry.action} ${entry.subject}, number ${entry.id}`, onClick: () => details(entry) }) },
      ],
    }),
  ],
};

function details(entry) {
  const shown = (title, value) => h("div", {}, h("h3", {}, title), h("pre", {}, value ? JSON.stringify(value, null, 2) : "not there"));
  return formDialog({
    title: `${entry.action}: ${entry.subject}`,
    wide: true,
    submit: "Close",
    tells: true,
    onSubmit: async () => true,
    body: () => [
      h("p", { class: "muted" }, `${entry.who} from ${entry.origin}, ${time(entry.time)}`),
      h("div", { class: "difference" }, shown("Before", entry.before), shown("After", entry.after)),
    ],
  });
}
