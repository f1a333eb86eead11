/** Buttons and links that look like them. */
import { h } from "../core/dom.js";
import { icon } from "./icons.js";

/** kind: primary, danger, quiet; size: small; label: what a screen reader says where the text alone is not clear. */
export function button(text, { kind = "", size = "", icon: name, onClick, disabled = false, label, type = "button", key } = {}) {
  return h("button", { class: `button ${kind} ${size}`.trim(), type, onclick: onClick, ".disabled": disabled, "aria-label": label, title: label, key }, name && icon(name), text);
}

/** A link to another view that looks like a button. */
export function linkButton(text, href, { kind = "", size = "", icon: name } = {}) {
  return h("a", { class: `button ${kind} ${size}`.trim(), href }, name && icon(name), text);
}
