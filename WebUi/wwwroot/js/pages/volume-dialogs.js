/** What is done to volumes and snapshots, each in a dialog that names the consequences. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes, plural } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, sizeField, sizeBytes, sizeValue, checkField, choiceField, selectField } from "../ui/fields.js";
import { done } from "../ui/toast.js";
import { notice } from "../ui/pieces.js";

const NAME_HELP = "Letters, digits, “-”, “_” and “.”, at most 64.";

/** The size of a form; throws what is wrong with it. */
export function checkedSize(values) {
  const size = sizeBytes(values.sizeBytes);
  if (!Number.isFinite(size) || size < 2 ** 20 || size > 64 * 2 ** 40) throw new api.ApiError(0, "page", "Write a size from 1 MiB to 64 TiB.", "sizeBytes");
  return size;
}

export const createVolume = () => formDialog({
  title: "Create a volume",
  submit: "Create",
  values: { name: "", sizeBytes: { amount: "64", unit: "GiB" }, blocks: "512" },
  body: (form) => [
    textField(form, "name", "Name", { help: NAME_HELP, placeholder: "like db1" }),
    sizeField(form, "sizeBytes", "Size", { help: "What hosts see. Space is taken only by what they write; it can grow later while in use." }),
    choiceField(form, "blocks", "Block length that hosts see", [["512", "512 bytes", "for every host, and the only one that ESXi takes"], ["4096", "4096 bytes", "for Linux and Windows hosts without old software"]]),
  ],
  onSubmit: async (values) => {
    const made = await api.post("/volumes", { name: values.name.trim(), sizeBytes: checkedSize(values), unit: { blockBytes: Number(values.blocks), readOnly: false, removable: false, writeSameToEnd: false } });
    done(`The volume ${made.name} is there.`);
    return made;
  },
});

export const renameVolume = (volume) => formDialog({
  title: `Rename ${volume.name}`,
  submit: "Rename",
  values: { name: volume.name },
  body: (form) => [textField(form, "name", "New name", { help: `${NAME_HELP} Hosts do not see it.` })],
  onSubmit: async (values) => {
    const renamed = await api.patch(api.path`/volumes/${volume.name}`, { name: values.name.trim() });
    done(`The volume is called ${renamed.name} now.`);
    return renamed;
  },
});

export const resizeVolume = (volume) => formDialog({
  title: `Resize ${volume.name}`,
  submit: "Resize",
  values: { sizeBytes: sizeValue(volume.sizeBytes), discardTail: false },
  body(form) {
    const size = sizeBytes(form.values.sizeBytes);
    const smaller = size < volume.sizeBytes;
    return [
      sizeField(form, "sizeBytes", "New size", { help: `It has ${bytes(volume.sizeBytes)} now.` }),
      size > volume.sizeBytes && h("p", { class: "muted" }, "Hosts that are logged in hear of it with their next command. Their partition or file system has to be grown there, too."),
      smaller && notice("bad", `What lies behind ${bytes(size)} is lost for good. Shrink file systems and partitions on the host first, and log it out.`),
      smaller && checkField(form, "discardTail", `Lose the last ${bytes(volume.sizeBytes - size)} of the volume`),
    ];
  },
  ready: (values) => !(sizeBytes(values.sizeBytes) < volume.sizeBytes) || values.discardTail,
  onSubmit: async (values) => {
    const resized = await api.patch(api.path`/volumes/${volume.name}`, { sizeBytes: checkedSize(values), discardTail: values.discardTail });
    done(`${resized.name} has ${bytes(resized.sizeBytes)} now.`);
    return resized;
  },
});

export const deleteVolume = (volume, snapshots) => confirmDialog({
  title: `Delete the volume ${volume.name}?`,
  name: volume.name,
  submit: "Delete for good",
  consequences: [
    `${bytes(volume.mappedBytes + volume.inLogBytes)} of data are lost for good. Nothing brings them back.`,
    snapshots.length > 0 && snapshots.length === 1 ? "Its snapshot is deleted with it." : `Its ${plural(snapshots.length, "snapshot")} are deleted with it.`,
    snapshots.some((one) => one.clones.some((clone) => clone !== volume.name)) && "Clones of its snapshots stay; they keep what they need.",
  ],
  onSubmit: async () => {
    await api.remove(api.path`/volumes/${volume.name}?snapshots=${snapshots.length > 0}`);
    done(`The volume ${volume.name} is deleted.`);
    return true;
  },
});

/** source: a volume, or a snapshot as { name: VOLUME@SNAPSHOT, luns: [], readOnly: true }. */
export const mapVolume = async (volume) => {
  const targets = await api.get("/targets");
  return formDialog({
    title: `Show ${volume.name} to hosts`,
    submit: "Show it",
    values: { iqn: targets[0]?.iqn ?? "", lun: "" },
    ready: (values) => values.iqn !== "",
    body: (form) => (targets.length === 0
      ? [notice("warn", "There is no target yet. ", h("a", { href: "/targets", onclick: () => form.close(null) }, "Create one first."))]
      : [
        selectField(form, "iqn", "Target", targets.map((target) => [target.iqn, target.iqn]), { help: "The hosts that may log in to it see the volume as one more disk." }),
        textField(form, "lun", "LUN", { placeholder: "the first free one", help: "0 to 255" }),
        volume.readOnly && h("p", { class: "muted" }, "Hosts can only read it. As long as it is shown the snapshot cannot be deleted."),
        volume.luns.length > 0 && notice("warn", "It is shown already. Two hosts on one volume destroy its file system, unless it is made for that (VMFS, a cluster)."),
      ]),
    onSubmit: async ({ iqn, lun }) => {
      const text = lun.trim();
      if (text !== "" && !/^\d{1,3}$/.test(text)) throw new api.ApiError(0, "page", "Write a number from 0 to 255, or nothing.", "lun");
      const made = await api.post(api.path`/targets/${iqn}/luns`, { volume: volume.name, ...(text !== "" && { lun: Number(text) }) });
      done(`${volume.name} is LUN ${made.lun} of ${made.target}.`);
      return made;
    },
  });
};

export const unmap = ({ target, lun, volume }) => confirmDialog({
  title: `Take ${volume} away from hosts?`,
  submit: "Take it away",
  consequences: [
    `Hosts of ${target} lose LUN ${lun} at once; what they have in flight fails. Unmount it there first.`,
    "The volume and its data stay.",
  ],
  onSubmit: async () => {
    await api.remove(api.path`/targets/${target}/luns/${lun}`);
    done(`LUN ${lun} is taken away.`);
    return true;
  },
});

export const flattenVolume = (volume) => confirmDialog({
  title: `Make ${volume.name} independent?`,
  submit: "Begin",
  consequences: ["A job writes down for this clone what it shares with its origin. Both stay in use.", "Afterwards the origin can be deleted without it."],
  onSubmit: async () => {
    const job = await api.postEmpty(api.path`/volumes/${volume.name}/flatten`);
    done("The job has begun: Jobs shows how far it is.");
    return job;
  },
});

export const promoteVolume = (volume) => confirmDialog({
  title: `Let ${volume.name} take the place of ${volume.origin.volume}?`,
  submit: "Promote it",
  consequences: [
    `The snapshots of ${volume.origin.volume} up to ${volume.origin.snapshot} become those of ${volume.name}.`,
    `${volume.origin.volume} stays as it is, and can be deleted without them.`,
  ],
  onSubmit: async () => {
    await api.postEmpty(api.path`/volumes/${volume.name}/promote`);
    done(`${volume.name} has the snapshots now.`);
    return true;
  },
});

export const setTemplate = (volume) => confirmDialog({
  title: volume.isTemplate ? `Make ${volume.name} an ordinary volume?` : `Make ${volume.name} a template?`,
  submit: volume.isTemplate ? "Make it ordinary" : "Make it a template",
  consequences: volume.isTemplate
    ? ["Hosts can write to it again, and it can be deleted.", "Clones that were made of it stay as they are."]
    : ["It takes no writes any more and cannot be deleted.", "It gets a snapshot: new volumes are clones of that one.", "No host may be logged in to it."],
  onSubmit: async () => {
    await api.patch(api.path`/volumes/${volume.name}`, { isTemplate: !volume.isTemplate });
    done(volume.isTemplate ? `${volume.name} is an ordinary volume.` : `${volume.name} is a template.`);
    return true;
  },
});
