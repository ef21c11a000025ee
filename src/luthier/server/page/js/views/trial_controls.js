// @ts-check
// What can be done with one trial: notes, a star, its end, and more like it.

import { act, acts } from "../api.js";
import { actButton, makeOutcome } from "../acting.js";
import { h, present } from "../dom.js";
import { bar, input } from "../parts.js";
import { isolate, t } from "../words.js";

/**
 * The part of a trial's view in which something is done. What somebody types stays as it is while
 * the trial changes.
 * @param {number} study
 * @param {number} number
 * @param {string[]} objectives
 * @param {() => Promise<void>} again reads the trial anew
 */
export function trialControls(study, number, objectives, again) {
  const [known, buttons, outcome] = [h("div"), bar(), makeOutcome()];
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
  const [tag, value] = [t`Name of a tag`, t`Its value, or none`].map((name) => input(name, "text", { maxlength: 1000 }));
  const writing = [h("label", { for: "note" }, t`Note`), note, bar(
    actButton(t`Save the note`, () => remark({ note: note.value }, t`Saved.`)), tag, value,
    actButton(t`Tag`, () => remark({ tags: { [tag.value]: value.value || null } }, t`Tagged.`)))];

  const values = objectives.map((name) => input(t`Value: ${name}`, "number", { required: true, placeholder: name }));
  const entering = h("form", { class: "bar", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    perform("enter", { values: values.map((field) => Number(field.value)) }, () => t`The value is entered.`);
  } }, h("span", null, t`Run by hand?`), values, h("button", { type: "submit" }, t`Enter the value`));

  const title = h("h2", null, acts() ? t`Do` : t`Remarks`);
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
  const marks = [said.star && t`★ starred`, said.hidden && t`hidden: its result does not count`,
    isStopping && t`is to stop`].filter(Boolean);
  const tags = Object.entries(said.tags).map(([name, value]) =>
    `${isolate(name)}: ${isolate(typeof value === "string" ? value : JSON.stringify(value))}`);
  return present([
    marks.length > 0 && h("p", null, marks.join("; ")),
    tags.length > 0 && h("p", null, t`Tagged here: `, tags.join("; ")),
    said.note && !acts() && h("p", null, said.note),
  ]);
}

/** @param {number} study @param {any} trial @param {any} said @param {any} perform @param {any} remark */
function drawButtons(study, trial, said, perform, remark) {
  const is = trial.state;
  const isOver = !["waiting", "running", "paused"].includes(is);
  return present([
    actButton(said.star ? t`Take the star` : t`Star`, () => remark({ star: !said.star }, t`Done.`)),
    isOver && actButton(said.hidden ? t`Count it again` : t`Hide its result`, () => remark({ hidden: !said.hidden }, t`Done.`)),
    ["running", "paused"].includes(is) && actButton(t`Stop`, () => perform("stop", {}, () => t`It stops where it next asks.`)),
    !isOver && actButton(t`Fail`, () => perform("fail", {}, () => t`It has failed.`), t`Really fail it?`),
    is === "failed" && actButton(t`Retry`, () => perform("retry", {}, () => t`It waits.`)),
    actButton(t`One near this`, () =>
      perform("nearby", {}, (/** @type {any} */ a) => t`Trial ${a.numbers[0]} is run next.`)),
    h("a", { href: `#/s/${study}/controls?from=${trial.number}` }, t`Run with changes`),
  ]);
}
