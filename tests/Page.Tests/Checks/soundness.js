// What is wrong with the page as it stands: a list of sentences. Own checks of what WCAG 2.2 AA asks for and a browser can tell.
() => {
  const wrong = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0;
  const tell = (element) => `<${element.tagName.toLowerCase()}${element.className && typeof element.className === "string" ? `.${element.className.trim().split(/\s+/).join(".")}` : ""}> "${(element.textContent ?? "").trim().slice(0, 40)}"`;
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const all = [...scope.querySelectorAll("*")].filter(shown);

  // Names: 4.1.2, 1.3.1
  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby");
    if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    return (element.getAttribute("aria-label") ?? ([...(element.labels ?? [])].map((label) => label.textContent).join(" ") || (/^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) ? "" : element.textContent)) ?? "").trim();
  };
  for (const element of all.filter((one) => one.matches("a[href], button, input, select, textarea, [role=img], dialog, nav"))) if (!nameOf(element)) wrong.push(`${tell(element)} has no name`);
  for (const image of all.filter((one) => one.matches("img:not([alt])"))) wrong.push(`${tell(image)} has no alt`);
  const buttons = new Map();
  for (const element of all.filter((one) => one.matches("td.buttons button, .tree button"))) buttons.set(nameOf(element), (buttons.get(nameOf(element)) ?? 0) + 1);
  for (const [name, times] of buttons) if (times > 1) wrong.push(`${times} buttons in rows have the same name "${name}"`);

  // Structure: 1.3.1, 2.4.6
  if (scope === document.body) {
    const headings = all.filter((one) => one.tagName === "H1");
    if (headings.length !== 1) wrong.push(`${headings.length} h1`);
    if (!document.querySelector("main")) wrong.push("no main");
    if (!document.title || document.title === "Lunaria") wrong.push("no title of its own");
  }
  let level = scope === document.body ? 0 : 1;
  for (const heading of all.filter((one) => /^H[1-6]$/.test(one.tagName))) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1 && level > 0) wrong.push(`${tell(heading)} skips a level`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push(`the id ${id} is there twice`);
  for (const table of all.filter((one) => one.tagName === "TABLE")) if (!table.caption) wrong.push(`${tell(table)} has no caption`);

  // Contrast: 1.4.3
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const layer = colour(getComputedStyle(one).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const texts = new Set();
  for (const element of all) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const disabled = element.closest("[disabled], [aria-disabled=true]");
    if (!own || disabled || element.closest(".hidden-label, .skip-link")) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const text = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const opacity = Number(style.opacity);
    const ratio = contrast(over([...colour(text).slice(0, 3), colour(text)[3] * opacity], below), below);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) texts.add(`${tell(element)} has a contrast of ${ratio.toFixed(2)}`);
  }
  wrong.push(...texts);
  for (const input of all.filter((one) => one.matches("input.input, select.input"))) {
    const ratio = contrast(over(colour(getComputedStyle(input).borderTopColor), ground(input.parentElement)), ground(input.parentElement));
    if (ratio < 3) wrong.push(`the border of ${tell(input)} ${input.name} has a contrast of ${ratio.toFixed(2)}`);
  }

  // Size of what is touched: 2.5.8
  for (const element of all.filter((one) => one.matches("button, input, select"))) {
    const box = (element.closest("label") ?? element).getBoundingClientRect();
    if (box.height < 24 || box.width < 24) wrong.push(`${tell(element)} is only ${Math.round(box.width)} x ${Math.round(box.height)}`);
  }

  // Layout: nothing sticks out, nothing is cut off (1.4.10)
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${width}`);
  for (const element of all) {
    const box = element.getBoundingClientRect();
    const inside = element.closest(".table-wrap, .hidden-label, .side, .skip-link, thead, svg");
    if (!inside && box.width > 0 && (box.right > width + 1 || box.left < -1)) wrong.push(`${tell(element)} sticks out: ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`);
    if (element.matches("button, .badge, h1, h2, h3, label, td > *") && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline" && element.clientWidth > 0) wrong.push(`${tell(element)} is cut off`);
  }
  for (const wrap of all.filter((one) => one.matches(".table-wrap"))) if (wrap.scrollWidth > wrap.clientWidth + 1) wrong.push(`a table is ${wrap.scrollWidth} wide in ${wrap.clientWidth}`);
  const tops = all.filter((one) => one.matches(".button, .badge, .nav-link"));
  for (let i = 0; i < tops.length; i++) for (let j = i + 1; j < tops.length; j++) {
    if (tops[i].contains(tops[j]) || tops[j].contains(tops[i])) continue;
    const [a, b] = [tops[i].getBoundingClientRect(), tops[j].getBoundingClientRect()];
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1 && !tops[i].closest(".side, .top, .toasts") && !tops[j].closest(".side, .top, .toasts")) wrong.push(`${tell(tops[i])} lies over ${tell(tops[j])}`);
  }
  return wrong;
}
