// @ts-check
// What the study used, by how its trials ended, and what stopping trials early has saved.

import { STATE_NAMES, duration, h, percent, short } from "../dom.js";
import { faint, meter, numberOf, rowHead, table } from "../parts.js";
import { answerView } from "../view.js";
import { t } from "../words.js";

/** @type {Record<string, {name: string, say: (v: number) => string}>} */
const KINDS = { time: { name: t`time`, say: duration }, cost: { name: t`cost`, say: short },
  energy: { name: t`energy`, say: (v) => `${short(v)} kWh` }, steps: { name: t`steps`, say: (v) => t`${short(v)} steps` } };

/** @param {any} summary */
export function showCost(summary) {
  const study = summary.id;
  return answerView(summary, 5000, () => ({ path: () => "resources", parts: (found) => draw(study, found) }));
}

/** @param {number} study @param {any} r */
function draw(study, r) {
  const sum = (rows, q) => rows.reduce((total, row) => total + (numberOf(row[q]) || 0), 0);
  const kinds = r.kinds.map((kind, q) => ({ ...KINDS[kind], kind, q })).filter(({ q }) => sum(r.n_noted, q) > 0);
  const cell = (s, { q, say }) => {
    if (!r.n_noted[s][q]) return h("td", { class: "faint" }, t`not noted`);
    const most = Math.max(...r.used.map((row) => numberOf(row[q]) || 0), 1e-300);
    const v = numberOf(r.used[s][q]);
    return h("td", null, say(v), meter((v || 0) / most, `state-${r.states[s]}`));
  };
  const amount = ({ kind, name, say }, v) => (kind === "steps" ? say(v) : `${name} ${say(v)}`);
  const saved = kinds.filter(({ q }) => numberOf(r.saved[q]) > 0)
    .map((k) => `${amount(k, r.saved[k.q])} (${percent(r.saved_share[k.q])})`);
  const total = kinds.map((k) => amount(k, sum(r.used, k.q))).join(", ") || t`nothing that was noted`;
  return [
    h("p", null, numberOf(r.wall_s) > 0
      ? t`In all ${total}, within ${duration(r.wall_s)} from the first trial to the last.` : t`In all ${total}.`),
    saved.length > 0 && h("p", null, t`Stopping trials early has saved about ${saved.join(", ")} of what all would have used.`),
    table(t`What trials used`, [t`State`, t`Trials`, ...kinds.map(({ name }) => name)], r.states.map((state, s) => r.n[s] > 0
      && [rowHead(STATE_NAMES[state] ?? state), String(r.n[s]), ...kinds.map((k) => cell(s, k))])),
    h("p", null, h("a", { href: `#/s/${study}/history?by=time` }, t`The best value by time`), ", ",
      h("a", { href: `#/s/${study}/history?by=cost` }, t`by cost`)),
    !kinds.some(({ kind }) => kind === "cost") && faint(t`No trial has noted a cost: call trial.set_cost(...) in the objective.`),
  ];
}
