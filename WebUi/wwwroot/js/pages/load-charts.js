/** The charts of what hosts do. */
import { h } from "../core/dom.js";
import { number, rate, bytes, latency, percent } from "../core/format.js";
import { chart } from "../ui/chart.js";
import { segments } from "../ui/pieces.js";

const SPAN_MS = { now: 600_000, day: 86_400_000 };

/** Adds a sample of the live stream, and forgets what is out of sight. */
export function addSample(load, sample) {
  if (load.samples.at(-1)?.time === sample.time) return;
  load.samples.push(sample);
  const first = new Date(sample.time) - SPAN_MS.now;
  while (load.samples.length && new Date(load.samples[0].time) < first) load.samples.shift();
}

/** All of them, with the choice of the span. */
export function loadCharts(load, status, view) {
  const span = view.state.span ?? "now";
  const to = load.samples.length ? +new Date(load.samples.at(-1).time) : Date.now();
  const common = { from: to - SPAN_MS[span], to, gapMs: load.stepSeconds * 3500 };
  const line = (name, color, field) => ({ name, color, points: load.samples.filter((sample) => sample[field] != null).map((sample) => [+new Date(sample.time), sample[field]]) });
  const choose = (chosen) => {
    view.state.span = chosen;
    view.refresh();
  };
  return h("section", { class: "stack", "aria-label": "Load" },
    h("div", { class: "row" },
      h("h2", {}, "Load"),
      segments("Span of the charts", [["now", "10 minutes"], ["day", "24 hours"]], span, choose)),
    h("div", { class: "charts" },
      chart({ ...common, title: "Commands", unit: (value) => `${number(value)}/s`, series: [line("Reads", 1, "readsPerSecond"), line("Writes", 2, "writesPerSecond")] }),
      chart({ ...common, title: "Throughput", unit: rate, base: 1024, series: [line("Read", 1, "readBytesPerSecond"), line("Written", 2, "writtenBytesPerSecond")] }),
      chart({ ...common, title: "Average latency", unit: latency, least: 0.001, series: [line("Read", 1, "readSeconds"), line("Write", 2, "writeSeconds")] }),
      chart({ ...common, title: "Cache hits", unit: percent, least: 1, series: [line("Of what is read from segments", 4, "cacheHitShare")] }),
      chart({ ...common, title: "Write log", unit: bytes, base: 1024, series: [line("Waiting for the pool", 3, "logUsedBytes")] })));
}
