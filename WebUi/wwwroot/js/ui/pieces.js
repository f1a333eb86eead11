/** The small pieces that every view is made of. Pure: data in, elements out. */
import { h } from "../core/dom.js";
import { icon } from "./icons.js";
import { time, ago, percent, words } from "../core/format.js";

/** The head of a view: title, a sentence, what can be done. */
export function head(title, { lead, crumb, badge: mark, actions = [] } = {}) {
  return h("header", { class: "page-head" },
    h("div", { class: "titles" },
      crumb && h("p", { class: "crumb" }, h("a", { href: crumb.href }, `← ${crumb.text}`)),
      h("div", { class: "row" }, h("h1", { tabindex: "-1" }, title), mark),
      lead && h("p", { class: "lead" }, lead)),
    actions.length > 0 && h("div", { class: "actions" }, actions));
}

/** A card with a heading. */
export function card(title, { actions = [], note } = {}, ...children) {
  return h("section", { class: "card", key: title },
    title && h("div", { class: "card-head" }, h("h2", {}, title), note && h("span", { class: "muted small" }, note), actions),
    children);
}

/** A word with a colour. tone: good, warn, bad, accent or nothing. */
export const badge = (text, tone = "", plain = false) => h("span", { class: `badge ${tone} ${plain ? "plain" : ""}`.trim() }, text);

/** The health of the engine or of a volume. */
export function healthBadge(state, cause) {
  const tone = state === "Online" ? "good" : state === "StoreFailing" ? "warn" : "bad";
  return h("span", { title: cause ?? null }, badge(words(state), tone));
}

/** How full something is. label: what a screen reader says. */
export function bar(share, label, { thin = false, warnAt = 0.8, badAt = 0.95, reserved = 0 } = {}) {
  const tone = share + reserved >= badAt ? "bad" : share + reserved >= warnAt ? "warn" : "";
  const part = (of, name) => h("span", { class: name, ".style.width": `${Math.min(100, Math.max(0, of * 100)).toFixed(2)}%` });
  return h("span", { class: `bar ${tone} ${thin ? "thin" : ""}`.trim(), role: "img", "aria-label": label }, part(share), reserved > 0 && part(reserved, "reserved"));
}

/** How full the pool is: used, then reserved, of all. */
export const poolBar = ({ usedBytes, reservedBytes, totalBytes }) => bar(
  usedBytes / (totalBytes || 1), `${percent(usedBytes / (totalBytes || 1))} of the pool are used, ${percent(reservedBytes / (totalBytes || 1))} reserved`, { reserved: reservedBytes / (totalBytes || 1) });

/** Names and values. rows: [name, value]. */
export function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value))));
}

/** Nothing there yet, and what to do about it. */
export function nothing(name, title, text, ...actions) {
  return h("div", { class: "nothing" }, icon(name), h("strong", {}, title), text && h("p", {}, text), actions);
}

/** A remark that stands out. */
export function notice(tone, ...children) {
  return h("div", { class: `notice ${tone}`, role: tone === "bad" ? "alert" : null }, icon(tone === "good" ? "good" : "warning"), h("div", {}, children));
}

/** A time, exact when pointed at. */
export const when = (value) => h("time", { datetime: value, title: time(value) }, ago(value));

/** A choice of a few, one pressed. options: [value, text]. */
export function segments(label, options, value, onChoose) {
  return h("div", { class: "segments", role: "group", "aria-label": label },
    options.map(([option, text]) => h("button", { type: "button", "aria-pressed": String(option === value), onclick: () => onChoose(option) }, text)));
}
