/**
 * "Connect a host": from nothing to a disk in four steps, and what to type on the host at the end. Each step can be gone back from; nothing is made
 * before the last one, and what was made stays made where a later part fails, so that trying again goes on from there.
 */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { bytes } from "../core/format.js";
import { formDialog, GO_ON } from "../ui/dialog.js";
import { textField, sizeField, sizeBytes, selectField, choiceField, checkField } from "../ui/fields.js";
import { button } from "../ui/button.js";
import { notice, facts } from "../ui/pieces.js";
import { commands } from "../ui/commands.js";
import { checkedSize } from "./volume-dialogs.js";
import { chapFields, chapOf, suggestIqn, IQN_HELP } from "./target-dialogs.js";
import { HOST_KINDS, steps } from "./host-steps.js";

const STEPS = ["Host", "Disk", "Access", "Check"];

/** Opens it. */
export async function connectHost() {
  const [volumes, targets, portals] = await Promise.all([api.get("/volumes"), api.get("/targets"), api.get("/portal-addresses")]);
  const made = await wizard(volumes, targets, await suggestIqn("host1"));
  if (made) await showCommands(made, portals);
}

function wizard(volumes, targets, suggested) {
  const free = volumes.filter((one) => one.luns.length === 0);
  return formDialog({
    title: "Connect a host",
    wide: true,
    submit: (values) => (values.step === STEPS.length - 1 ? "Make it" : "Next"),
    values: {
      step: 0, kind: "linux", disk: "new", name: "", sizeBytes: { amount: "64", unit: "GiB" }, volume: free[0]?.name ?? "",
      where: "new", iqn: suggested, target: targets[0]?.iqn ?? "", who: "one", initiator: "", chap: false, user: "host1", secret: "", mutual: false, mutualUser: "lunaria", mutualSecret: "",
    },
    body: (form) => [
      h("ol", { class: "steps" }, STEPS.map((title, index) => h("li", { "aria-current": index === form.values.step ? "step" : null, class: index < form.values.step ? "done" : null }, title))),
      [hostStep, diskStep, accessStep, checkStep][form.values.step](form, { free, targets }),
    ],
    left: (form) => form.values.step > 0 && button("Back", { onClick: () => form.set("step", form.values.step - 1), disabled: form.busy }),
    onSubmit: (values) => submit(values, targets),
  });
}

/** Each step is checked when it is left; the last one makes everything. */
async function submit(values, targets) {
  check(values, targets);
  if (values.step === STEPS.length - 1) return make(values);
  values.step++;
  return GO_ON;
}

function check(values, targets) {
  const wrong = (message, field) => {
    throw new api.ApiError(0, "page", message, field);
  };
  if (values.step === 1 && values.disk === "new") {
    if (!/^[a-zA-Z0-9][\w.-]{0,63}$/.test(values.name.trim())) wrong("Write a name of letters, digits, “-”, “_” and “.”.", "name");
    checkedSize(values);
  }
  if (values.step !== 2) return;
  if (values.where === "new" && !/^(iqn\.\d{4}-\d\d\.[a-z0-9.-]+(:[a-z0-9.:-]+)?|eui\.[0-9a-f]{16}|naa\.[0-9a-f]{16,32})$/.test(values.iqn.trim())) wrong(`Write ${IQN_HELP}.`, "iqn");
  if (values.where === "new" && targets.some((one) => one.iqn === values.iqn.trim())) wrong("There is a target of this name already: choose it, or another name.", "iqn");
  if (values.where === "new" && values.who === "one" && !/^(iqn|eui|naa)\..+/.test(values.initiator.trim())) wrong("Write the host's iSCSI name.", "initiator");
  if (values.where === "new" && values.chap && values.secret.length < 12) wrong("At least 12 characters.", "secret");
}

const hostStep = (form) => [choiceField(form, "kind", "What kind of host is it?", HOST_KINDS)];

const diskStep = (form, { free }) => [
  choiceField(form, "disk", "Which disk?", [["new", "A new volume", "empty, thin"], ...(free.length ? [["existing", "A volume that is there", "and that no host sees yet"]] : [])]),
  form.values.disk === "new" && textField(form, "name", "Name of the volume", { placeholder: "like host1-data" }),
  form.values.disk === "new" && sizeField(form, "sizeBytes", "Size", { help: "Space is taken only by what is written; it can grow later." }),
  form.values.disk === "existing" && selectField(form, "volume", "Volume", free.map((one) => [one.name, `${one.name}, ${bytes(one.sizeBytes)}`])),
];

const accessStep = (form, { targets }) => {
  const { values } = form;
  return [
    targets.length > 0 && choiceField(form, "where", "Through which target?", [["new", "A new target", "for this host"], ["existing", "A target that is there", "its hosts see the disk, too"]]),
    values.where === "existing" && selectField(form, "target", "Target", targets.map((one) => [one.iqn, one.iqn])),
    values.where === "new" && [
      textField(form, "iqn", "Name of the target", { mono: true, help: IQN_HELP }),
      choiceField(form, "who", "Who may log in?", [["one", "One host", "by its iSCSI name"], ["everybody", "Everybody", "who reaches the portal"]]),
      values.who === "one" && textField(form, "initiator", "The host's iSCSI name", { mono: true, placeholder: "iqn.1993-08.org.debian:01:host1", help: WHERE_NAME[values.kind] }),
      checkField(form, "chap", "Ask for a secret (CHAP)", { help: "Names can be made up; a secret cannot." }),
      values.chap && chapFields(form),
      values.who === "everybody" && !values.chap && notice("warn", "Without CHAP everybody on the network can read and write this disk."),
    ],
  ];
};

const WHERE_NAME = {
  linux: "cat /etc/iscsi/initiatorname.iscsi",
  windows: "PowerShell: (Get-InitiatorPort).NodeAddress",
  esxi: "esxcli iscsi adapter get --adapter=vmhba64",
  qemu: "what its option initiator-name says",
};

const checkStep = ({ values }) => [
  facts([
    ["Host", HOST_KINDS.find(([kind]) => kind === values.kind)[1]],
    ["Disk", values.disk === "new" ? `${values.name}, new, ${bytes(sizeBytes(values.sizeBytes))}` : values.volume],
    ["Target", h("code", {}, values.where === "new" ? values.iqn : values.target)],
    values.where === "new" && ["May log in", values.who === "one" ? h("code", {}, values.initiator) : "everybody"],
    values.where === "new" && ["Proof", values.chap ? (values.mutual ? "mutual CHAP" : "CHAP") : "none"],
  ]),
  h("p", { class: "muted" }, "Nothing has been made yet. Afterwards the page tells what to type on the host."),
];

async function make(values) {
  const volume = values.disk === "new" ? values.name.trim() : values.volume;
  if (values.disk === "new") await api.post("/volumes", { name: volume, sizeBytes: sizeBytes(values.sizeBytes) });
  const iqn = values.where === "new" ? values.iqn.trim() : values.target;
  if (values.where === "new") await api.post("/targets", { iqn, initiators: [values.who === "one" ? values.initiator.trim() : "*"], ...(values.chap && { chap: chapOf(values) }) });
  const lun = await api.post(api.path`/targets/${iqn}/luns`, { volume });
  const chapUser = values.where === "new" ? values.chap && values.user : (await api.get(api.path`/targets/${iqn}`)).initiators.find((one) => one.chapUser)?.chapUser;
  return { kind: values.kind, volume, iqn, lun: lun.lun, chapUser };
}

const showCommands = (made, portals) => formDialog({
  title: "On the host",
  wide: true,
  submit: "Done",
  tells: true,
  onSubmit: async () => true,
  body: () => [
    notice("good", `${made.volume} is LUN ${made.lun} of ${made.iqn}. Type this on the host:`),
    steps(made.kind, { ...made, portals }).map(([title, lines]) => commands(title, lines)),
    made.chapUser && h("p", { class: "muted" }, "SECRET stands for the CHAP secret that was set."),
  ],
});
