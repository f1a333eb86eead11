/**
 * A chart over time, drawn as SVG: lines with axes, units and a legend that tells the newest values, or those under the pointer. The element draws
 * itself anew when its data or its width change.
 */
import { h, render } from "../core/dom.js";
import { marks, timeMarks } from "./scale.js";

const EDGE = { left: 62, right: 10, top: 8, bottom: 22 };

/** title; unit(value): a value in words; base: 1024 for bytes; from, to: ms; gapMs: how far two points
 * may lie apart and still be joined; series: { name, color 1-4, points: [ms, value] }; least: the least
 * top of the axis. */
export function chart({ title, unit, base = 10, from, to, gapMs = Infinity, series, least = 0, low = false, note }) {
  const description = series.map((one) => `${one.name} ${one.points.length ? unit(one.points.at(-1)[1]) : "unknown"}`).join(", ");
  return h("figure", { class: "card chart-card" },
    h("figcaption", { class: "chart-head" }, h("h3", {}, title),
      note && h("span", { class: "muted small" }, note),
      series.length > 0 && h("span", { class: "legend" }, series.map((one) => h("span", {},
        h("i", { class: `swatch-${one.color}` }), one.name, h("b", {}, one.points.length ? unit(one.points.at(-1)[1]) : "–"))))),
    h("lunaria-chart", { class: low ? "low" : null, role: "img", "aria-label": `${title}, now: ${description}`, keep: true, ".content": { unit, base, from, to, gapMs, series, least } }));
}

class Chart extends HTMLElement {
  #content = null;
  #width = 0;
  #pointer = null;
  #observer = new ResizeObserver(([entry]) => {
    this.#width = Math.round(entry.contentRect.width);
    this.#draw();
  });

  connectedCallback() {
    this.#observer.observe(this);
    this.onpointermove = (event) => {
      this.#pointer = event.offsetX;
      this.#draw();
    };
    this.onpointerleave = () => {
      this.#pointer = null;
      this.#draw();
    };
  }

  disconnectedCallback() {
    this.#observer.disconnect();
  }

  get content() {
    return null;
  }

  set content(value) {
    this.#content = value;
    this.#draw();
  }

  #draw() {
    if (!this.#content || this.#width === 0) return;
    const { unit, base, from, to, gapMs, series, least } = this.#content;
    const height = this.clientHeight;
    const right = this.#width - EDGE.right;
    const bottom = height - EDGE.bottom;
    const steps = marks(Math.max(least, ...series.flatMap((one) => one.points.map((point) => point[1]))), base);
    const top = steps.at(-1);
    const x = (at) => EDGE.left + ((at - from) / (to - from)) * (right - EDGE.left);
    const y = (value) => bottom - (Math.min(value, top) / top) * (bottom - EDGE.top);
    const { list, step } = timeMarks(from, to);
    render(this, h("svg", { "aria-hidden": "true" },
      steps.map((value) => h("g", { key: `y${value}` },
        h("line", { class: value === 0 ? "axis" : "grid", x1: EDGE.left, x2: right, y1: Math.round(y(value)), y2: Math.round(y(value)) }),
        h("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, unit(value)))),
      list.filter((at) => x(at) < right - 14 && x(at) > EDGE.left + 14).map((at) => h("text", { key: `x${at}`, x: x(at), y: height - 5, "text-anchor": "middle" }, clock(at, step))),
      series.map((one) => lines(one, gapMs, x, y, bottom)),
      this.#cursor(series, unit, x, { from, to, right, bottom })));
  }

  #cursor(series, unit, x, { from, to, right, bottom }) {
    if (this.#pointer === null || this.#pointer < EDGE.left || this.#pointer > right) return null;
    const at = from + ((this.#pointer - EDGE.left) / (right - EDGE.left)) * (to - from);
    const values = series.map((one) => [one.name, nearest(one.points, at)]).filter(([, point]) => point);
    if (values.length === 0) return null;
    const place = x(values[0][1][0]);
    const left = place > (EDGE.left + right) / 2;
    return h("g", { key: "cursor" },
      h("line", { class: "cursor", x1: place, x2: place, y1: EDGE.top, y2: bottom }),
      [clock(values[0][1][0], 1), ...values.map(([name, point]) => `${name} ${unit(point[1])}`)].map((text, index) =>
        h("text", { x: place + (left ? -8 : 8), y: EDGE.top + 12 + index * 15, "text-anchor": left ? "end" : "start" }, text)));
  }
}

function lines({ points, color, name }, gapMs, x, y, bottom) {
  const runs = [];
  for (const point of points) {
    if (runs.length && point[0] - runs.at(-1).at(-1)[0] <= gapMs) runs.at(-1).push(point);
    else runs.push([point]);
  }
  const drawn = runs.map((run) => ({ line: run.map(([at, value]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("L"), first: x(run[0][0]).toFixed(1), last: x(run.at(-1)[0]).toFixed(1) }));
  return h("g", { key: `line-${name}` },
    h("path", { class: `area area-${color}`, d: drawn.map(({ line, first, last }) => `M${line}L${last} ${bottom}L${first} ${bottom}Z`).join("") }),
    h("path", { class: `line-${color}`, d: drawn.map(({ line }) => `M${line}`).join("") }));
}

function nearest(points, at) {
  return points.reduce((best, point) => (best && Math.abs(best[0] - at) <= Math.abs(point[0] - at) ? best : point), null);
}

function clock(at, step) {
  const date = new Date(at);
  const two = (part) => String(part).padStart(2, "0");
  if (step >= 86400) return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}${step < 60 ? `:${two(date.getSeconds())}` : ""}`;
}

customElements.define("lunaria-chart", Chart);
