/**
 * A table: sorted by a click on a column, searched, in pages of 50 rows; on a narrow screen each row is a card. What was chosen lies in the view's
 * state, so that fresh data changes nothing of it.
 */
import { h } from "../core/dom.js";
import { icon } from "./icons.js";
import { button } from "./button.js";
import { count, plural } from "../core/format.js";

const PAGE_ROWS = 50;

/**
 * columns: { name, title, cell(row), sort(row), number, buttons, nowrap }; key(row): identity; search(row): the text to look in; noun: of a row; empty: what stands
 * where there are none; plain: without search and pages.
 */
export function table(view, name, { columns, rows, key, search, noun, nouns, empty, plain = false, caption, tools }) {
  const state = (view.state[name] ??= { sort: null, down: false, query: "", page: 0 });
  const change = (part) => {
    Object.assign(state, part);
    view.update();
  };
  if (rows.length === 0) return empty;
  const query = state.query.trim().toLowerCase();
  const found = query && search ? rows.filter((row) => search(row).toLowerCase().includes(query)) : rows;
  const sorted = sort(found, columns, state);
  const pages = plain ? 1 : Math.max(1, Math.ceil(sorted.length / PAGE_ROWS));
  const page = Math.min(state.page, pages - 1);
  const shown = plain ? sorted : sorted.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
  return [
    !plain && (search || tools) && h("div", { class: "table-tools", key: `${name}-tools` },
      search && searchBox(noun, state.query, (text) => change({ query: text, page: 0 })),
      tools,
      h("span", { class: "count", role: "status" }, query ? `${count(found.length)} of ${plural(rows.length, noun, nouns)}` : plural(rows.length, noun, nouns))),
    h("div", { class: "table-wrap cards", key: `${name}-table` },
      h("table", {},
        h("caption", { class: "hidden-label" }, caption ?? noun),
        h("thead", {}, h("tr", {}, columns.map((column) => heading(column, state, change)))),
        h("tbody", {}, shown.map((row) => h("tr", { key: key(row) }, columns.map((column) => h("td", { class: [column.number && "number", column.buttons && "buttons", column.nowrap && "nowrap"].filter(Boolean).join(" ") || null, "data-label": column.title || null }, column.cell(row)))))))),
    found.length === 0 && h("p", { class: "muted", key: `${name}-none` }, `Nothing has “${state.query.trim()}” in it.`),
    pages > 1 && h("nav", { class: "pager", "aria-label": "Pages", key: `${name}-pager` },
      button("Previous", { size: "small", disabled: page === 0, onClick: () => change({ page: page - 1 }) }),
      h("span", { class: "muted small" }, `Page ${page + 1} of ${pages}`),
      button("Next", { size: "small", disabled: page === pages - 1, onClick: () => change({ page: page + 1 }) })),
  ];
}

function searchBox(noun, value, onInput) {
  return h("label", { class: "search" },
    h("span", { class: "hidden-label" }, `Search: ${noun}`),
    h("input", { class: "input", type: "search", placeholder: "Search", autocomplete: "off", spellcheck: "false", ".value": value, oninput: (event) => onInput(event.target.value) }));
}

function heading(column, state, change) {
  const sorted = state.sort === column.name;
  return h("th", { class: column.number ? "number" : null, scope: "col", "aria-sort": sorted ? (state.down ? "descending" : "ascending") : null },
    column.sort
      ? h("button", { type: "button", onclick: () => change({ sort: column.name, down: sorted ? !state.down : Boolean(column.number) }) }, column.title)
      : column.title || h("span", { class: "hidden-label" }, "Actions"));
}

function sort(rows, columns, state) {
  const column = columns.find((one) => one.name === state.sort);
  if (!column) return rows;
  const sign = state.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [column.sort(a), column.sort(b)];
    return sign * (typeof left === "number" ? left - right : String(left).localeCompare(String(right), "en", { numeric: true }));
  });
}
