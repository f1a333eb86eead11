/** What is done with snapshots. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes, plural, time } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, checkField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

export const takeSnapshot = (volume) => formDialog({
  title: `Take a snapshot of ${volume.name}`,
  submit: "Take it",
  values: { name: "", consistent: false, sticky: false },
  body: (form) => [
    textField(form, "name", "Name", { placeholder: "the time of now", help: "It is taken at once, while hosts work, and takes no space by itself." }),
    checkField(form, "consistent", "The applications are at rest", { help: "A remark for whoever goes back to it: nothing was half written." }),
    checkField(form, "sticky", "Keep it", { help: "It cannot be deleted until that is taken back." }),
  ],
  onSubmit: async ({ name, consistent, sticky }) => {
    const made = await api.post(api.path`/volumes/${volume.name}/snapshots`, { ...(name.trim() && { name: name.trim() }), consistent, sticky });
    done(`The snapshot ${made.name} is taken.`);
    return made;
  },
});

export const cloneSnapshot = (snapshot) => formDialog({
  title: `Make a volume of ${snapshot.name}`,
  submit: "Clone",
  values: { name: `${snapshot.volume}-clone` },
  body: (form) => [
    h("p", { class: "muted" }, `A new volume of ${bytes(snapshot.sizeBytes)} with what ${snapshot.volume} was at ${time(snapshot.created)}. It shares the data and takes space only for what is written to it.`),
    textField(form, "name", "Name of the new volume"),
  ],
  onSubmit: async ({ name }) => {
    const made = await api.post(api.path`/volumes/${snapshot.volume}/snapshots/${snapshot.name}/clone`, { name: name.trim() });
    done(`The volume ${made.name} is there.`);
    return made;
  },
});

export const rollBack = (snapshot, younger) => confirmDialog({
  title: `Roll ${snapshot.volume} back to ${snapshot.name}?`,
  name: snapshot.volume,
  submit: "Roll back",
  consequences: [
    `Everything written since ${time(snapshot.created)} is gone from the volume. Take a snapshot first if any of it may be needed.`,
    `Its size becomes ${bytes(snapshot.sizeBytes)} again.`,
    "No host may be logged in to a target that shows it.",
  ],
  extra: (form) => younger > 0 && checkField(form, "dropYounger", `Delete the ${plural(younger, "younger snapshot")} as well`, { help: "Else they stay, and the volume can go to them again." }),
  onSubmit: async ({ dropYounger }) => {
    await api.post(api.path`/volumes/${snapshot.volume}/snapshots/${snapshot.name}/rollback`, { dropYounger: Boolean(dropYounger) });
    done(`${snapshot.volume} is what it was at ${snapshot.name}.`);
    return true;
  },
});

export async function deleteSnapshot(snapshot) {
  const address = api.path`/volumes/${snapshot.volume}/snapshots/${snapshot.name}`;
  const space = await api.get(`${address}/space`).catch(() => null);
  return confirmDialog({
    title: `Delete the snapshot ${snapshot.name}?`,
    submit: "Delete",
    consequences: [
      `${snapshot.volume} cannot go back to ${time(snapshot.created)} any more. The volume itself stays as it is.`,
      space && `${bytes(space.exclusiveBytes)} that only it shows become free; ${bytes(space.sharedBytes)} are shared and stay.`,
      snapshot.clones.some((clone) => clone !== snapshot.volume) && `${plural(snapshot.clones.filter((clone) => clone !== snapshot.volume).length, "clone")} of it keep what they need.`,
    ],
    onSubmit: async () => {
      await api.remove(address);
      done(`The snapshot ${snapshot.name} is deleted.`);
      return true;
    },
  });
}

/** Keeps a snapshot, or lets go of it. */
export async function keepSnapshot(snapshot, sticky) {
  await api.patch(api.path`/volumes/${snapshot.volume}/snapshots/${snapshot.name}`, { sticky });
  done(sticky ? `${snapshot.name} is kept until that is taken back.` : `${snapshot.name} can be deleted again.`);
}
