/** The appliance's health in one sentence, the worst thing first. Pure. */
import { bytes, percent, plural } from "../core/format.js";

/** { tone, sentence, detail } of a status. */
export function health(status) {
  if (!status.engine) return { tone: "warn", sentence: "The appliance is starting.", detail: "Hosts are answered as soon as the engine is open." };
  const { engine, pool } = status;
  if (engine.health !== "Online") {
    const sentence = {
      StoreFailing: "The store fails for now; writes go on until the log is full.",
      OutOfSpace: "The pool is full; hosts' writes will soon be refused.",
      ReadOnly: "The write log cannot be made durable: the volumes are read-only.",
      Faulted: "The engine has met a defect and serves nothing it cannot vouch for.",
    }[engine.health] ?? "The engine is not well.";
    return { tone: engine.health === "StoreFailing" ? "warn" : "bad", sentence, detail: engine.cause };
  }
  const free = pool ? pool.freeBytes / pool.totalBytes : 1;
  if (free < 0.1) return { tone: free < 0.02 ? "bad" : "warn", sentence: `Only ${percent(free)} of the pool are free.`, detail: "Delete volumes or snapshots, or add space." };
  if (engine.logUsedBytes > engine.logCapacityBytes * 0.8) return { tone: "warn", sentence: "The write log is nearly full: hosts write faster than the pool takes it.", detail: "Writers are slowed down until the pool has caught up." };
  return {
    tone: "good",
    sentence: "Everything works.",
    detail: `${plural(status.volumes, "volume")} behind ${plural(status.targets, "target")}, ${plural(status.sessions, "session")} of hosts${pool ? `, ${bytes(pool.freeBytes)} free` : ""}.`,
  };
}
