/** Commands to type somewhere else, with a button that copies them. */
import { h } from "../core/dom.js";
import { button } from "./button.js";
import { done, failed } from "./toast.js";

/** title: where to type them; lines: the commands. */
export function commands(title, lines) {
  const text = lines.join("\n");
  return h("div", { class: "commands" },
    h("div", { class: "bar-top" }, h("span", {}, title), button("Copy", { kind: "quiet", size: "small", icon: "copy", label: `Copy: ${title}`, onClick: () => copy(text) })),
    h("pre", {}, text));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    done("Copied.");
  } catch {
    failed(new Error("The browser does not let the page copy: mark the text instead."));
  }
}
