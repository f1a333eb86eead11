/** Line icons, drawn here, 24 by 24. Decoration: what they mean always stands beside them in words. */
import { h } from "../core/dom.js";

const PATHS = {
  overview: "M4 20v-7M10 20V8M16 20v-9M22 20H2M20 4l-5 3-5-3-6 4",
  volumes: "M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3ZM4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  targets: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 1v4M12 19v4M1 12h4M19 12h4",
  hosts: "M4 4h16v11H4zM9 20h6M12 15v5",
  sessions: "M8 7h12M17 4l3 3-3 3M16 17H4M7 14l-3 3 3 3",
  pool: "M3 5h18v6H3zM3 13h18v6H3zM7 8h.01M7 16h.01M11 8h6M11 16h6",
  cache: "M13 2 4 14h7l-1 8 9-12h-7z",
  jobs: "M12 3a9 9 0 1 0 9 9M12 7v5l3 2M17 3h4v4M21 3l-5 5",
  events: "M6 9a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7ZM10 20a2 2 0 0 0 4 0",
  audit: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  access: "M15 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM3 21a8 8 0 0 1 13-6.2M17 17h5M19.500 14.500v5",
  schedules: "M4 5h16v15H4zM4 10h16M8 3v4M16 3v4M9 15l2 2 4-4",
  backend: "M7 18a5 5 0 1 1 1-9.900A6 6 0 0 1 19.500 10 4 4 0 0 1 18 18Z",
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l5 5",
  warning: "M12 3 2 20h20zM12 10v4M12 17h.01",
  good: "M4 12l5 5L20 6",
  bad: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 8v5M12 16h.01",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  moon: "M15.500 4A8.500 8.500 0 1 0 20 15.500 7 7 0 0 1 15.500 4Z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M5 19l1.400-1.400M17.600 6.400 19 5",
  leave: "M14 4h6v16h-6M10 8l-4 4 4 4M6 12h10",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7Z",
  branch: "M6 4v16M6 14c8 0 12-2 12-8M15 8l3-3 3 3",
  back: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  key: "M15 4a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM11.500 12.500 3 21M6 18l3 3",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
};

/** An icon by name. */
export function icon(name) {
  return h("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: PATHS[name] }));
}
