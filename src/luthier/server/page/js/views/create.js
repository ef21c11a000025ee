// @ts-check
// A new study: a form for its parameters, or the text of a space file.

import { act, acts } from "../api.js";
import { makeOutcome } from "../acting.js";
import { h } from "../dom.js";

const KINDS = ["float", "float, log", "int", "int, log", "choices"];
const EXAMPLE = "lr: {low: 1.0e-5, high: 0.1, scale: log}\nlayers: {low: 1, high: 4}\noptimizer: [adam, sgd]";

/** @param {string} label @param {string} type @param {Record<string, any>} [more] */
function input(label, type, more) {
  return /** @type {HTMLInputElement} */ (
    h("input", { type, "aria-label": label, placeholder: label, ...more }));
}

/** One parameter of the form. */
function paramLine() {
  const name = input("Name", "text");
  const kind = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": "Kind",
    onchange: () => show() }, KINDS.map((text) => h("option", null, text))));
  const [low, high] = [input("Lowest", "number", { step: "any" }), input("Highest", "number", { step: "any" })];
  const choices = input("Choices, with commas", "text");
  const show = () => {
    const isChoice = kind.value === "choices";
    low.hidden = high.hidden = isChoice;
    choices.hidden = !isChoice;
  };
  show();
  const read = () => {
    if (!name.value) return [];
    const [type, log] = kind.value.split(", ");
    const dist = type === "choices" ? choices.value.split(",").map((text) => text.trim())
      : { type, low: Number(low.value), high: Number(high.value), ...(log ? { scale: "log" } : {}) };
    return [[name.value, dist]];
  };
  return { node: h("div", { class: "bar" }, name, kind, low, high, choices), read };
}

export async function showCreate() {
  if (!acts()) return { node: h("div", null, h("h1", null, "New study"), h("p", null, "This page only reads.")) };
  const name = input("Name", "text", { required: true, maxlength: 1000 });
  const direction = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": "Direction" },
    h("option", null, "minimize"), h("option", null, "maximize")));
  const lines = [paramLine()];
  const list = h("div", null, lines[0].node);
  const text = /** @type {HTMLTextAreaElement} */ (h("textarea", { id: "yaml", rows: 6,
    placeholder: EXAMPLE, spellcheck: "false" }));
  const outcome = makeOutcome();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    outcome.run(async () => {
      const space = text.value.trim() ? text.value
        : Object.fromEntries(lines.flatMap((line) => line.read()));
      const made = await act("studies", { name: name.value, direction: direction.value, space });
      location.hash = `#/s/${made.id}/controls`;
      return `Study ${made.name} is there.`;
    });
  };
  return {
    node: h("form", { onsubmit: submit }, h("h1", null, "New study"),
      h("div", { class: "bar" }, name, direction),
      h("h2", null, "Parameters"), list,
      h("button", { type: "button", onclick: () => {
        lines.push(paramLine());
        list.append(lines[lines.length - 1].node);
      } }, "One more"),
      h("h2", null, h("label", { for: "yaml" }, "Or a space file in YAML")), text,
      h("div", { class: "bar" }, h("button", { type: "submit" }, "Create")), outcome.node,
      h("p", { class: "faint" }, "Workers then join it by its name: luthier worker NAME train.py:objective")),
  };
}
