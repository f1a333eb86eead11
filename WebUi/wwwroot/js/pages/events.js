/** What has happened. */
import * as api from "../core/api.js";
import { head, card, nothing, segments } from "../ui/pieces.js";
import { button } from "../ui/button.js";
import { eventList } from "./event-list.js";

const PAGE = 100;

export const events = {
  name: "events",
  title: "Events",
  load: (params, view) => api.get(`/events?severity=${view.state.severity ?? "information"}&limit=${view.state.limit ?? PAGE}`),
  show(list, view) {
    const change = (part) => {
      Object.assign(view.state, part);
      view.refresh();
    };
    const severity = view.state.severity ?? "information";
    return [
      head("Events", { lead: "What has happened; new ones appear by themselves." }),
      card(null, {},
        segments("Least severity", [["information", "All"], ["warning", "Warnings and errors"], ["error", "Errors"]], severity, (chosen) => change({ severity: chosen, limit: PAGE })),
        list.length ? eventList(list) : nothing("events", severity === "information" ? "Nothing has happened yet" : "None", severity === "information" ? null : "Nothing of this severity has happened."),
        list.length === (view.state.limit ?? PAGE) && button("Show older ones", { onClick: () => change({ limit: Math.min(1000, list.length + PAGE) }), disabled: list.length >= 1000 })),
    ];
  },
};
