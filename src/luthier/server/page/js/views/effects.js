// @ts-check
// The values against each parameter, and what a model says of it alone: its effect with a band.

import { remember } from "../address.js";
import { read } from "../api.js";
import { paramAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { bar, choice, faint, legend, note, numbersOf, objectiveChoice, openTrial, pageOfParams, readObjective, sayParam,
  twin } from "../parts.js";
import { CODE, h, present, short } from "../dom.js";
import { chips, findKept, namesOf, readFilter, withRange, withoutRange, writeFilter } from "../filter.js";
import { openSample } from "../trials.js";
import { SLOW_MS } from "../view.js";
import { ENGLISH, t } from "../words.js";

const MOST = 6; // parameters at a time
const KINDS = [
  { colour: "--waiting", filled: true, name: t`earlier half of the trials` },
  { colour: "--complete", filled: true, name: t`later half` },
  { colour: "--failed", filled: false, name: t`breaks a constraint` },
];
export const AROUND = /** @type {[string, string][]} */ ([["good", t`around good trials`], ["best", t`around the best trial`],
  ["uniform", t`over the whole space`]]);

/** @param {any} summary @param {URLSearchParams} query */
export async function showEffects(summary, query) {
  const study = summary.id;
  const objective = readObjective(summary, query);
  const page = pageOfParams(summary, query, MOST, (j) => { location.hash = address({ first: j }); });
  const { shown } = page;
  let around = AROUND.some(([name]) => name === query.get("around")) ? String(query.get("around")) : "good";
  let ranges = readFilter(query);
  const node = h("div");
  if (!shown.length) {
    node.append(h("h1", null, summary.name), note(t`No parameter is known yet.`));
    return { node };
  }
  const trials = await openSample(study, ["state", "feasible", `value.${objective}`,
    ...shown.map((j) => `param.${j}`), ...namesOf(ranges)], { total: summary.n_trials, objective, ranges });
  /** @type {any} */
  let model = { effects: [] };
  let n = 0;
  /** @type {any} */
  let drawn;

  const sampled = () => (trials.kept === null || trials.kept <= trials.n ? "" : t`, of which ${trials.n} are drawn`);
  function arrange() {
    const kept = findKept(trials, ranges);
    const [y, state, feasible] = [`value.${objective}`, "state", "feasible"].map(trials.column);
    const half = trials.total / 2;
    const kind = (i) => {
      if (state[i] !== CODE.complete || (kept && !kept[i])) return -1;
      return feasible[i] ? (trials.number(i) < half ? 0 : 1) : 2;
    };
    const values = [];
    for (let i = 0; i < y.length; i += 1) if (kind(i) >= 0) values.push(y[i]);
    n = trials.kept ?? values.length;
    drawn = { y, kind, values };
  }
  arrange();
  const effectOf = (name) => model.effects.find((e) => e.axis.name === name);

  const charts = shown.map((j) => {
    const p = () => summary.params[j];
    const picture = () => {
      const effect = effectOf(p().name);
      const parts = effect ? splitEffect(effect, p().choices.length > 0) : [];
      const x = trials.column(`param.${j}`);
      const { axis } = valueAxis(drawn.values, parts.flatMap((part) => part.y));
      return { xAxis: paramAxis(p()), yAxis: axis, xName: p().name, yName: summary.objectives[objective],
        points: { x, y: drawn.y, kind: drawn.kind, kinds: KINDS },
        bands: parts.map((part) => ({ ...part, colour: "--best", alpha: 0.25 })),
        lines: parts.map((part) => ({ ...part, colour: "--best", width: 2.5 })) };
    };
    return makeChart(picture, {
      label: () => t`${summary.objectives[objective]} of ${n} trials by ${p().name}` + (effectOf(p().name) ? t`, with its effect.` : t`.`),
      tip: (i) => t`trial ${trials.number(i)}: ${short(drawn.y[i])} at ${sayParam(p(), trials.column(`param.${j}`)[i], short)}`,
      open: (i) => openTrial(study, trials.number(i)),
      select: (box) => {
        const name = `param.${j}`;
        ranges = box ? withRange(ranges, { name, low: box.x[0], high: box.x[1] }) : withoutRange(ranges, name);
        change();
      },
      small: true,
    });
  });
  const quality = h("p", { class: "faint" });
  const filters = h("div");
  const table = twin(t`Effects as a table`, () => ({ head: [t`Parameter`, t`At`, t`Expected`, t`90 % interval`],
    rows: model.effects.flatMap((e) => e.x.map((x, i) =>
      [e.axis.name, sayParam(e.axis, x, short), short(e.mean[i]), t`${short(e.low[i])} to ${short(e.high[i])}`])) }));

  function draw() {
    charts.forEach((chart) => chart.draw());
    quality.replaceChildren(...present([model.note ? h("span", ENGLISH, model.note)
      : model.quality && t`The model behind the lines: ${model.quality}.`,
    sampled() && ` ${t`${n} trials${sampled()}: the best, and an even sample of the others.`}`]));
    filters.replaceChildren(chips(summary, ranges, (now) => { ranges = now; change(); }, t`${n} trials with a value${sampled()}`));
    table.node.hidden = !model.effects?.length;
    table.fill();
  }
  async function learn() {
    const found = await read(`studies/${study}/effects?${new URLSearchParams({ params: shown.join(","), around,
      objective: String(objective) })}`);
    model = { effects: [], ...found };
  }
  async function change() {
    query.set("f", writeFilter(ranges));
    query.set("around", around === "good" ? "" : around);
    remember(study, "effects", query);
    await trials.keep(ranges);
    arrange();
    draw();
  }
  const address = (more) => `#/s/${study}/effects?${new URLSearchParams({
    objective: String(objective), around, f: writeFilter(ranges), ...more })}`;
  node.append(
    h("h1", null, summary.name),
    bar(objectiveChoice(summary, objective, (j) => { location.hash = address({ objective: j }); }), page.node,
      choice(t`Effects`, AROUND, around, async (value) => { around = value; await learn(); await change(); })),
    filters, quality,
    h("div", { class: "charts" }, charts.map((chart) => chart.node)),
    legend([...KINDS, { colour: "--best", filled: true, name: t`expected value, and a 90 % band` }]),
    faint(t`Drag across a chart to keep only the trials in that range, in all views.`),
    table.node);
  queueMicrotask(draw);
  learn().then(draw, (error) => { quality.textContent = String(error.message ?? error); });
  return {
    node,
    every: SLOW_MS,
    update: async (changes) => {
      if (await trials.take(changes)) summary = await read(`studies/${study}/summary`);
      await learn();
      arrange();
      draw();
    },
  };
}

/** An effect as a line; of choices, which have no order, as one short line each. @param {any} e @param {boolean} isApart */
function splitEffect(e, isApart) {
  const [y, low, high] = [e.mean, e.low, e.high].map(numbersOf);
  if (!isApart) return [{ x: e.x, y, low, high }];
  const twice = (v) => [v, v];
  return e.x.map((x, i) => ({ x: [x - 0.3, x + 0.3], y: twice(y[i]), low: twice(low[i]), high: twice(high[i]) }));
}
