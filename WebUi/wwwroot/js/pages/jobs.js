/** Work that goes on after the answer. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { bytes, count, percent, time } from "../core/format.js";
import { head, nothing, badge, bar, when } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { done, failed } from "../ui/toast.js";

const STATES = { running: ["Running", "accent"], succeeded: ["Done", "good"], failed: ["Failed", "bad"], cancelled: ["Cancelled", ""] };

export const jobs = {
  name: "jobs",
  title: "Jobs",
  load: () => api.get("/jobs"),
  refreshMs: 2000,
  show: (list, view) => [
    head("Jobs", { lead: "Long work: what runs, and what has ended lately." }),
    table(view, "jobs", {
      noun: "job",
      rows: list,
      key: (job) => job.id,
      search: (job) => `${job.kind} ${job.subject} ${job.who}`,
      empty: h("div", { class: "card" }, nothing("jobs", "No jobs", "Work that takes long, like making a clone independent, appears here with its progress.")),
      columns: [
        { name: "kind", title: "What", cell: (job) => h("span", { class: "main-link" }, job.kind), sort: (job) => job.kind },
        { name: "subject", title: "Of", cell: (job) => h("span", { class: "mono" }, job.subject), sort: (job) => job.subject },
        { name: "state", title: "State", cell: (job) => badge(...STATES[job.state]), sort: (job) => job.state },
        { name: "progress", title: "Progress", cell: progress },
        { name: "who", title: "Begun by", cell: (job) => job.who, sort: (job) => job.who },
        { name: "began", title: "When", cell: (job) => h("span", { title: job.ended ? `ended ${time(job.ended)}` : null }, when(job.began)), sort: (job) => job.began },
        { name: "cancel", title: "", buttons: true, cell: (job) => job.state === "running" && can("volumes") && button("Cancel", { size: "small", label: `Cancel ${job.kind} of ${job.subject}`, onClick: () => cancel(job, view) }) },
      ],
    }),
  ],
};

/** How far a job is. */
export function progress(job) {
  const amount = (value) => (job.unit === "bytes" ? bytes(value) : `${count(value)} ${job.unit}`);
  if (job.state !== "running") return h("span", { class: "muted" }, job.message ?? (job.done ? amount(job.done) : ""));
  if (!job.total) return h("span", { class: "muted" }, job.message ?? "working");
  const share = job.done / job.total;
  return h("span", { class: "progress-line", title: `${amount(job.done)} of ${amount(job.total)}` }, bar(share, `${percent(share)} done`, { warnAt: 2, badAt: 2 }), h("span", { class: "small" }, percent(share)));
}

async function cancel(job, view) {
  try {
    await api.postEmpty(api.path`/jobs/${job.id}/cancel`);
    done("The job ends.");
  } catch (error) {
    failed(error);
  }
  view.refresh();
}
