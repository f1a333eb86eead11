/** First run: the administrator's password, by whoever has read the code that the program prints. */
import { ApiError } from "../core/api.js";
import * as session from "../core/session.js";
import { textField, secretField } from "../ui/fields.js";
import { showDoor } from "./door.js";

const MIN_LETTERS = 8;

/** Shows it in a container; then() when somebody is logged in. */
export function showSetUp(container, then) {
  const offered = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", "/");
  showDoor(container, {
    title: "Welcome",
    lead: "Choose the administrator's password. Until then nobody can log in here.",
    submit: "Set the password",
    values: { code: offered, name: "admin", password: "", again: "" },
    body: (form) => [
      textField(form, "code", "Code of this start", { mono: true, placeholder: "ABCD-EFGH-JKMN", help: "The program prints it when it starts; under systemd: journalctl -u lunaria" }),
      textField(form, "name", "Name", { autocomplete: "username" }),
      secretField(form, "password", "Password", { help: `At least ${MIN_LETTERS} characters.`, length: 20 }),
      secretField(form, "again", "Password again", { offer: false }),
    ],
    check: ({ code, password, again, passwordShown }) => {
      if (!code.trim()) return new ApiError(0, "page", "Type the code that the program has printed.", "code");
      if (password.length < MIN_LETTERS) return new ApiError(0, "page", `At least ${MIN_LETTERS} characters.`, "password");
      return password === again || passwordShown ? null : new ApiError(0, "page", "This is not the same password.", "again");
    },
    onSubmit: async ({ code, name, password }) => {
      await session.setUp(code, name, password);
      then();
    },
  });
}
