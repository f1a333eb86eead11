/** Snapshots out as files and back in as volumes. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes, percent, time } from "../core/format.js";
import { formDialog } from "../ui/dialog.js";
import { textField, selectField, fileField } from "../ui/fields.js";
import { bar } from "../ui/pieces.js";
import { done } from "../ui/toast.js";

/** older: the snapshots of the volume that were taken before this one. */
export const exportSnapshot = (snapshot, older) => formDialog({
  title: `Export ${snapshot.name}`,
  submit: "Download",
  values: { since: "" },
  body: (form) => [
    h("p", { class: "muted" }, `A file with what ${snapshot.volume} was at ${time(snapshot.created)}. An import, here or on another appliance, makes a volume of it and checks every hash.`),
    older.length > 0 && selectField(form, "since", "What", [["", "the whole volume"], ...older.map((other) => [other.name, `only what changed since ${other.name}`])],
      { help: "Changes are for a volume that was imported as it was at the older snapshot." }),
  ],
  onSubmit: async ({ since }) => {
    const link = h("a", {
      href: api.address(`${api.path`/volumes/${snapshot.volume}/snapshots/${snapshot.name}/export`}${since ? api.path`?since=${since}` : ""}`),
      download: `${snapshot.volume}-${snapshot.name}${since ? `-since-${since}` : ""}.export`,
    });
    link.click();
    done("The download has begun. A broken one is gone on with on the command line: lunaria volume export --resume.");
    return true;
  },
});

export const importVolume = () => formDialog({
  title: "Import a volume",
  submit: "Import",
  values: { name: "", file: null, share: null },
  ready: (values) => values.name.trim() !== "" && values.file !== null,
  body: (form) => [
    textField(form, "name", "Name", { help: "A new volume's; for a file with changes, that of the volume that has what they begin at." }),
    fileField(form, "file", "File", { help: form.values.file ? `${bytes(form.values.file.size)}, made by an export.` : "Made by an export." }),
    form.values.share !== null && bar(form.values.share, `${percent(form.values.share)} sent`, { warnAt: 2, badAt: 2 }),
  ],
  async onSubmit({ name, file }, form) {
    const made = await api.upload(api.path`/volumes/${name.trim()}/import`, file, (share) => form.set("share", share));
    done(`The volume ${made.name} is there.`);
    return made;
  },
});
