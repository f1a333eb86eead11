/**
 * The page's elements: h() makes them, render() brings what is shown to what is wanted with as few changes as it can, so that focus, selection and
 * scroll positions stay and nothing jumps. Text is always text: there is no way to put HTML in.
 */

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "line", "text", "g", "circle", "rect", "polyline"]);

/**
 * An element. Properties: "on..." a handler, ".name" a property of the element (".style.width" one of its style), "key" its identity among its siblings, else an attribute
 * (true = present, false or null = absent). Children: elements, texts, numbers; lists of them; false and null are nothing.
 */
export function h(tag, properties, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  element.lunaria = properties ?? {};
  for (const [name, value] of Object.entries(element.lunaria)) set(element, name, value);
  element.append(...nodes(children));
  return element;
}

/** Makes the children of a container the wanted ones. */
export function render(container, ...wanted) {
  morphChildren(container, nodes(wanted));
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false && child !== "").map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

function set(element, name, value) {
  if (name === "key") return;
  if (name.startsWith("on")) element[name] = value ?? null;
  else if (name.startsWith(".")) {
    const names = name.slice(1).split(".");
    const owner = names.length > 1 ? element[names[0]] : element;
    if (owner[names.at(-1)] !== value) owner[names.at(-1)] = value;
  } else if (value == null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

function morph(old, wanted) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  const before = old.lunaria ?? {};
  const after = wanted.lunaria ?? {};
  for (const name of Object.keys(before)) if (!(name in after)) set(old, name, name.startsWith(".") ? "" : null);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value || name.startsWith(".")) set(old, name, value);
  old.lunaria = after;
  if (!("keep" in after)) morphChildren(old, [...wanted.childNodes]);
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.lunaria?.key === b.lunaria?.key;
}

/**
 * Nothing that stays is taken out on the way, since an element that leaves the document loses the focus: what is no longer wanted goes first, and a child without a key is
 * looked for behind those that went missing before it.
 */
function morphChildren(container, wanted) {
  const keyed = new Map();
  const keys = new Set(wanted.map((child) => child.lunaria?.key));
  for (const child of [...container.childNodes]) {
    const key = child.lunaria?.key;
    if (key == null) continue;
    if (keys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let next = container.firstChild;
  for (const child of wanted) {
    const key = child.lunaria?.key;
    const match = key != null ? keyed.get(key) : nextAlike(next, child);
    if (!match || !alike(match, child)) {
      container.insertBefore(child, next);
      continue;
    }
    if (key == null) while (next !== match) next = removed(next);
    if (match === next) next = next.nextSibling;
    else move(container, match, next);
    keyed.delete(key);
    morph(match, child);
  }
  while (next) next = removed(next);
}

/** The first of the children without a key that stand here that can become the wanted one. */
function nextAlike(child, wanted) {
  while (child && child.lunaria?.key == null && !alike(child, wanted)) child = child.nextSibling;
  return child && child.lunaria?.key == null ? child : null;
}

/** Takes a child away; returns what stood behind it. */
function removed(child) {
  const next = child.nextSibling;
  child.remove();
  return next;
}

function move(container, child, next) {
  if (container.moveBefore) container.moveBefore(child, next);
  else container.insertBefore(child, next);
}
