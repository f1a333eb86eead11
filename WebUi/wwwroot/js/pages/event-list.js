/** Events, the newest first. */
import { h } from "../core/dom.js";
import { badge, when } from "../ui/pieces.js";

const TONES = { information: ["Information", ""], warning: ["Warning", "warn"], error: ["Error", "bad"] };

/** A list of them. */
export function eventList(events) {
  return h("ul", { class: "happened" }, events.map((event) => {
    const [text, tone] = TONES[event.severity];
    return h("li", { key: event.id }, when(event.time), h("span", {}, badge(text, tone)), h("div", {}, event.message, h("p", { class: "subject" }, `${event.code} · ${event.subject}`)));
  }));
}
