/** Every view of the page, its address, and where it stands in the navigation. */
import { overview } from "./overview.js";
import { volumes } from "./volumes.js";
import { volume } from "./volume.js";
import { targets } from "./targets.js";
import { target } from "./target.js";
import { hosts } from "./hosts.js";
import { sessions } from "./sessions.js";
import { schedules } from "./schedules.js";
import { integrity } from "./integrity.js";
import { jobs } from "./jobs.js";
import { pool } from "./pool.js";
import { cache } from "./cache.js";
import { events } from "./events.js";
import { audit } from "./audit.js";
import { settings } from "./settings.js";
import { access } from "./access.js";

/** nav: the link that is marked while the view is shown. */
export const routes = [
  { path: "/", nav: "/", view: overview },
  { path: "/volumes", nav: "/volumes", view: volumes },
  { path: "/volumes/:name", nav: "/volumes", view: volume },
  { path: "/targets", nav: "/targets", view: targets },
  { path: "/targets/:iqn", nav: "/targets", view: target },
  { path: "/hosts", nav: "/hosts", view: hosts },
  { path: "/sessions", nav: "/sessions", view: sessions },
  { path: "/schedules", nav: "/schedules", view: schedules },
  { path: "/pool", nav: "/pool", view: pool },
  { path: "/cache", nav: "/cache", view: cache },
  { path: "/integrity", nav: "/integrity", view: integrity },
  { path: "/jobs", nav: "/jobs", view: jobs },
  { path: "/events", nav: "/events", view: events },
  { path: "/audit", nav: "/audit", view: audit },
  { path: "/settings", nav: "/settings", view: settings },
  { path: "/access", nav: "/access", view: access },
];

/** The navigation. scope: what a log-in needs to see the link. */
export const groups = [
  { links: [{ href: "/", icon: "overview", title: "Overview" }] },
  {
    title: "Storage",
    links: [
      { href: "/volumes", icon: "volumes", title: "Volumes" },
      { href: "/schedules", icon: "schedules", title: "Schedules" },
      { href: "/targets", icon: "targets", title: "Targets" },
      { href: "/hosts", icon: "hosts", title: "Hosts and CHAP" },
      { href: "/sessions", icon: "sessions", title: "Sessions" },
    ],
  },
  {
    title: "System",
    links: [
      { href: "/pool", icon: "pool", title: "Pool" },
      { href: "/cache", icon: "cache", title: "Read cache" },
      { href: "/integrity", icon: "good", title: "Integrity" },
      { href: "/jobs", icon: "jobs", title: "Jobs" },
      { href: "/events", icon: "events", title: "Events" },
      { href: "/audit", icon: "audit", title: "Audit log", scope: "system" },
      { href: "/settings", icon: "settings", title: "Settings" },
      { href: "/access", icon: "access", title: "Users and tokens", scope: "system" },
    ],
  },
];
