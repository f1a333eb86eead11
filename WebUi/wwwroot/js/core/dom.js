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

function morphChildren(container, wanted) {
  const keyed = new Map();
  for (const child of container.childNodes) if (child.lunaria?.key != null) keyed.set(child.lunaria.key, child);
  let next = container.firstChild;
  for (const child of wanted) {
    const key = child.lunaria?.key;
    const match = key != null ? keyed.get(key) : next && next.lunaria?.key == null ? next : null;
    if (match && alike(match, child)) {
      if (match !== next) container.insertBefore(match, next);
      else next = next.nextSibling;
      keyed.delete(key);
      morph(match, child);
    } else if (key == null && next && next.lunaria?.key == null) {
      const replaced = next;
      next = next.nextSibling;
      replaced.replaceWith(child);
    } else container.insertBefore(child, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}
