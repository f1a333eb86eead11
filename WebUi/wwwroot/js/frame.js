/** The house around every view: navigation, who is logged in, whether the appliance answers. */
import { h, render } from "./core/dom.js";
import { setRoutes, open, go } from "./core/router.js";
import { listen } from "./core/live.js";
import * as session from "./core/session.js";
import { View } from "./core/view.js";
import { icon } from "./ui/icons.js";
import { button } from "./ui/button.js";
import { routes, groups } from "./pages/index.js";

const asset = (name) => new URL(`../${name}`, import.meta.url).pathname;
let view = null;
let menuOpen = false;
let endings = [];
let leave = () => {};
let version = null;

/** Shows the house in a container. whenLeft: the log-in is over. */
export function openFrame(container, whenLeft) {
  leave = whenLeft;
  menuOpen = false;
  render(container, h("div", { class: "frame", key: "frame" },
    h("a", { class: "skip-link", href: "#main" }, "Skip to content"),
    h("header", { class: "top" },
      button("", { kind: "quiet", icon: "menu", label: "Menu", onClick: () => toggleMenu(true) }),
      h("a", { class: "brand", href: "/" }, h("img", { src: asset("icon.svg"), alt: "" }), "Lunaria")),
    h("nav", { class: "side", id: "side", "aria-label": "Main" }),
    h("div", { class: "veil", onclick: () => toggleMenu(false) }),
    h("main", { class: "main", id: "main", tabindex: "-1" }),
    h("div", { id: "lost" })));
  endings = [listen("state", drawLost), listen("status", checkVersion)];
  setRoutes(routes, show);
  open();
}

/** Takes it down. */
export function closeFrame() {
  view?.close();
  view = null;
  setRoutes([], null);
  for (const end of endings) end();
}

function show(route, params) {
  const first = view === null;
  view?.close();
  if (!route) return go("/", { replace: true });
  const main = document.getElementById("main");
  view = new View(main, route.view, params);
  view.route = route;
  menuOpen = false;
  drawSide();
  const opened = view;
  opened.open().then(() => {
    if (first || opened.closed) return;
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  });
}

function drawSide() {
  const side = document.getElementById("side");
  if (!side) return;
  side.classList.toggle("open", menuOpen);
  document.querySelector(".veil").classList.toggle("open", menuOpen);
  render(side,
    h("a", { class: "brand", href: "/" }, h("img", { src: asset("icon.svg"), alt: "" }), "Lunaria"),
    groups.map((group) => [
      group.title && h("p", { class: "nav-group" }, group.title),
      group.links.filter((link) => !link.scope || session.can(link.scope)).map((link) => h("a", { class: "nav-link", href: link.href, "aria-current": view?.route.nav === link.href ? "page" : null }, icon(link.icon), link.title)),
    ]),
    h("div", { class: "side-foot" },
      button(dark() ? "Light colours" : "Dark colours", { kind: "quiet", icon: dark() ? "sun" : "moon", onClick: switchTheme }),
      button("Log out", { kind: "quiet", icon: "leave", onClick: logOut }),
      h("p", { class: "who" }, `Logged in as ${session.who?.name ?? ""}`)));
}

function drawLost(state) {
  const place = document.getElementById("lost");
  if (place) render(place, state === "lost" && h("div", { class: "lost", role: "status" }, h("span", { class: "spinner" }), "The appliance does not answer. Trying again…"));
}

/** Another version serves now: its page is another one, too. */
function checkVersion(status) {
  if (version !== null && version !== status.version && !document.querySelector("dialog[open]")) location.reload();
  version ??= status.version;
}

function toggleMenu(wanted) {
  menuOpen = wanted;
  drawSide();
  if (wanted) document.querySelector(".side .nav-link")?.focus();
  else document.querySelector(".top .button")?.focus();
}

const dark = () => document.documentElement.dataset.theme === "dark";

function switchTheme() {
  localStorage.setItem("theme", dark() ? "light" : "dark");
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  drawSide();
}

async function logOut() {
  await session.logOut().catch(() => {});
  leave();
}

addEventListener("keydown", (event) => event.key === "Escape" && menuOpen && toggleMenu(false));
