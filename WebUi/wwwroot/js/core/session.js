/** Who is logged in, and what he may do. */
import * as api from "./api.js";

/** The answer of GET /session; null before it is known. */
export let who = null;

/** Asks the appliance. */
export async function ask() {
  accept(await api.get("/session"));
  return who;
}

/** Logs in with name and password. */
export async function logIn(name, password) {
  accept(await api.post("/session", { name, password }));
}

/** Makes the first administrator. */
export async function setUp(code, name, password) {
  accept(await api.post("/session/first-run", { code, name, password }));
}

/** Logs out. */
export async function logOut() {
  await api.remove("/session");
  accept(null);
}

/** True where the log-in has a scope: read, volumes, targets or system. */
export const can = (scope) => who?.scopes?.includes(scope) ?? false;

function accept(answer) {
  who = answer;
  api.setAntiforgery(answer?.antiforgery ?? null);
}
