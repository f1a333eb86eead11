/** Dialogs: forms that change something, and questions before what hurts. The browser keeps the focus inside and gives it back. */
import { h, render } from "../core/dom.js";
import { ApiError } from "../core/api.js";
import { button } from "./button.js";
import { notice } from "./pieces.js";

/** What onSubmit answers where the dialog goes on, like a wizard at its next step. */
export const GO_ON = Symbol("go on");

let counter = 0;

/**
 * A dialog with a form. body(form): its content, drawn anew after each change; submit: the text of the button, or what makes it of the values; onSubmit(values, form): throws what the API
 * says, which is shown at its field; tells: there is nothing to give up; left(form): what stands at the other end of the foot. Resolves with the result, or null where it was given up.
 */
export function formDialog({ title, body, submit, kind = "primary", wide = false, tells = false, values = {}, onSubmit, left, ready = () => true }) {
  return new Promise((resolve) => {
    const id = `dialog-${counter++}`;
    const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id });
    const form = {
      values: { ...values },
      error: null,
      busy: false,
      set(name, value) {
        form.values[name] = value;
        if (form.error?.field === name) form.error = null;
        form.draw();
      },
      draw,
      close: (result) => end(result),
    };
    document.body.append(dialog);
    draw();
    dialog.addEventListener("cancel", (cancel) => form.busy && cancel.preventDefault());
    dialog.addEventListener("close", () => end(null));
    dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? dialog.querySelector(".dialog-body input, .dialog-body select, .dialog-body textarea") ?? dialog.querySelector(".dialog-foot button:last-child"))?.focus();

    function draw() {
      const content = body(form);
      const named = form.error?.field && dialog.querySelector(`[name="${form.error.field}"]`);
      render(dialog, h("form", { novalidate: true, onsubmit: send },
        h("div", { class: "dialog-head" }, h("h2", { id }, title)),
        h("div", { class: "dialog-body" }, content, form.error && !named && notice("bad", form.error.message)),
        h("div", { class: "dialog-foot" },
          left && h("span", { class: "left" }, left(form)),
          !tells && button("Cancel", { onClick: () => end(null), disabled: form.busy }),
          button(form.busy ? "Working…" : typeof submit === "function" ? submit(form.values) : submit, { kind: `${kind} ${kind === "danger" ? "solid" : ""} ${form.busy ? "busy" : ""}`, type: "submit", disabled: form.busy || !ready(form.values) }))));
    }

    async function send(event) {
      event.preventDefault();
      if (form.busy || !ready(form.values)) return;
      form.busy = true;
      form.error = null;
      draw();
      try {
        const result = await onSubmit(form.values, form);
        if (result !== GO_ON) return end(result);
        form.busy = false;
        draw();
        dialog.querySelector(".dialog-body input, .dialog-body select")?.focus();
      } catch (error) {
        form.busy = false;
        form.error = error instanceof ApiError ? error : new ApiError(0, "page", error.message);
        draw();
        dialog.querySelector("[aria-invalid='true']")?.focus();
      }
    }

    function end(result) {
      if (!dialog.isConnected) return;
      dialog.close();
      dialog.remove();
      resolve(result ?? null);
    }
  });
}

/** A question before what hurts. consequences: sentences; name: to be typed where it cannot be taken back. Resolves with the result or null. */
export function confirmDialog({ title, consequences, submit, name, onSubmit, extra }) {
  return formDialog({
    title,
    submit,
    kind: "danger",
    values: { typed: "" },
    ready: (values) => !name || values.typed === name,
    onSubmit,
    body: (form) => [
      h("ul", { class: "consequences" }, consequences.filter(Boolean).map((text) => h("li", { class: "bad" }, text))),
      extra?.(form),
      name && h("div", { class: "field" },
        h("label", { for: "typed-name" }, "Type ", h("code", {}, name), " to confirm"),
        h("input", { id: "typed-name", class: "input mono", name: "typed", autocomplete: "off", spellcheck: "false", ".value": form.values.typed, oninput: (event) => form.set("typed", event.target.value) })),
    ],
  });
}
