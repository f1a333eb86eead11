/** One setting, changed after a look at what that means. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { formDialog, GO_ON } from "../ui/dialog.js";
import { textField, selectField } from "../ui/fields.js";
import { facts, notice } from "../ui/pieces.js";
import { done } from "../ui/toast.js";

/** Lists of things are changed where those things are; the version of the file is no choice. */
export const isEditable = (setting) => setting.key !== "schemaVersion" && setting.key !== "$schema" && !(Array.isArray(setting.value) && setting.value.some((one) => typeof one === "object")) && !setting.key.startsWith("bootstrap.") && !setting.key.startsWith("pool.");

/** A value as people read it. */
export function settingText(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.length ? value.map(settingText).join(", ") : "none";
  if (typeof value === "object") return Object.entries(value).filter(([, part]) => part !== null).map(([name, part]) => `${name} ${settingText(part)}`).join(", ");
  return value === "" ? "empty" : String(value);
}

/** The kind of a setting's values, as its value or its default shows it. */
function kindOf(setting) {
  const shown = setting.value ?? setting.default;
  return Array.isArray(shown) ? "list" : typeof shown === "boolean" ? "boolean" : typeof shown === "number" ? "number" : "text";
}

function parse(setting, text) {
  const kind = kindOf(setting);
  if (kind === "boolean") return text === "true";
  if (kind === "list") return text.split(",").map((part) => part.trim()).filter(Boolean);
  if (kind === "number") return Number(text);
  return text.trim() === "" && setting.default == null ? null : text.trim();
}

/** Opens it: first what would change, then the change. */
export function changeSetting(setting) {
  const kind = kindOf(setting);
  return formDialog({
    title: setting.key,
    submit: (values) => (values.preview ? "Change it" : "Look at it"),
    values: { value: setting.value === null ? "" : kind === "list" ? setting.value.join(", ") : String(setting.value), preview: null },
    left: () => null,
    body: (form) => [
      h("p", { class: "muted" }, setting.description),
      kind === "boolean"
        ? selectField(edit(form), "value", "Value", [["true", "true"], ["false", "false"]])
        : textField(edit(form), "value", "Value", { mono: true, help: kind === "list" ? "Several are separated by commas." : setting.default == null ? "Empty: not set." : `Default: ${settingText(setting.default)}` }),
      form.values.preview && previewOf(form.values.preview),
    ],
    onSubmit: async (values) => {
      const body = { values: { [setting.key]: parse(setting, values.value) } };
      try {
        if (!values.preview) {
          values.preview = await api.patchDirect("/settings", { ...body, dryRun: true });
          return GO_ON;
        }
        const [change] = await api.patchDirect("/settings", body);
        done(change?.live === false ? "It is written down, and counts from the next start on." : "It counts from now on.");
        return true;
      } catch (error) {
        throw error instanceof api.ApiError ? new api.ApiError(error.status, error.type, error.message, "value") : error;
      }
    },
  });
}

/** A form whose change makes the preview void. */
const edit = (form) => ({ ...form, values: form.values, error: form.error, set: (name, value) => ((form.values.preview = null), form.set(name, value)) });

function previewOf(changes) {
  if (changes.length === 0) return notice("warn", "Nothing would change.");
  return changes.map((change) => h("div", { class: "stack" },
    facts([["Now", settingText(change.before)], ["Then", settingText(change.after)]]),
    h("p", { class: "muted" }, change.live ? "It counts at once." : "It counts from the next start on.")));
}
