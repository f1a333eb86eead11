/** Is everything what it should be: checks, background verification, the audit of the store, garbage. */
import { h } from "../core/dom.js";
import * as api from "../core/api.js";
import { can } from "../core/session.js";
import { bytes, count, percent, rate } from "../core/format.js";
import { head, card, facts, bar, badge, notice, when } from "../ui/pieces.js";
import { table } from "../ui/table.js";
import { button } from "../ui/button.js";
import { failed } from "../ui/toast.js";
import { startCheck, startAudit, setVerification, setCollection, collectNow, backUp } from "./integrity-dialogs.js";

export const integrity = {
  name: "integrity",
  title: "Integrity",
  async load() {
    const jobs = await api.get("/jobs");
    // What was never begun has no last result to ask for.
    const last = (kind, url) => (jobs.some((job) => job.kind === kind && job.state === "succeeded") ? api.get(url) : null);
    const [check, audit, scrub, garbage] = await Promise.all([last("check", "/integrity/checks/last"), last("pool.audit", "/integrity/audits/last"), api.get("/scrub"), api.get("/gc")]);
    return { check, audit, scrub, garbage };
  },
  refreshMs: 5000,
  show: ({ check, audit, scrub, garbage }, view) => [
    head("Integrity", {
      lead: "Whether metadata, map and pool agree, and what can be given back. Long work runs as jobs, while volumes are in use.",
      actions: can("system") ? [button("Back up lunaria.db", { onClick: act(view, backUp) })] : [],
    }),
    damages(scrub.damages),
    card("Background verification", { actions: [can("system") && button("Change", { size: "small", label: "Change background verification", onClick: act(view, () => setVerification(scrub)) })] }, verification(scrub)),
    card("Check", { actions: [can("volumes") && button("Check now", { size: "small", onClick: act(view, startCheck) })] }, lastCheck(check, view)),
    card("Audit of the store", { actions: [can("system") && button("Audit now", { size: "small", onClick: act(view, startAudit) })] }, lastAudit(audit)),
    card("Garbage", { actions: can("system") ? [button("Change", { size: "small", label: "Change garbage collection", onClick: act(view, () => setCollection(garbage)) }), button("Collect now", { size: "small", onClick: act(view, collectNow) })] : [] }, collection(garbage, view)),
  ],
};

const act = (view, work) => async () => {
  try {
    if (await work()) view.refresh();
  } catch (error) {
    failed(error);
  }
};

const damages = (list) => list.length > 0 && notice("bad", h("strong", {}, "Damage was found."), h("ul", {}, list.map((one) => h("li", {}, `${one.subject}: ${one.detail} ${one.remedy}`))));

const verification = (scrub) => facts([
  ["Rate", scrub.bytesPerSecond ? rate(scrub.bytesPerSecond) : "rests"],
  ["This pass", scrub.end ? h("span", { class: "used" }, `${count(scrub.position)} of ${count(scrub.end)} segments`, bar(scrub.position / scrub.end, "Verified in this pass", { thin: true, warnAt: 2, badAt: 2 })) : "nothing to read"],
  ["Read since the start", bytes(scrub.readBytes)],
  ["Last whole pass", scrub.lastPass ? when(scrub.lastPass) : "none yet"],
  ["Damaged", scrub.damages.length ? badge(count(scrub.damages.length), "bad") : badge("nothing", "good")],
]);

function lastCheck(check, view) {
  if (!check) return h("p", { class: "muted" }, "None since the start.");
  return h("div", { class: "stack" },
    facts([
      ["Ended", when(check.ended)],
      ["Looked at", check.volume ?? "everything"],
      ["Found", check.isSound ? badge("nothing wrong", "good") : badge(`${count(check.findings.length + check.leftOut)} findings`, "bad")],
      ["Went through", `${count(check.leaves)} leaves, ${count(check.segments)} segments${check.readBlocks ? `, ${count(check.blocksRead)} blocks` : ""}`],
    ]),
    check.findings.length > 0 && table(view, "findings", {
      noun: "finding",
      plain: true,
      rows: check.findings.map((finding, index) => ({ ...finding, index })),
      key: (finding) => finding.index,
      columns: [
        { name: "kind", title: "Kind", cell: (finding) => h("span", { class: "mono" }, finding.kind) },
        { name: "subject", title: "Of", cell: (finding) => finding.subject },
        { name: "detail", title: "What", cell: (finding) => finding.detail },
        { name: "remedy", title: "What to do", cell: (finding) => finding.remedy },
      ],
    }));
}

function lastAudit(audit) {
  if (!audit) return h("p", { class: "muted" }, "None since the start.");
  return facts([
    ["Ended", when(audit.ended)],
    ["Named", `${count(audit.liveObjects)} objects, ${bytes(audit.liveBytes)}`],
    ["Named by nothing", `${count(audit.orphans.length)} objects, ${bytes(audit.orphanBytes)}${audit.cleared ? `; ${count(audit.cleared)} cleared` : ""}`],
    ["Missing", audit.missing.length ? badge(`${count(audit.missing.length)} objects`, "bad") : badge("none", "good")],
  ]);
}

const collection = (garbage, view) => h("div", { class: "stack" },
  facts([
    ["State", badge(garbage.state, garbage.state === "paused" ? "warn" : garbage.state === "running" ? "accent" : "good")],
    ["Garbage", `${bytes(garbage.garbageBytes)} of ${bytes(garbage.storedBytes)}${garbage.storedBytes ? `, ${percent(garbage.garbageBytes / garbage.storedBytes)}` : ""}`],
    ["At most", garbage.bytesPerSecond ? rate(garbage.bytesPerSecond) : "as fast as it can"],
    ["Copied since the start", bytes(garbage.copiedBytes)],
  ]),
  garbage.volumes.some((one) => one.garbageBytes > 0) && table(view, "garbage", {
    noun: "volume",
    plain: true,
    rows: garbage.volumes.filter((one) => one.garbageBytes > 0).sort((a, b) => b.garbageBytes - a.garbageBytes).slice(0, 20),
    key: (one) => one.volume,
    columns: [
      { name: "volume", title: "Volume", cell: (one) => h("a", { class: "main-link", href: `/volumes/${encodeURIComponent(one.volume)}` }, one.volume) },
      { name: "stored", title: "Stored", number: true, cell: (one) => bytes(one.storedBytes) },
      { name: "garbage", title: "Garbage", number: true, cell: (one) => bytes(one.garbageBytes) },
    ],
  }));
