/** The settings, and how they are changed. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { head, card, badge } from "../ui/pieces.js";
import { button } from "../ui/button.js";
import { isEditable, settingText, changeSetting } from "./setting-dialog.js";

const TITLES = { iscsi: "iSCSI", backend: "Backend", pool: "Pool", log: "Write log", map: "Block map", cache: "Read cache", bootstrap: "Created at the first start", logging: "Logging", events: "Events", metrics: "Metrics", web: "Page and API", "": "Appliance" };

export const settings = {
  name: "settings",
  title: "Settings",
  load: () => api.get("/settings"),
  show: (list, view) => [
    head("Settings", {
      lead: "What appliance.json and the command line say. A change is written there; where it does not count at once, it counts from the next start on.",
      actions: can("system") ? [h("a", { class: "button", href: "/api/v1/support/bundle", download: true }, "Support bundle")] : [],
    }),
    h("label", { class: "search table-tools" },
      h("span", { class: "hidden-label" }, "Search settings"),
      h("input", { class: "input", type: "search", placeholder: "Search", autocomplete: "off", ".value": view.state.query ?? "", oninput: (event) => { view.state.query = event.target.value; view.update(); } })),
    grouped(list, (view.state.query ?? "").toLowerCase(), view),
  ],
};

function grouped(list, query, view) {
  const found = list.filter((setting) => setting.value !== undefined && `${setting.key} ${setting.description}`.toLowerCase().includes(query));
  const groups = Map.groupBy(found, (setting) => (setting.key.includes(".") ? setting.key.split(".")[0] : ""));
  if (found.length === 0) return h("p", { class: "muted" }, "No setting has that in it.");
  return [...groups].map(([group, members]) => h("div", { key: group }, card(TITLES[group] ?? group, {}, members.map((setting) => row(setting, view)))));
}

function row(setting, view) {
  const changed = setting.value !== null && setting.default != null && JSON.stringify(setting.value) !== JSON.stringify(setting.default);
  return h("div", { class: "kv", key: setting.key },
    h("div", {}, h("code", {}, setting.key), h("p", { class: "what" }, setting.description)),
    h("div", { class: "row" },
      h("span", { class: "value" }, settingText(setting.value)),
      changed && badge("changed", "accent", true),
      can("system") && isEditable(setting) && h("span", { class: "push" }, button("Change", { size: "small", label: `Change ${setting.key}`, onClick: async () => (await changeSetting(setting)) && view.refresh() }))));
}
