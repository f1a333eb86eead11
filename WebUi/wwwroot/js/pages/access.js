/** Who may administer the appliance: people with passwords, scripts with tokens. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { who } from "../core/session.js";
import { time } from "../core/format.js";
import { head, card, nothing, badge, notice } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { commands } from "../ui/commands.js";
import { formDialog, confirmDialog } from "../ui/dialog.js";
import { textField, secretField, choiceField, checkField } from "../ui/fields.js";
import { done } from "../ui/toast.js";

const ROLES = [["administrator", "Administrator", "may do everything"], ["readOnly", "Reader", "sees everything but secrets"]];
const SCOPES = [["read", "See everything but secrets"], ["volumes", "Change volumes and snapshots"], ["targets", "Change targets and who may log in"], ["system", "Change users, tokens and settings"]];

export const access = {
  name: "access",
  title: "Users and tokens",
  async load() {
    const [users, tokens] = await Promise.all([api.get("/users"), api.get("/tokens")]);
    return { users, tokens };
  },
  show: ({ users, tokens }, view) => [
    head("Users and tokens", { lead: "People log in with a password, scripts send a token." }),
    card("Users", { actions: [button("Add a user", { icon: "plus", size: "small", onClick: then(view, () => setUser(null)) })] }, userTable(users, view)),
    card("Tokens", { actions: [button("Make a token", { icon: "plus", size: "small", onClick: then(view, createToken) })] }, tokenTable(tokens, view)),
  ],
};

const then = (view, work) => async () => {
  if (await work()) view.refresh();
};

const userTable = (users, view) => table(view, "users", {
  noun: "user",
  plain: true,
  rows: users,
  key: (user) => user.name,
  empty: nothing("access", "No users"),
  columns: [
    { name: "name", title: "Name", cell: (user) => h("span", { class: "main-link" }, user.name, user.name === who?.name && h("span", { class: "muted" }, " (you)")) },
    { name: "role", title: "Role", cell: (user) => ROLES.find(([role]) => role === user.role)?.[1] ?? user.role },
    { name: "changed", title: "Password set", nowrap: true, cell: (user) => time(user.passwordChanged).slice(0, 16) },
    { name: "actions", title: "", buttons: true, cell: (user) => [
      button("New password", { size: "small", label: `New password for ${user.name}`, onClick: then(view, () => setUser(user)) }),
      button("Delete", { size: "small", kind: "danger", label: `Delete ${user.name}`, onClick: then(view, () => deleteUser(user)) }),
    ] },
  ],
});

const tokenTable = (tokens, view) => table(view, "tokens", {
  noun: "token",
  plain: true,
  rows: tokens,
  key: (token) => token.id,
  empty: nothing("key", "No tokens", "A token lets a script or Prometheus in without a password, with only the rights it needs."),
  columns: [
    { name: "name", title: "Name", cell: (token) => h("span", { class: "main-link" }, token.name) },
    { name: "scopes", title: "May", cell: (token) => h("span", { class: "row" }, token.scopes.map((scope) => badge(scope, "", true))) },
    { name: "expires", title: "Until", nowrap: true, cell: (token) => (new Date(token.expires) < Date.now() ? badge("expired", "warn", true) : time(token.expires).slice(0, 10)) },
    { name: "actions", title: "", buttons: true, cell: (token) => button("Revoke", { size: "small", kind: "danger", label: `Revoke ${token.name}`, onClick: then(view, () => revokeToken(token)) }) },
  ],
});

const setUser = (user) => formDialog({
  title: user ? `New password for ${user.name}` : "Add a user",
  submit: user ? "Set it" : "Add",
  values: { name: user?.name ?? "", password: "", role: user?.role ?? "readOnly" },
  body: (form) => [
    !user && textField(form, "name", "Name", { autocomplete: "off" }),
    secretField(form, "password", "Password", { help: "8 to 128 characters.", length: 20 }),
    choiceField(form, "role", "Role", ROLES),
    user && h("p", { class: "muted" }, "Log-ins with the old password end at once."),
  ],
  onSubmit: async ({ name, password, role }) => {
    await api.put(api.path`/users/${name.trim() || "-"}`, { password, role });
    done(user ? "The password is set." : `${name} may log in.`);
    return true;
  },
});

const deleteUser = (user) => confirmDialog({
  title: `Delete the user ${user.name}?`,
  submit: "Delete",
  consequences: [`${user.name} cannot log in any more; log-ins that are there end at once.`, "The audit log keeps what was done under this name."],
  onSubmit: async () => {
    await api.remove(api.path`/users/${user.name}`);
    done(`${user.name} is deleted.`);
    return true;
  },
});

async function createToken() {
  const made = await formDialog({
    title: "Make a token",
    submit: "Make it",
    values: { name: "", days: "365", read: true },
    body: (form) => [
      textField(form, "name", "What it is for", { placeholder: "like prometheus", help: "Shows in the audit log." }),
      h("fieldset", { class: "field stack" }, h("legend", {}, "May"), SCOPES.map(([scope, text]) => checkField(form, scope, text))),
      textField(form, "days", "Valid for days", { help: "1 to 3650" }),
    ],
    onSubmit: (values) => api.post("/tokens", { name: values.name.trim(), days: Number(values.days) || 0, scopes: SCOPES.map(([scope]) => scope).filter((scope) => values[scope]) }),
  });
  if (!made) return null;
  await formDialog({
    title: "The token",
    submit: "I have it",
    tells: true,
    onSubmit: async () => true,
    body: () => [notice("warn", "It is shown only now. Whoever has it may do what it may do."), commands(`Token ${made.token.name}, for the header Authorization: Bearer`, [made.secret])],
  });
  return made;
}

const revokeToken = (token) => confirmDialog({
  title: `Revoke the token ${token.name}?`,
  submit: "Revoke",
  consequences: ["Scripts that send it are refused from now on."],
  onSubmit: async () => {
    await api.remove(api.path`/tokens/${token.id}`);
    done(`${token.name} is revoked.`);
    return true;
  },
});
