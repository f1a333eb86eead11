/** The card of whoever is not logged in yet. */
import { h, render } from "../core/dom.js";
import { ApiError } from "../core/api.js";
import { button } from "../ui/button.js";
import { notice } from "../ui/pieces.js";

const asset = (name) => new URL(`../../${name}`, import.meta.url).pathname;

/** title, lead; values: at first; body(form): the fields; submit: the button; check(values): what is wrong, or nothing; onSubmit(values). */
export function showDoor(container, { title, lead, values, body, submit, check = () => null, onSubmit }) {
  document.title = `${title} · Lunaria`;
  const form = {
    values,
    error: null,
    busy: false,
    set(name, value) {
      form.values[name] = value;
      form.error = null;
      draw();
    },
  };
  draw();
  container.querySelector("input")?.focus();

  function draw() {
    const named = form.error?.field && container.querySelector(`[name="${form.error.field}"]`);
    render(container, h("main", { class: "door", key: title }, h("div", { class: "card" },
      h("p", { class: "brand" }, h("img", { src: asset("icon.svg"), alt: "" }), "Lunaria"),
      h("h1", {}, title),
      h("p", { class: "lead" }, lead),
      h("form", { class: "form", novalidate: true, onsubmit: send },
        body(form),
        form.error && !named && notice("bad", form.error.message),
        button(form.busy ? "One moment…" : submit, { kind: `primary ${form.busy ? "busy" : ""}`, type: "submit", disabled: form.busy })))));
  }

  async function send(event) {
    event.preventDefault();
    form.error = check(form.values);
    if (!form.error) {
      form.busy = true;
      draw();
      try {
        await onSubmit(form.values);
        return;
      } catch (error) {
        form.error = error instanceof ApiError ? error : new ApiError(0, "page", error.message);
      }
      form.busy = false;
    }
    draw();
    (container.querySelector("[aria-invalid='true']") ?? container.querySelector("input[type=password]"))?.focus();
  }
}
