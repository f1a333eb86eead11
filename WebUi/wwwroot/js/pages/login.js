/** Log-in with name and password. */
import * as session from "../core/session.js";
import { textField, secretField } from "../ui/fields.js";
import { showDoor } from "./door.js";

/** Shows it in a container; then() when somebody is logged in. */
export function showLogIn(container, then) {
  showDoor(container, {
    title: "Log in",
    lead: "to administer this appliance",
    submit: "Log in",
    values: { name: "", password: "" },
    body: (form) => [
      textField(form, "name", "Name", { autocomplete: "username" }),
      secretField(form, "password", "Password", { offer: false, autocomplete: "current-password" }),
    ],
    onSubmit: async ({ name, password }) => {
      await session.logIn(name, password);
      then();
    },
  });
}
