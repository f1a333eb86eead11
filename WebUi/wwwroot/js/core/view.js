/**
 * One view in the main area: loads its data, shows it, keeps it fresh. While it loads for the first time there is a skeleton; a failure of the first
 * load shows itself with a way to try again; a later one leaves what is shown, and the frame tells that the appliance does not answer.
 */
import { h, render } from "./dom.js";
import { ApiError } from "./api.js";
import { listen } from "./live.js";
import { icon } from "../ui/icons.js";
import { button } from "../ui/button.js";

const SKELETON_DELAY_MS = 150;

export class View {
  /** definition: title(data, params), load(params, view), show(data, view), refreshMs. */
  constructor(container, definition, params) {
    this.container = container;
    this.definition = definition;
    this.params = params;
    this.state = {};
    this.data = undefined;
    this.endings = [];
    this.loading = false;
  }

  /** Shows it. */
  open() {
    const waiting = setTimeout(() => this.data === undefined && !this.failed && render(this.container, skeleton()), SKELETON_DELAY_MS);
    this.endings.push(() => clearTimeout(waiting));
    this.onLive("state", (state) => state === "live" && this.data !== undefined && this.refresh());
    this.onLive("event", () => this.refresh());
    if (this.definition.refreshMs) {
      const timer = setInterval(() => !document.hidden && this.refresh(), this.definition.refreshMs);
      this.endings.push(() => clearInterval(timer));
    }
    return this.refresh();
  }

  /** Listens to the live stream as long as the view is shown. */
  onLive(topic, callback) {
    this.endings.push(listen(topic, callback));
  }

  /** Asks for nothing while work runs after which the thing may be gone; goes on where it is still there (the answer is null). */
  async hold(work) {
    this.held = true;
    const result = await work();
    this.held = result != null;
    return result;
  }

  /** Loads anew and shows it. */
  async refresh() {
    if (this.closed || this.held) return;
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    try {
      const data = await this.definition.load(this.params, this);
      if (this.closed) return;
      this.data = data ?? null;
      this.failed = null;
      this.update();
    } catch (error) {
      if (this.closed) return;
      if (!(error instanceof ApiError)) throw error;
      if (this.data === undefined || error.status === 404) this.fail(error);
    } finally {
      this.loading = false;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    }
  }

  /** Shows what is known, after a change of the view's own state. */
  update() {
    if (this.closed || this.data === undefined || this.failed) return;
    document.title = `${this.title()} · Lunaria`;
    render(this.container, h("div", { class: "page", key: this.definition.name }, this.definition.show(this.data, this)));
  }

  /** Ends it. */
  close() {
    this.closed = true;
    for (const end of this.endings) end();
  }

  title() {
    return typeof this.definition.title === "function" ? this.definition.title(this.params, this.data) : this.definition.title;
  }

  fail(error) {
    this.failed = error;
    document.title = `${this.title()} · Lunaria`;
    const missing = error.status === 404;
    render(this.container, h("div", { class: "page", key: "failed" },
      h("h1", { tabindex: "-1" }, this.title()),
      h("div", { class: "card nothing", role: "alert" },
        icon(missing ? "search" : "warning"),
        h("strong", {}, missing ? "Not there" : error.type === "unreachable" ? "The appliance does not answer" : "This could not be shown"),
        h("p", {}, error.type === "unreachable" ? "It may be starting. The page goes on by itself as soon as it answers." : error.message),
        button("Try again", { onClick: () => this.refresh() }))));
    if (!missing) {
      const timer = setTimeout(() => this.refresh(), 2000);
      this.endings.push(() => clearTimeout(timer));
    }
  }
}

function skeleton() {
  return h("div", { class: "page skeleton", key: "skeleton", "aria-busy": "true" }, h("p", { class: "hidden-label" }, "Loading"), h("span"), h("span"), h("span"));
}
