/** Fields of forms: each with a label, help, and what is wrong with it. form: of formDialog. */
import { h } from "../core/dom.js";
import { button } from "./button.js";

const UNITS = [["MiB", 2 ** 20], ["GiB", 2 ** 30], ["TiB", 2 ** 40]];

function frame(form, name, label, help, control, id) {
  const wrong = form.error?.field === name ? form.error.message : null;
  return h("div", { class: "field", key: name },
    h("label", { for: id }, label),
    control({ "aria-invalid": wrong ? "true" : null, "aria-describedby": [help && `${id}-help`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || null }),
    wrong && h("p", { class: "wrong", id: `${id}-wrong` }, wrong),
    help && h("p", { class: "help", id: `${id}-help` }, help));
}

/** A line of text. */
export function textField(form, name, label, { help, placeholder, mono = false, type = "text", autocomplete = "off", autofocus = false } = {}) {
  const id = `field-${name}`;
  return frame(form, name, label, help, (state) => h("input", {
    ...state, id, name, type, class: `input ${mono ? "mono" : ""}`.trim(), placeholder, autocomplete, autofocus, spellcheck: "false",
    ".value": form.values[name] ?? "", oninput: (event) => form.set(name, event.target.value),
  }), id);
}

/** A file of the visitor's. The value is the File, or null. */
export function fileField(form, name, label, { help } = {}) {
  const id = `field-${name}`;
  return frame(form, name, label, help, (state) => h("input", { ...state, id, name, type: "file", class: "input", onchange: (event) => form.set(name, event.target.files[0] ?? null) }), id);
}

/** A choice out of a list. options: [value, text]. */
export function selectField(form, name, label, options, { help } = {}) {
  const id = `field-${name}`;
  return frame(form, name, label, help, (state) => h("select", { ...state, id, name, class: "input", onchange: (event) => form.set(name, event.target.value) },
    options.map(([value, text]) => h("option", { value, ".selected": value === form.values[name] }, text))), id);
}

/** A size with its unit. The value is { amount, unit }; sizeBytes makes bytes of it. */
export function sizeField(form, name, label, { help } = {}) {
  const id = `field-${name}`;
  const value = form.values[name];
  const change = (part) => form.set(name, { ...form.values[name], ...part });
  return frame(form, name, label, help, (state) => h("div", { class: "together" },
    h("input", { ...state, id, name, class: "input", inputmode: "decimal", autocomplete: "off", ".value": value.amount, oninput: (event) => change({ amount: event.target.value }) }),
    h("select", { class: "input", "aria-label": `${label}: unit`, onchange: (event) => change({ unit: event.target.value }) },
      UNITS.map(([unit]) => h("option", { value: unit, ".selected": unit === value.unit }, unit)))), id);
}

/** The bytes of a size field, rounded to whole blocks; NaN where it is no number. */
export function sizeBytes({ amount, unit }) {
  const parsed = Number(String(amount).trim().replace(",", "."));
  return amount === "" ? NaN : Math.round((parsed * UNITS.find(([name]) => name === unit)[1]) / 4096) * 4096;
}

/** A size field's value for bytes, in the greatest unit that leaves it short. */
export function sizeValue(bytes) {
  const [unit, size] = [...UNITS].reverse().find(([, step]) => bytes >= step && Number.isInteger((bytes / step) * 100)) ?? UNITS[0];
  return { amount: String(bytes / size), unit };
}

/** Yes or no. */
export function checkField(form, name, label, { help } = {}) {
  return h("label", { class: "check", key: name },
    h("input", { type: "checkbox", name, ".checked": Boolean(form.values[name]), onchange: (event) => form.set(name, event.target.checked) }),
    h("span", {}, label, help && h("span", { class: "help" }, help)));
}

/** A few choices that each need a word of explanation. options: [value, title, text]. */
export function choiceField(form, name, label, options) {
  return h("fieldset", { class: "field", key: name },
    h("legend", {}, label),
    h("div", { class: "choices" }, options.map(([value, title, text]) => h("label", { class: "choice" },
      h("input", { type: "radio", name, value, ".checked": form.values[name] === value, onchange: () => form.set(name, value) }),
      h("span", {}, h("strong", {}, title), text && h("small", {}, text))))));
}

/** A secret, shown on demand, with a good one offered. */
export function secretField(form, name, label, { help, length = 16, offer = true, autocomplete = "new-password", autofocus = false } = {}) {
  const id = `field-${name}`;
  const shown = form.values[`${name}Shown`];
  return frame(form, name, label, help, (state) => h("div", { class: "together" },
    h("input", { ...state, id, name, class: "input mono", type: shown ? "text" : "password", autocomplete, autofocus, spellcheck: "false", ".value": form.values[name] ?? "", oninput: (event) => form.set(name, event.target.value) }),
    button(shown ? "Hide" : "Show", { onClick: () => form.set(`${name}Shown`, !shown), label: `${shown ? "Hide" : "Show"}: ${label}` }),
    offer && button("Make one", { onClick: () => { form.values[`${name}Shown`] = true; form.set(name, makeSecret(length)); }, label: `Make one: ${label}` })), id);
}

function makeSecret(length) {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  // 56 letters: what is above the greatest multiple of them is drawn again, so each is as likely.
  const limit = 256 - (256 % letters.length);
  let text = "";
  while (text.length < length) for (const byte of crypto.getRandomValues(new Uint8Array(length))) if (byte < limit && text.length < length) text += letters[byte % letters.length];
  return text;
}
