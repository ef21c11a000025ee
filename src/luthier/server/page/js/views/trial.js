// @ts-check
// One trial: its params, values, reports, and why it failed.

import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { attachments } from "./attachments.js";
import { trialControls } from "./trial_controls.js";
import { duration, h, present, short, stateMark, time } from "../dom.js";
import { bar, card, rowHead, table } from "../parts.js";
import { isolate, t } from "../words.js";

/** @param {any} summary @param {URLSearchParams} _ @param {string} rest */
export async function showTrial(summary, _, rest) {
  const study = summary.id;
  const number = Number(rest);
  const seen = h("div");
  const doing = trialControls(study, number, summary.objectives, () => update());
  const files = attachments(study, number);
  const node = h("div", null, seen, doing.node, files.node);
  let shown = "";
  const update = async () => {
    summary = await read(`studies/${study}/summary`);
    const trial = await read(`studies/${study}/trials/${number}`);
    const controls = await read(`studies/${study}/controls`);
    doing.update(trial, controls);
    await files.update(trial);
    const now = JSON.stringify(trial);
    if (now === shown) return;
    shown = now;
    seen.replaceChildren(...draw(study, summary, trial));
  };
  await update();
  return { node, update };
}

/** @param {number} study @param {any} summary @param {any} row */
function draw(study, summary, row) {
  const values = (row.values ?? []).map((v, j) =>
    h("p", null, `${isolate(summary.objectives[j])}: `, h("span", { class: "big", title: String(v) }, short(v))));
  const link = (n, text) => h("a", { href: `#/s/${study}/trials/${n}` }, text);
  const constraints = Object.entries(row.constraints ?? {}).map(([name, v]) => h("p", null,
    `${isolate(name)}: ${short(v)}`, Number(v) > 0 && t` (broken)`));
  const has = (items) => Object.keys(items ?? {}).length > 0;
  return present([
    h("h1", null, t`Trial ${row.number} of ${summary.name}`),
    bar(row.number > 0 && link(row.number - 1, t`Previous`),
      row.number + 1 < summary.n_trials && link(row.number + 1, t`Next`),
      h("a", { href: `#/s/${study}/trials` }, t`All trials`)),
    h("div", { class: "cards" },
      h("section", { class: "card" }, h("h2", null, stateMark(row.state)), values, constraints),
      card(t`When and where`, [
        h("p", null, t`Began ${time(row.started_s)}`),
        row.finished_s != null && h("p", null, t`Took ${duration(row.finished_s - row.started_s)}`),
        row.worker && h("p", null, t`Worker ${row.worker}`),
        row.cost != null && h("p", null, t`Cost ${short(row.cost)}`),
        row.retries > 0 && h("p", null, t`Retried ${row.retries} times`)])),
    h("h2", null, t`Params`), pairs(t`Params`, row.params),
    has(row.tags) && [h("h2", null, t`Tags`), pairs(t`Tags`, row.tags)],
    row.error && [h("h2", null, t`Error`), h("pre", { tabindex: 0 }, row.error)],
    has(row.reports) && [h("h2", null, t`Reports`), reports(summary, row.reports)],
  ]);
}

/** @param {string} title @param {Record<string, any>} items */
const pairs = (title, items) => table(title, [], Object.entries(items).map(([name, value]) =>
  [rowHead(name), h("td", { title: String(value) }, short(value))]));

/** @param {any} summary @param {{step: number, value: any}[]} given */
function reports(summary, given) {
  const points = given.map(({ step, value }) =>
    /** @type {[number, number]} */ ([step, Number(Array.isArray(value) ? value[0] : value)]));
  const good = points.filter(([, y]) => Number.isFinite(y));
  if (!good.length) return h("p", null, t`No report is a finite number.`);
  const [x, y] = [0, 1].map((k) => good.map((p) => p[k]));
  const chart = makeChart(() => ({
    xAxis: makeAxis(...ends(x)), yAxis: valueAxis(y, [], { all: true }).axis, xName: t`step`, yName: summary.objectives[0],
    points: { x, y, kind: () => 0, kinds: [{ colour: "--complete", filled: true }] },
    lines: [{ x, y, colour: "--best" }],
  }), {
    label: () => t`${good.length} reports; the last is ${short(good.at(-1)?.[1])}.`,
    tip: (i) => t`step ${short(good[i][0])}: ${short(good[i][1])}`,
    small: true,
  });
  queueMicrotask(chart.draw);
  return chart.node;
}
