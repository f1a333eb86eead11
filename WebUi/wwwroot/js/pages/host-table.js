/** Who may log in, at a target and everywhere. */
import { h } from "../core/dom.js";
import { can } from "../core/session.js";
import { badge } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { denyHost, setChap, removeChap } from "./target-dialogs.js";

/** The table. withTarget: names the target of each. */
export function hostTable(list, view, empty, { withTarget = false } = {}) {
  const then = (work) => async () => {
    if (await work()) view.refresh();
  };
  const name = (one) => (one.initiator === "*" ? "everybody" : one.initiator);
  return table(view, "hosts", {
    noun: "host",
    rows: list,
    plain: !withTarget,
    key: (one) => `${one.target}/${one.initiator}`,
    search: (one) => `${one.initiator} ${one.target} ${one.chapUser ?? ""}`,
    empty,
    columns: [
      { name: "initiator", title: "Host", cell: (one) => (one.initiator === "*" ? h("span", { class: "main-link" }, "Everybody (*)") : h("span", { class: "main-link mono" }, one.initiator)), sort: (one) => one.initiator },
      withTarget && { name: "target", title: "Target", cell: (one) => h("a", { class: "mono", href: `/targets/${encodeURIComponent(one.target)}` }, one.target), sort: (one) => one.target },
      { name: "chap", title: "Proof", cell: (one) => (one.chapUser ? h("span", { class: "row" }, badge(one.mutualUser ? "mutual CHAP" : "CHAP", "good", true), h("span", { class: "mono" }, one.chapUser)) : badge(one.initiator === "*" ? "none: unprotected" : "none", one.initiator === "*" ? "warn" : "", true)), sort: (one) => one.chapUser ?? "" },
      { name: "limits", title: "Limited to", cell: (one) => (one.addresses.length || one.luns ? h("span", { class: "row" }, ...one.addresses.map((range) => badge(range, "", true)), one.luns && badge(one.luns.length === 0 ? "no LUN" : `LUN ${one.luns.join(", ")}`, "", true)) : h("span", { class: "muted" }, "nothing")), sort: (one) => `${one.addresses} ${one.luns ?? ""}` },
      { name: "actions", title: "", buttons: true, cell: (one) => can("targets") && [
        button(one.chapUser ? "Change CHAP" : "Set CHAP", { size: "small", label: `${one.chapUser ? "Change" : "Set"} CHAP of ${name(one)}`, onClick: then(() => setChap(one)) }),
        one.chapUser && button("Remove CHAP", { size: "small", label: `Remove CHAP of ${name(one)}`, onClick: then(() => removeChap(one)) }),
        button("Take away", { size: "small", kind: "danger", label: `Take the right of ${name(one)} away`, onClick: then(() => denyHost(one)) }),
      ] },
    ].filter(Boolean),
  });
}
