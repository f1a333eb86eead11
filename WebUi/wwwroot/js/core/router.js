/** Addresses of the page and what they show. Links inside the page do not load it anew. */

let routes = [];
let shown = null;

/** Each route: a pattern like "/volumes/:name" and what shows it. */
export function setRoutes(list, show) {
  routes = list.map((route) => ({ ...route, expression: new RegExp(`^${route.path.replace(/:\w+/g, "([^/]+)")}/?$`), names: [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1]) }));
  shown = show;
}

/** Goes to an address of the page. */
export function go(address, { replace = false } = {}) {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  open();
}

/** Shows what the address bar says. */
export function open() {
  for (const route of routes) {
    const match = route.expression.exec(location.pathname);
    if (match) return shown(route, Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1])])));
  }
  return shown(null, {});
}

addEventListener("popstate", () => shown && open());
document.addEventListener("click", (click) => {
  const link = click.target.closest?.("a[href^='/']");
  if (!link || !shown || click.button !== 0 || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey || link.target || link.hasAttribute("download")) return;
  click.preventDefault();
  go(link.getAttribute("href"));
});
