// @ts-check
// Figures of an analysis, each described by what it asks for, draws, says, and lists in its table.

import { remember } from "../address.js";
import { ends, makeAxis, paramAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { h, short } from "../dom.js";
import { knownBand } from "../paint.js";
import { bar, choice, faint, freeParams, input, numbersOf, objectiveChoice, openTrial, readObjective, sayParam, tick,
  twin } from "../parts.js";
import { SLOW_MS, answerView } from "../view.js";
import { t } from "../words.js";
import { AROUND } from "./effects.js";

const POINT = [{ colour: "--best", filled: true }];
const MOST_SIDE = 12; // of the grid in the table of a surface

/** @type {Record<string, string>} */
const AGREEMENTS = { "very strong": t`very strong`, strong: t`strong`, moderate: t`moderate`, weak: t`weak`,
  none: t`none`, "too few trials": t`too few trials` };

/**
 * @typedef {object} Figure
 * @property {string} path what the service calls it
 * @property {(query: URLSearchParams) => Record<string, string>} [ask] what is asked for beside the objective
 * @property {(summary: any, found: any, query: URLSearchParams, set: (more: Record<string, any>) => void) => any[]} [options]
 * @property {((found: any, query: URLSearchParams) => import("../chart.js").Picture)[]} pictures
 * @property {(found: any) => string} say
 * @property {(found: any, i: number) => string} tip
 * @property {(found: any, i: number) => number} [open] the number of the trial of a point
 * @property {(found: any, query: URLSearchParams) => any[]} [below]
 * @property {string} table its title
 * @property {string[]} head
 * @property {(found: any) => any[][]} rows
 */

/** A line with points. @param {number[]} x @param {number[]} y @param {boolean} [stepped] */
const line = (x, y, stepped) => ({ points: { x, y, kind: () => 0, kinds: POINT }, lines: [{ x, y, colour: "--best", stepped }] });

/** @type {Record<string, Figure>} */
const FIGURES = {
  distribution: {
    path: "distribution",
    pictures: [(found) => ({ xAxis: valueAxis(found.value, [], { all: true }).axis, yAxis: makeAxis(0, 1),
      xName: found.objective, yName: t`share of the trials with at most this value`, ...line(found.value, found.share, true) })],
    say: ({ n, objective, value, share }) => {
      const middle = share.findIndex((s) => s >= 0.5);
      return t`Half of ${n} trials have a ${objective} of at most ${short(value[middle] ?? value.at(-1))}.`;
    },
    tip: ({ value, share }, i) => t`${short(share[i])} of the trials have at most ${short(value[i])}`,
    table: t`Distribution as a table`,
    head: [t`Value`, t`Share of trials`],
    rows: ({ value, share }) => thin(value.length, 200).map((i) => [short(value[i]), short(share[i])]),
  },
  fidelity: {
    path: "fidelity",
    pictures: [
      (found) => {
        const [y, low, high] = ["rank_correlation", "low", "high"].map((name) => numbersOf(found[name]));
        return { xAxis: stepAxis(found.step), yAxis: makeAxis(Math.min(0, ends(low)[0]), 1), xName: t`step`,
          yName: t`rank correlation with the final value`, ...line(found.step, y),
          bands: [{ ...knownBand(found.step, low, high), colour: "--best", alpha: 0.2 }] };
      },
      (found) => {
        const y = numbersOf(found.regret);
        return { xAxis: stepAxis(found.step), yAxis: makeAxis(0, ends(y)[1] || 1), xName: t`step`,
          yName: t`what stopping all but the best there would have cost`, ...line(found.step, y) };
      },
    ],
    say: ({ step, n, label, objective, n_stopped: nStopped }) => t`How far early reports foretell the final ${objective}: ${
      step.map((s, k) => t`${AGREEMENTS[label[k]] ?? label[k]} at step ${short(s)} (${n[k]} trials)`).filter((_, k) => k === 0 || k === step.length - 1).join(", ")}.`
      + (nStopped ? t` ${nStopped} trials were stopped early and do not count.` : ""),
    tip: ({ step, rank_correlation: r, regret }, i) => t`step ${short(step[i])}: correlation ${short(r[i])}, cost ${short(regret[i])}`,
    table: t`Fidelity as a table`,
    head: [t`Step`, t`Trials`, t`Rank correlation`, t`95 % interval`, t`In words`, t`What stopping there costs`],
    rows: (f) => f.step.map((s, k) => [short(s), String(f.n[k]), short(f.rank_correlation[k]),
      t`${short(f.low[k])} to ${short(f.high[k])}`, AGREEMENTS[f.label[k]] ?? f.label[k], short(f.regret[k])]),
  },
  ablation: {
    path: "ablation",
    ask: (query) => ({ baseline: query.get("baseline") ?? "" }),
    options: (summary, found, query, set) => [h("label", null, t`From trial `, input(t`Number of a trial`, "number", {
      value: query.get("baseline") || found.baseline, min: 0, max: summary.n_trials - 1, step: 1,
      onchange: (e) => set({ baseline: e.target.value }) }))],
    pictures: [(found) => {
      const values = numbersOf(found.values);
      return { xAxis: makeAxis(-0.5, values.length - 0.5, "choices", { choices: [t`start`, ...found.names] }),
        yAxis: valueAxis(values, values, { all: true }).axis, xName: t`parameters, in the order of the path`,
        yName: t`expected value`, ...line([...values.keys()], values) };
    }],
    say: ({ names, values }) => t`From ${short(values[0])} to ${short(values.at(-1))}, as a model expects, by ${names.length} changes; the first is ${names[0]}.`,
    tip: ({ names, values }, i) => `${i ? names[i - 1] : t`start`}: ${short(values[i])}`,
    table: t`The path as a table`,
    head: [t`Changed`, t`Expected`, t`Difference`],
    rows: ({ names, values }) => values.map((v, i) => [h("td", null, i ? names[i - 1] : t`start`), short(v),
      i ? short(v - values[i - 1]) : ""]),
  },
  surface: {
    path: "surface",
    ask: (query) => ({ x: query.get("x") ?? "", y: query.get("y") ?? "", around: query.get("around") || "best" }),
    options: (summary, found, query, set) => [
      ...["x", "y"].map((which, k) => {
        const now = ["x_axis", "y_axis"].map((axis) => summary.params.findIndex((p) => p.name === found[axis]?.name));
        return choice([t`Across`, t`Up`][k], freeParams(summary).map((j) => [String(j), summary.params[j].name]), String(now[k]),
          (j) => set(Number(j) === now[1 - k] ? { x: now[1], y: now[0] } : { x: now[0], y: now[1], [which]: j }));
      }),
      choice(t`The other parameters`, AROUND, query.get("around") || "best", (around) => set({ around })),
      tick(t`Standard deviation`, query.get("sd") === "1", (on) => set({ sd: on ? "1" : "" }))],
    pictures: [(found, query) => {
      const value = shownOf(found, query);
      const kinds = [{ colour: "#ffffff", edge: "#000000", filled: true }];
      return { xAxis: gridAxis(found.x_axis), yAxis: gridAxis(found.y_axis), xName: found.x_axis.name, yName: found.y_axis.name,
        cells: { x: found.x, y: found.y, value, faint: query.get("sd") === "1" ? null : found.doubtful, range: ends(value.flat()) },
        points: { x: found.trial_x, y: found.trial_y, kind: () => 0, kinds } };
    }],
    say: ({ objective, x_axis: x, y_axis: y, number }) => t`${objective} as a model expects it over ${x.name} and ${y.name}, with ${number.length} trials.`,
    tip: (f, i) => t`trial ${f.number[i]}: ${short(f.trial_value[i])} at ${sayParam(f.x_axis, f.trial_x[i], short)}, ${sayParam(f.y_axis, f.trial_y[i], short)}`,
    open: ({ number }, i) => number[i],
    below: (found, query) => {
      const [low, high] = ends(shownOf(found, query).flat());
      return [h("p", { class: "legend faint" }, short(low), " ", h("span", { class: "ramp" }), " ", short(high), " ",
        t`Pale: the model is not sure. Dots: trials.`)];
    },
    table: t`The surface as a table`,
    head: [t`Across`, t`Up`, t`Expected`, t`Standard deviation`],
    rows: (f) => thin(f.x.length, MOST_SIDE).flatMap((i) => thin(f.y.length, MOST_SIDE).map((j) =>
      [sayParam(f.x_axis, f.x[i], short), sayParam(f.y_axis, f.y[j], short), short(f.mean[i][j]), short(f.sd[i][j])])),
  },
};

/** What a surface shows: the expected value, or how unsure it is. @param {any} found @param {URLSearchParams} query @returns {number[][]} */
const shownOf = (found, query) => (query.get("sd") === "1" ? found.sd : found.mean).map(numbersOf);

/** An axis on which whole cells stand. @param {any} p */
const gridAxis = (p) => (p.step && p.scale === "linear" ? makeAxis(p.low - p.step / 2, p.high + p.step / 2) : paramAxis(p, false));

/** @param {number[]} steps */
function stepAxis(steps) {
  const [low, high] = ends(steps);
  return makeAxis(low, high, low > 0 && high / low > 20 ? "log" : "linear");
}

/** Even places among n. @param {number} n @param {number} most */
function thin(n, most) {
  if (n <= most) return [...Array(n).keys()];
  return Array.from({ length: most }, (_, k) => Math.round((k * (n - 1)) / (most - 1)));
}

/** The view of a figure. @param {string} name @returns {(summary: any, query: URLSearchParams) => Promise<any>} */
export const showFigure = (name) => (summary, query) => answerView(summary, SLOW_MS, () => {
  const study = summary.id;
  const figure = FIGURES[name];
  const objective = readObjective(summary, query);
  /** @type {any} */
  let found;
  const said = h("p");
  const charts = figure.pictures.map((picture, k) => makeChart(() => picture(found, query), {
    label: () => figure.say(found), tip: (i) => figure.tip(found, i), small: k > 0,
    open: figure.open && ((i) => openTrial(study, /** @type {any} */ (figure.open)(found, i))) }));
  const table = twin(figure.table, () => ({ head: figure.head, rows: figure.rows(found) }));

  /** @param {Record<string, any>} more */
  function set(more) {
    for (const [key, value] of Object.entries(more)) query.set(key, String(value));
    remember(study, name, query);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  }
  return {
    path: () => `${figure.path}?${new URLSearchParams({ objective: String(objective), ...figure.ask?.(query) })}`,
    options: (now) => bar(objectiveChoice(summary, objective, (j) => set({ objective: j })),
      figure.options?.(summary, now, query, set)),
    parts: (now) => [said, ...charts.map((chart) => chart.node), figure.below?.(now, query),
      now.quality && faint(t`The model: ${now.quality}.`), table.node],
    again: (now) => {
      found = now;
      said.textContent = figure.say(found);
      charts.forEach((chart) => chart.draw());
      table.fill();
    },
  };
});
