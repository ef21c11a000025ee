// @ts-check
// A new study: a form for its parameters, or the text of a space file.

import { act, acts } from "../api.js";
import { makeOutcome, onlyReads } from "../acting.js";
import { h } from "../dom.js";
import { bar, button, faint, input } from "../parts.js";
import { t } from "../words.js";

const KINDS = ["float", "float, log", "int", "int, log", "choices"];
const EXAMPLE = "lr: {low: 1.0e-5, high: 0.1, scale: log}\nlayers: {low: 1, high: 4}\noptimizer: [adam, sgd]";

/** One parameter of the form. */
function paramLine() {
  const name = input(t`Name`, "text");
  const kind = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": t`Kind`,
    onchange: () => show() }, KINDS.map((text) => h("option", null, text))));
  const [low, high] = [input(t`Lowest`, "number"), input(t`Highest`, "number")];
  const choices = input(t`Choices, with commas`, "text");
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
  return { node: bar(name, kind, low, high, choices), read };
}

export async function showCreate() {
  if (!acts()) return { node: h("div", null, h("h1", null, t`New study`), onlyReads()) };
  const name = input(t`Name`, "text", { required: true, maxlength: 1000 });
  const direction = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": t`Direction` },
    h("option", { value: "minimize" }, t`minimize`), h("option", { value: "maximize" }, t`maximize`)));
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
      return t`Study ${made.name} is there.`;
    });
  };
  return {
    node: h("form", { onsubmit: submit }, h("h1", null, t`New study`),
      bar(name, direction),
      h("h2", null, t`Parameters`), list,
      button(t`One more`, () => {
        lines.push(paramLine());
        list.append(/** @type {any} */ (lines.at(-1)).node);
      }),
      h("h2", null, h("label", { for: "yaml" }, t`Or a space file in YAML`)), text,
      bar(h("button", { type: "submit" }, t`Create`)), outcome.node,
      faint(t`Workers then join it by its name: luthier worker NAME train.py:objective`)),
  };
}
