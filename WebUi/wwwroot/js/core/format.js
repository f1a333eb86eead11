/** Numbers, sizes and times as people read them. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes with a binary unit, like 64 GiB or 1.5 MiB. */
export function bytes(value) {
  let unit = 0;
  let rest = value;
  while (Math.abs(rest) >= 1024 && unit < BINARY.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${number(rest)} ${BINARY[unit]}`;
}

/** A rate of bytes. */
export const rate = (value) => `${bytes(value)}/s`;

/** A number with three digits that count. */
export function number(value) {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e5) return `${number(value / 1000)} k`;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** A whole number with separators. */
export const count = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });

/** "1 volume", "2 volumes". */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** A share as a percentage. */
export const percent = (share) => `${(share * 100).toLocaleString("en-US", { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;

/** A short time, like 350 µs or 1.2 ms. */
export function latency(seconds) {
  if (seconds === 0) return "0 ms";
  return seconds < 0.001 ? `${number(seconds * 1e6)} µs` : seconds < 1 ? `${number(seconds * 1e3)} ms` : `${number(seconds)} s`;
}

/** Seconds as two units that count, like 3 d 4 h. */
export function duration(seconds) {
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).reduce(([text, rest], [unit, size]) => {
    const whole = Math.floor(rest / size);
    return [whole > 0 ? `${text} ${whole} ${unit}` : text, rest % size];
  }, ["", seconds])[0].trim();
}

/** How long ago, like "5 min ago". */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 90) return `${Math.floor(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** A date and time of here, like 2026-11-28 06:45:12. */
export function time(value) {
  const date = new Date(value);
  const two = (part) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Days as words, like "about 3 months". */
export function days(value) {
  if (value < 2) return `${Math.max(1, Math.round(value * 24))} hours`;
  if (value < 60) return `${Math.round(value)} days`;
  if (value < 730) return `${Math.round(value / 30.4)} months`;
  return "more than 2 years";
}

/** The words of a camel-case name, like "store failing". */
export const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
