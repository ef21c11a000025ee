// @ts-check
// What may be wrong with a study, and what to do about it: do it, or dismiss it.

import { act, acts } from "../api.js";
import { actButton, makeOutcome } from "../acting.js";
import { h } from "../dom.js";
import { bar, faint, input } from "../parts.js";
import { answerView } from "../view.js";
import { ENGLISH, t } from "../words.js";

/** @type {Record<string, string>} */
export const SEVERITIES = { warning: t`warning`, advice: t`advice`, note: t`note` };

const SAID_MS = 10000; // for how long a view that is drawn anew still says what was done
/** The latest act: a remedy changes the space, whereupon the view is made anew. */
let latest = { study: -1, until: 0, outcome: makeOutcome() };

/** @param {any} summary */
export async function showFindings(summary) {
  const study = summary.id;
  const outcome = latest.study === study && Date.now() < latest.until ? latest.outcome : makeOutcome();
  /** @param {string} verb @param {any} f @param {object} more @param {(answer: any) => string} say */
  const perform = (verb, f, more, say) => outcome.run(async () => {
    latest = { study, until: Date.now() + SAID_MS, outcome };
    const said = say(await act(`studies/${study}/findings/${verb}`, { finding: f.name, parameter: f.subject, ...more }));
    view.update();
    return said;
  });
  const view = await answerView(summary, 5000, () => ({
    path: () => "findings",
    parts: ({ findings }) => [outcome.node,
      findings.length ? h("div", { class: "cards roomy" }, findings.map((f) => draw(f, perform)))
        : h("p", null, t`Nothing was found that is wrong.`)],
  }));
  return view;
}

/** @param {any} f @param {any} perform */
function draw(f, perform) {
  if (f.dismissed) {
    return h("section", { class: "card" },
      h("h2", { class: "faint" }, t`dismissed: ${f.title}`),
      f.reason && faint(t`Because: ${f.reason}.`),
      acts() && bar(actButton(t`Show it again`, () => perform("restore", f, {}, () => t`It counts again.`))));
  }
  const sure = f.p == null ? "" : ` (p = ${f.p.toPrecision(2)})`;
  const reason = input(t`Why, if you like`, "text", { maxlength: 1000 });
  return h("section", { class: `card ${f.severity}` },
    h("h2", null, `${SEVERITIES[f.severity] ?? f.severity}: `, h("span", ENGLISH, f.title), sure),
    h("p", ENGLISH, f.advice),
    f.remedy && h("pre", { tabindex: 0, ...ENGLISH }, f.remedy),
    f.doubt && faint(t`What would show that it is wrong: `, h("span", ENGLISH, f.doubt), t`.`),
    acts() && [
      f.action && f.action.kind !== "schedule" && bar(actButton(t`Do it`, () =>
        perform("apply", f, {}, (done) => t`Done: ${done.change}.`), t`Really change the study?`)),
      bar(reason, actButton(t`Dismiss`, () => perform("dismiss", f, { reason: reason.value }, () => t`Dismissed.`)))]);
}
