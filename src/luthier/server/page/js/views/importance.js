// @ts-check
// How much each parameter matters, how sure that is, and how good the model behind it is.

import { h, short } from "../dom.js";
import { bar, faint, meter, objectiveChoice, readObjective, rowHead, table } from "../parts.js";
import { answerView } from "../view.js";
import { ENGLISH, t } from "../words.js";

/** @param {number} value */
const share = (value) => (value < 0.001 ? t`below 0.001` : short(value));

/** @param {any} summary @param {URLSearchParams} query */
export function showImportance(summary, query) {
  const study = summary.id;
  return answerView(summary, 5000, () => {
    const objective = readObjective(summary, query);
    return {
      path: () => `importance?objective=${objective}`,
      parts: ({ params, index, method, n, quality, note, objective: name }) => {
        const top = Math.max(...params.map((p) => p.high ?? p.value), 1e-9);
        const choice = objectiveChoice(summary, objective, (j) => {
          location.hash = `#/s/${study}/importance?objective=${j}`;
        });
        return [
          choice && bar(choice),
          h("p", null, params.length
            ? t`Share of the variance of ${name ?? t`all objectives`} (${index}, by ${method}), from ${n} trials.`
            : t`Nothing can be said yet.`),
          params.length > 0 && quality && faint(t`The model: ${quality}.`),
          note && h("p", ENGLISH, note),
          params.length > 0 && table(t`Importance`, [t`Parameter`, "", t`Importance`, t`90 % interval`, ""],
            params.map((p) => [rowHead(p.name), h("td", { class: "meters" }, meter(p.value / top, p.important ? "" : "vague")),
              h("td", { class: "number" }, share(p.value)),
              h("td", null, p.low == null ? "" : t`${share(p.low)} to ${share(p.high)}`),
              p.important ? "" : t`no effect seen`])),
        ];
      },
    };
  });
}
