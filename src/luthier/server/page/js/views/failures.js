// @ts-check
// Failed trials, by what went wrong.

import { h, time } from "../dom.js";
import { card, faint, note, trialLink } from "../parts.js";
import { answerView } from "../view.js";
import { t } from "../words.js";

const MOST = 12; // links of one error

/** @param {any} summary */
export function showFailures(summary) {
  const study = summary.id;
  return answerView(summary, 2000, () => ({
    path: () => "failures",
    parts: ({ n, n_read: nRead, groups }) => [
      n > 0 && h("p", null, t`${n} of ${summary.n_trials} trials failed`,
        n > nRead ? t`; the latest ${nRead} are grouped here.` : t`.`),
      n ? h("div", { class: "cards" }, groups.map((g) => card(`${g.n} × ${g.error}`, [
        h("p", null, g.number.slice(0, MOST).flatMap((number) => [trialLink(study, number), " "]),
          g.n > MOST && t`and ${g.n - MOST} more`),
        g.last_s != null && faint(t`First ${time(g.first_s)}, last ${time(g.last_s)}`),
        g.worker.length > 0 && faint(t`On ${g.worker.join(", ")}`)], "warning")))
        : note(t`No trial has failed.`)],
  }));
}
