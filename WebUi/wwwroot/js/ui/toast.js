/** Short messages at the edge: what was done, what failed. */
import { h } from "../core/dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 5000;
const MAX = 4;

/** Says that something was done. */
export const done = (text) => show(text, "", "good");

/** Says that something failed. */
export const failed = (error) => show(error.message, "bad", "warning");

function show(text, tone, name) {
  const area = document.getElementById("toasts");
  const toast = h("div", { class: `toast ${tone}` }, icon(name), h("p", {}, text));
  area.append(toast);
  while (area.children.length > MAX) area.firstChild.remove();
  setTimeout(() => toast.remove(), tone === "bad" ? SHOWN_MS * 2 : SHOWN_MS);
}
