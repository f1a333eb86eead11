/**
 * The live stream: one for the whole page, also across restarts of the appliance. Topics: "status" and "load" each second, "event", and "state"
 * (connecting, live, lost). Sleeps while nobody looks at the page.
 */

const topics = new Map();
const RETRY_MS = [500, 1000, 2000, 4000];
let source = null;
let retries = 0;
let timer = 0;
let running = false;

/** The newest of what was told, for whoever comes later. */
export const latest = { status: null, load: null, state: "connecting" };

/** Calls back on a topic until the returned function is called. */
export function listen(topic, callback) {
  if (!topics.has(topic)) topics.set(topic, new Set());
  topics.get(topic).add(callback);
  return () => topics.get(topic).delete(callback);
}

/** Begins, after log-in. */
export function start() {
  running = true;
  connect();
}

/** Ends, at log-out. */
export function stop() {
  running = false;
  close();
}

function tell(topic, value) {
  if (topic in latest) latest[topic] = value;
  for (const callback of [...(topics.get(topic) ?? [])]) callback(value);
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function connect() {
  close();
  if (!running || document.hidden) return;
  source = new EventSource("/api/v1/events/stream");
  source.addEventListener("status", (message) => {
    const { status, load } = JSON.parse(message.data);
    retries = 0;
    if (latest.state !== "live") tell("state", "live");
    tell("status", status);
    if (load) tell("load", load);
  });
  source.addEventListener("event", (message) => tell("event", JSON.parse(message.data).event));
  source.onerror = async () => {
    close();
    if (!running) return;
    if (retries > 0 || latest.state === "live") tell("state", "lost");
    // The stream does not tell why it failed: an answer that nobody is logged in ends it.
    const answer = await fetch("/api/v1/status", { cache: "no-store" }).catch(() => null);
    if (answer?.status === 401) tell("loggedOut", null);
    else if (running) timer = setTimeout(connect, RETRY_MS[Math.min(retries++, RETRY_MS.length - 1)]);
  };
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : connect()));
