/** What is done to targets and to who may log in. Each resolves with the result, or null. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { plural } from "../core/format.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, selectField, secretField, checkField } from "../ui/fields.js";
import { done } from "../ui/toast.js";
import { notice } from "../ui/pieces.js";

export const IQN_HELP = "iqn.YYYY-MM.reversed.domain:anything, in lower case";

/** A name for a new target: of this appliance, or of none. */
export async function suggestIqn(suffix) {
  const [known] = await api.get("/targets");
  const base = known?.iqn.split(":")[0] ?? `iqn.${new Date().getFullYear()}-01.local.lunaria`;
  return `${base}:${suffix}`;
}

export const createTarget = async () => formDialog({
  title: "Create a target",
  submit: "Create",
  values: { iqn: await suggestIqn("disks"), initiator: "" },
  body: (form) => [
    textField(form, "iqn", "Name", { mono: true, help: IQN_HELP }),
    textField(form, "initiators", "Host that may log in", { mono: true, placeholder: "iqn.1993-08.org.debian:01:host1", help: "Its iSCSI name, or * for everybody; more can be added later. Nobody where left empty." }),
  ],
  onSubmit: async ({ iqn, initiators = "" }) => {
    const made = await api.post("/targets", { iqn: iqn.trim(), initiators: initiators.trim() ? [initiators.trim()] : [] });
    done("The target is there.");
    return made;
  },
});

export const deleteTarget = (target) => confirmDialog({
  title: "Delete the target?",
  name: target.iqn,
  submit: "Delete",
  consequences: [
    `${target.iqn} with its ${plural(target.luns.length, "LUN")} is gone; hosts cannot log in to it any more.`,
    target.sessions > 0 && `${plural(target.sessions, "session")} of hosts are closed: they lose their disks at once.`,
    "The volumes and their data stay.",
  ],
  onSubmit: async () => {
    await api.remove(api.path`/targets/${target.iqn}?force=${target.sessions > 0}`);
    done("The target is deleted.");
    return true;
  },
});

export const mapToTarget = async (target) => {
  const volumes = await api.get("/volumes");
  return formDialog({
    title: "Show a volume",
    submit: "Show it",
    values: { volume: volumes.find((one) => one.luns.length === 0)?.name ?? volumes[0]?.name ?? "", lun: "" },
    ready: (values) => values.volume !== "",
    body(form) {
      const chosen = volumes.find((one) => one.name === form.values.volume);
      return volumes.length === 0
        ? [notice("warn", "There is no volume yet. ", h("a", { href: "/volumes", onclick: () => form.close(null) }, "Create one first."))]
        : [
          selectField(form, "volume", "Volume", volumes.map((one) => [one.name, one.luns.length ? `${one.name} (shown already)` : one.name])),
          textField(form, "lun", "LUN", { placeholder: "the first free one", help: "0 to 255" }),
          chosen?.luns.length > 0 && notice("warn", "It is shown already. Two hosts on one volume destroy its file system, unless it is made for that (VMFS, a cluster)."),
        ];
    },
    onSubmit: async ({ volume, lun }) => {
      const text = lun.trim();
      if (text !== "" && !/^\d{1,3}$/.test(text)) throw new api.ApiError(0, "page", "Write a number from 0 to 255, or nothing.", "lun");
      const made = await api.post(api.path`/targets/${target.iqn}/luns`, { volume, ...(text !== "" && { lun: Number(text) }) });
      done(`${volume} is LUN ${made.lun}.`);
      return made;
    },
  });
};

/** Lets a host in. iqn: the target, or null to choose it. */
export const allowHost = async (iqn) => {
  const targets = iqn ? [] : await api.get("/targets");
  return formDialog({
    title: "Let a host in",
    submit: "Let it in",
    values: { target: iqn ?? targets[0]?.iqn ?? "", initiator: "" },
    ready: (values) => values.target !== "" && values.initiator.trim() !== "",
    body: (form) => [
      !iqn && selectField(form, "target", "Target", targets.map((one) => [one.iqn, one.iqn])),
      textField(form, "initiator", "Host", { mono: true, placeholder: "iqn.1993-08.org.debian:01:host1", help: "Its iSCSI name, or * for everybody. Linux: /etc/iscsi/initiatorname.iscsi; Windows: iSCSI Initiator, Configuration; ESXi: the software adapter's properties." }),
      form.values.initiator.trim() === "*" && notice("warn", "Everybody who reaches the portal may log in. Set CHAP for it, or keep the network to yourself."),
    ],
    onSubmit: async ({ target, initiator }) => {
      const made = await api.put(api.path`/targets/${target}/initiators/${initiator.trim()}`);
      done(`${made.initiator} may log in.`);
      return made;
    },
  });
};

export const denyHost = (one) => confirmDialog({
  title: "Let the host in no more?",
  submit: "Take the right away",
  consequences: [`${one.initiator === "*" ? "Everybody who is not named" : one.initiator} cannot log in to ${one.target} any more.`, "Its sessions there are closed at once; what it has in flight fails."],
  onSubmit: async () => {
    await api.remove(api.path`/targets/${one.target}/initiators/${one.initiator}`);
    done("The right is taken away.");
    return true;
  },
});

/** The fields of CHAP, here and in the wizard. */
export const chapFields = (form) => [
  textField(form, "user", "Name that the host gives", { mono: true }),
  secretField(form, "secret", "Secret of the host", { help: "12 to 128 characters; Windows takes 12 to 16. Write it down now: it is never shown again.", length: 16 }),
  checkField(form, "mutual", "The target proves itself, too", { help: "Mutual CHAP: the host checks that it talks to the right appliance." }),
  form.values.mutual && textField(form, "mutualUser", "Name that the target gives", { mono: true }),
  form.values.mutual && secretField(form, "mutualSecret", "Secret of the target", { help: "Another one than the host's.", length: 16 }),
];

/** What the API takes of them. */
export const chapOf = (values) => ({ user: values.user.trim(), secret: values.secret, ...(values.mutual && { mutualUser: values.mutualUser?.trim() ?? "", mutualSecret: values.mutualSecret ?? "" }) });

export const setChap = (one) => formDialog({
  title: "CHAP for this host",
  submit: "Set it",
  values: { user: one.chapUser ?? "", secret: "", mutual: Boolean(one.mutualUser), mutualUser: one.mutualUser ?? "", mutualSecret: "" },
  body: (form) => [h("p", { class: "muted" }, `What ${one.initiator === "*" ? "everybody" : one.initiator} must prove to ${one.target} from the next log-in on. Sessions that are there stay.`), chapFields(form)],
  onSubmit: async (values) => {
    await api.put(api.path`/targets/${one.target}/initiators/${one.initiator}/chap`, chapOf(values));
    done("CHAP is set.");
    return true;
  },
});

export const removeChap = (one) => confirmDialog({
  title: "Ask for no proof any more?",
  submit: "Remove CHAP",
  consequences: [`Whoever calls himself ${one.initiator === "*" ? "anything" : one.initiator} can log in to ${one.target} without a secret.`],
  onSubmit: async () => {
    await api.remove(api.path`/targets/${one.target}/initiators/${one.initiator}/chap`);
    done("CHAP is removed.");
    return true;
  },
});
