/** What is done to the pool. Each resolves with the result, or null. */
import * as api from "../core/api.js";
import { bytes } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, sizeField, sizeBytes, choiceField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

export const addComponent = () => formDialog({
  title: "Add a component",
  submit: "Add",
  values: { kind: "file", path: "", sizeBytes: { amount: "100", unit: "GiB" } },
  body: (form) => [
    choiceField(form, "kind", "What is it?", [["file", "A file", "made anew, sparse"], ["device", "A block device", "blank; all of it is used"]]),
    textField(form, "path", "Path on the appliance", { mono: true, placeholder: form.values.kind === "file" ? "pool/1.lpool" : "/dev/sdb" }),
    form.values.kind === "file" && sizeField(form, "sizeBytes", "Size"),
  ],
  onSubmit: async ({ kind, path, sizeBytes: size }) => {
    await api.post("/pool/components", { path: path.trim(), ...(kind === "file" && { sizeBytes: sizeBytes(size) || 0 }) });
    done("The pool has grown.");
    return true;
  },
});

export const evacuate = (component) => confirmDialog({
  title: `Empty ${component.path}?`,
  submit: "Begin",
  consequences: [
    `A job moves its ${bytes(component.usedBytes)} to the other components; hosts work on.`,
    "It takes nothing new from now on. When it is empty it can be removed, or taken back.",
  ],
  onSubmit: async () => {
    await api.postEmpty(api.path`/pool/components/${component.id}/evacuate`);
    done("The job has begun.");
    return true;
  },
});

export const takeBack = (component) => confirmDialog({
  title: `Take ${component.path} back?`,
  submit: "Take it back",
  consequences: ["It holds data and takes new data again, like before."],
  onSubmit: async () => {
    await api.post("/pool/components", { path: component.path });
    done("It serves again.");
    return true;
  },
});

export const useAgain = (component) => confirmDialog({
  title: `Use ${component.path} again?`,
  submit: "Use it again",
  consequences: ["What is on it is out of date and is erased.", "Objects that lack a copy get one on it, in the background."],
  onSubmit: async () => {
    await api.post("/pool/components", { path: component.path });
    done("It serves again.");
    return true;
  },
});

export const setCopies = ({ copies }) => confirmDialog({
  title: copies > 1 ? "Keep one copy of each object?" : "Keep two copies of each object?",
  submit: copies > 1 ? "Keep one" : "Keep two",
  consequences: copies > 1
    ? ["Second copies are dropped in the background, and their space is free.", "A component that fails then takes data with it."]
    : ["Second copies are made in the background, on another component each.", "Data takes twice the space; then one component may fail."],
  onSubmit: async () => {
    await api.put("/pool/copies", { copies: copies > 1 ? 1 : 2 });
    done("The pool is changing over.");
    return true;
  },
});

export const removeComponent = (component) => confirmDialog({
  title: `Remove ${component.path}?`,
  submit: "Remove",
  consequences: [`The pool is ${bytes(component.totalBytes)} smaller.`, component.isDevice ? "The device is left blank." : "The file is deleted."],
  onSubmit: async () => {
    await api.remove(api.path`/pool/components/${component.id}`);
    done("It is out of the pool.");
    return true;
  },
});
