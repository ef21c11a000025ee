// @ts-check
// Two trials beside each other: somebody says which is better, and the next two come.

import { act, acts, read } from "../api.js";
import { actButton, makeOutcome } from "../acting.js";
import { h, short } from "../dom.js";
import { bar, faint, rowHead, table, trialLink } from "../parts.js";
import { t } from "../words.js";
import { attachments } from "./attachments.js";

/** @param {any} summary */
export async function showPreferences(summary) {
  const study = summary.id;
  const [said, pair, outcome] = [h("p"), h("div"), makeOutcome()];

  /** Says what is known. */
  async function update() {
    const { n, best } = await read(`studies/${study}/preferences`);
    said.replaceChildren(...(best === null ? [t`Nothing has been compared yet.`]
      : [t`After ${n} comparisons trial ${best} is liked best:`, " ", trialLink(study, best)]));
  }

  /** Asks for the next two, and shows them. @param {string} before what was said */
  async function next(before) {
    const { trials } = await act(`studies/${study}/next-pair`, {});
    const [left, right] = trials;
    const prefer = (/** @type {any} */ better, /** @type {any} */ worse, equal = false) => outcome.run(async () => {
      await act(`studies/${study}/prefer`, { better: better.number, worse: worse.number, equal });
      await update();
      return next(equal ? t`Noted: they are equal.` : t`Noted: trial ${better.number} is better.`);
    });
    pair.replaceChildren(
      h("div", { class: "cards roomy" }, trials.map((/** @type {any} */ trial) => card(study, trial))),
      bar(actButton(t`The left one is better`, () => prefer(left, right)),
        actButton(t`The right one is better`, () => prefer(right, left)),
        actButton(t`They are equal`, () => prefer(left, right, true))));
    return before;
  }

  await update();
  if (acts()) pair.replaceChildren(actButton(t`Show two trials`, () => outcome.run(() => next(""))));
  return { update, node: h("div", null, h("h1", null, summary.name), said,
    acts() ? pair : faint(t`Log in to compare trials.`), outcome.node) };
}

/** @param {number} study @param {any} trial */
function card(study, trial) {
  const files = attachments(study, trial.number);
  files.update(trial).catch(() => {});
  const title = t`Trial ${trial.number}`;
  return h("section", { class: "card" }, h("h2", null, title), files.node,
    table(title, [], Object.entries(trial.params).map(([name, value]) =>
      [rowHead(name), h("td", { title: String(value) }, short(value))])));
}
