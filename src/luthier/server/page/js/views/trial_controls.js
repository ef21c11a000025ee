// @ts-check
// What can be done with one trial: notes, a star, its end, and more like it.

import { act, acts } from "../api.js";
import { actButton, makeOutcome } from "../acting.js";
import { h } from "../dom.js";

/**
 * The part of a trial's view in which something is done. What somebody types stays as it is while
 * the trial changes.
 * @param {number} study
 * @param {number} number
 * @param {string[]} objectives
 * @param {() => Promise<void>} again reads the trial anew
 */
export function trialControls(study, number, objectives, again) {
  const [known, buttons, outcome] = [h("div"), h("div", { class: "bar" }), makeOutcome()];
  /** @param {string} verb @param {object} body @param {(answer: any) => string} say */
  const perform = (verb, body, say) => outcome.run(async () => {
    const text = say(await act(`studies/${study}/trials/${number}/${verb}`, body));
    await again();
    return text;
  });
  const remark = (/** @type {object} */ body, /** @type {string} */ text) =>
    perform("remark", body, () => text);

  const note = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { id: "note", rows: 3, maxlength: 10000 }));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (
    h("input", { type: "text", "aria-label": name, placeholder: name, maxlength: 1000 }));
  const [tag, value] = [field("Name of a tag"), field("Its value, or none")];
  const writing = [h("label", { for: "note" }, "Note"), note, h("div", { class: "bar" },
    actButton("Save the note", () => remark({ note: note.value }, "Saved.")), tag, value,
    actButton("Tag", () => remark({ tags: { [tag.value]: value.value || null } }, "Tagged.")))];

  const values = objectives.map((/** @type {string} */ name) => /** @type {HTMLInputElement} */ (
    h("input", { type: "number", step: "any", required: true, "aria-label": `Value: ${name}`,
      placeholder: name })));
  const entering = h("form", { class: "bar", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    perform("enter", { values: values.map((input) => Number(input.value)) },
      () => "The value is entered.");
  } }, h("span", null, "Run by hand?"), values, h("button", { type: "submit" }, "Enter the value"));

  const title = h("h2", null, acts() ? "Do" : "Remarks");
  const node = h("section", null, title, known, acts() && [buttons, outcome.node, entering, writing].flat());
  let stored = "";
  let drawn = "";

  /** @param {any} trial @param {any} controls */
  const update = (trial, controls) => {
    const said = { note: "", star: false, hidden: false, tags: {}, ...controls.remarks[number] };
    known.replaceChildren(...describe(said, controls.stopping.includes(number)));
    node.hidden = !acts() && !known.hasChildNodes();
    entering.hidden = !["waiting", "running", "paused"].includes(trial.state);
    const now = JSON.stringify([trial.state, said.star, said.hidden]);
    if (now !== drawn) buttons.replaceChildren(...drawButtons(study, trial, said, perform, remark));
    drawn = now;
    if (note.value === stored) note.value = said.note; // nobody has typed
    stored = said.note;
  };
  return { node, update };
}

/** @param {any} said @param {boolean} isStopping */
function describe(said, isStopping) {
  const marks = [said.star && "★ starred", said.hidden && "hidden: its result does not count",
    isStopping && "is to stop"].filter(Boolean);
  const tags = Object.entries(said.tags).map(([name, value]) =>
    `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [
    marks.length > 0 && h("p", null, marks.join("; ")),
    tags.length > 0 && h("p", null, "Tagged here: ", tags.join("; ")),
    said.note && !acts() && h("p", null, said.note),
  ].filter(Boolean);
}

/** @param {number} study @param {any} trial @param {any} said @param {any} perform @param {any} remark */
function drawButtons(study, trial, said, perform, remark) {
  const is = trial.state;
  const isOver = !["waiting", "running", "paused"].includes(is);
  return [
    actButton(said.star ? "Take the star" : "Star", () => remark({ star: !said.star }, "Done.")),
    isOver && actButton(said.hidden ? "Count it again" : "Hide its result",
      () => remark({ hidden: !said.hidden }, "Done.")),
    ["running", "paused"].includes(is) && actButton("Stop",
      () => perform("stop", {}, () => "It stops where it next asks.")),
    !isOver && actButton("Fail", () => perform("fail", {}, () => "It has failed."), "Really fail it?"),
    is === "failed" && actButton("Retry", () => perform("retry", {}, () => "It waits.")),
    actButton("One near this", () =>
      perform("nearby", {}, (/** @type {any} */ a) => `Trial ${a.numbers[0]} is run next.`)),
    h("a", { href: `#/s/${study}/controls?from=${trial.number}` }, "Run with changes"),
  ].filter((node) => node !== false);
}
