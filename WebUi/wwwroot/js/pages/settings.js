/** The settings that this run began with. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { head, card, badge } from "../ui/pieces.js";

const TITLES = { iscsi: "iSCSI", backend: "Backend", pool: "Pool", log: "Write log", map: "Block map", cache: "Read cache", bootstrap: "Created at the first start", logging: "Logging", web: "Page and API", "": "Appliance" };

export const settings = {
  name: "settings",
  title: "Settings",
  load: () => api.get("/settings"),
  show: (list, view) => [
    head("Settings", { lead: "What this run began with. appliance.json and the command line say it; changes there count from the next start on." }),
    h("label", { class: "search table-tools" },
      h("span", { class: "hidden-label" }, "Search settings"),
      h("input", { class: "input", type: "search", placeholder: "Search", autocomplete: "off", ".value": view.state.query ?? "", oninput: (event) => { view.state.query = event.target.value; view.update(); } })),
    grouped(list, (view.state.query ?? "").toLowerCase()),
  ],
};

function grouped(list, query) {
  const found = list.filter((setting) => setting.value !== undefined && `${setting.key} ${setting.description}`.toLowerCase().includes(query));
  const groups = Map.groupBy(found, (setting) => (setting.key.includes(".") ? setting.key.split(".")[0] : ""));
  if (found.length === 0) return h("p", { class: "muted" }, "No setting has that in it.");
  return [...groups].map(([group, members]) => h("div", { key: group }, card(TITLES[group] ?? group, {}, members.map((setting) => h("div", { class: "kv", key: setting.key },
    h("div", {}, h("code", {}, setting.key), h("p", { class: "what" }, setting.description)),
    h("div", { class: "row" }, h("span", { class: "value" }, text(setting.value)), setting.value !== null && setting.default != null && JSON.stringify(setting.value) !== JSON.stringify(setting.default) && badge("changed", "accent", true)))))));
}

function text(value) {
  if (value === null) return "–";
  if (Array.isArray(value)) return value.length ? value.map(text).join(", ") : "none";
  if (typeof value === "object") return Object.entries(value).filter(([, part]) => part !== null).map(([name, part]) => `${name} ${text(part)}`).join(", ");
  return value === "" ? "empty" : String(value);
}
