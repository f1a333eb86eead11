/** Begins: who is there, then the door or the house. */
import { onLoggedOut } from "./core/api.js";
import * as live from "./core/live.js";
import * as session from "./core/session.js";
import { h, render } from "./core/dom.js";
import { showLogIn } from "./pages/login.js";
import { showSetUp } from "./pages/setup.js";
import { openFrame, closeFrame } from "./frame.js";

const RETRY_MS = 1000;
const app = document.getElementById("app");

async function begin() {
  let who;
  try {
    who = await session.ask();
  } catch (error) {
    showWaiting(error);
    setTimeout(begin, RETRY_MS);
    return;
  }
  if (who.name) enter();
  else if (who.firstRun) showSetUp(app, enter);
  else showLogIn(app, enter);
}

function enter() {
  live.start();
  openFrame(app, leave);
}

/** The log-in is over: by will, by time, or because somebody ended it. */
function leave() {
  live.stop();
  closeFrame();
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  begin();
}

function showWaiting(error) {
  document.title = "Lunaria";
  render(app, h("main", { class: "door", key: "waiting" }, h("div", { class: "card nothing", role: "status" },
    h("span", { class: "spinner" }),
    h("h1", {}, error.type === "unavailable" ? "The appliance is starting" : "The appliance does not answer"),
    h("p", {}, "The page goes on by itself."))));
}

onLoggedOut(leave);
live.listen("loggedOut", leave);
begin();
