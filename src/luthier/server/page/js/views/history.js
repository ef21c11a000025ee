// @ts-check
// The values of all trials and the best so far; the address keeps how they are looked at.

import { remember } from "../address.js";
import { read } from "../api.js";
import { ends, makeAxis } from "../axes.js";
import { bar, button, choice, legend, objectiveChoice, openTrial, readObjective, trialLink, twin } from "../parts.js";
import { CODE, h, short } from "../dom.js";
import { chips, findKept, namesOf, readFilter, withRange, writeFilter } from "../filter.js";
import { openTrials } from "../trials.js";
import { t } from "../words.js";
import { makeZoomed, readLook, writeLook } from "../zoomed.js";

const N_TOP = 200; // of the best trials, which stand out above a density
const KINDS = [
  { colour: "--complete", filled: true, name: t`complete` },
  { colour: "--failed", filled: false, name: t`breaks a constraint` },
  { colour: "--pruned", filled: false, name: t`pruned, at its last value` },
];
const BY = /** @type {Record<string, {name: string, text: string, columns: string[], scale?: string}>} */ ({
  trial: { name: t`by trial`, text: t`trial`, columns: [] },
  time: { name: t`by time`, text: t`time since the study was created`, columns: ["finished"], scale: "duration" },
  cost: { name: t`by cost`, text: t`cost so far`, columns: ["finished", "cost"] },
});

/** @param {any} summary @param {URLSearchParams} query */
export async function showHistory(summary, query) {
  const study = summary.id;
  const objective = readObjective(summary, query);
  const isMaximized = summary.directions[objective] === "maximize";
  let ranges = readFilter(query);
  let by = BY[query.get("by") ?? ""] ? String(query.get("by")) : "trial";
  const look = readLook(query);
  const trials = await openTrials(study, ["state", "feasible", "eligible",
    `value.${objective}`, ...BY[by].columns, ...namesOf(ranges)]);
  /** @type {any} what is drawn */
  let data;

  function arrange() {
    const y = trials.column(`value.${objective}`);
    const [state, feasible, eligible] = ["state", "feasible", "eligible"].map(trials.column);
    const kept = findKept(trials, ranges);
    const x = placeTrials(trials, by);
    const kind = (i) => {
      if (kept && !kept[i]) return -1;
      if (state[i] === CODE.pruned) return 2;
      return state[i] === CODE.complete ? (feasible[i] ? 0 : 1) : -1;
    };
    const line = followBest({ x, y, isMaximized, isSorted: by === "trial",
      counts: (i) => eligible[i] === 1 && (!kept || kept[i] === 1) });
    const values = new Float64Array(y.length);
    let k = 0;
    for (let i = 0; i < y.length; i += 1) if (kind(i) >= 0 && Number.isFinite(y[i])) values[k++] = y[i];
    const sorted = values.subarray(0, k).sort();
    const top = [];
    const edge = isMaximized ? sorted[Math.max(k - N_TOP, 0)] : sorted[Math.min(N_TOP, k) - 1];
    for (let i = 0; i < y.length && k > N_TOP; i += 1) {
      if (kind(i) === 0 && (isMaximized ? y[i] >= edge : y[i] <= edge)) top.push(i);
    }
    const n = kept ? kept.reduce((sum, k) => sum + k, 0) : trials.n;
    data = { x, y, kind, line, top: top.slice(0, N_TOP), n, values: sorted };
  }
  arrange();

  function describe() {
    const { x, y, kind, line, top, values } = data;
    const [, last] = ends(x);
    const whole = by === "trial";
    return { xAxis: makeAxis(whole ? -0.5 : 0, Math.max(whole ? x.length - 0.5 : last, 1), BY[by].scale, { whole }),
      xScale: BY[by].scale, xWhole: whole, values, must: line.y.slice(-1),
      xName: BY[by].text, yName: summary.objectives[objective],
      points: { x, y, kind, kinds: KINDS, top },
      lines: [{ x: line.x, y: line.y, colour: "--best", stepped: true }] };
  }
  function label() {
    const k = data.line.number.length - 1;
    const of = ranges.length ? t`${data.n} of ${trials.n}` : trials.n;
    return k < 0 ? t`No trial is complete yet.`
      : t`Best ${summary.objectives[objective]} ${short(data.line.y[k])} at trial ${data.line.number[k]}, of ${of} trials.`;
  }
  const chart = makeZoomed(describe, {
    label,
    tip: (i) => t`trial ${i}: ${short(data.y[i])}, ${KINDS[data.kind(i)].name}`,
    open: (i) => openTrial(study, i),
  }, look, change);
  const said = h("p");
  const filters = h("div");
  const keep = button(t`Keep only these`, () => {
    if (!look.zoom) return;
    ranges = withRange(ranges, { name: `value.${objective}`, low: look.zoom.y[0], high: look.zoom.y[1] });
    if (by === "trial") ranges = withRange(ranges, { name: "number", low: look.zoom.x[0], high: look.zoom.x[1] });
    look.zoom = null;
    change();
  });
  const steps = twin(t`Best so far as a table`, () => ({ head: [t`Trial`, t`Value`],
    rows: Array.from(data.line.number, (number, i) => [trialLink(study, number), short(data.line.y[i])])
      .slice(-200).reverse() }));

  function draw() {
    chart.draw();
    said.textContent = label();
    keep.hidden = !look.zoom;
    filters.replaceChildren(chips(summary, ranges, (now) => { ranges = now; change(); },
      t`${data.n} of ${trials.n} trials`));
    steps.fill();
  }
  async function change() {
    query.set("f", writeFilter(ranges));
    query.set("by", by === "trial" ? "" : by);
    writeLook(query, look);
    remember(study, "history", query);
    await trials.want([...namesOf(ranges), ...BY[by].columns]);
    arrange();
    draw();
  }
  queueMicrotask(draw);
  return {
    node: h("div", null,
      h("h1", null, summary.name), said,
      bar(objectiveChoice(summary, objective, (j) => { location.hash = `#/s/${study}/history?objective=${j}`; }),
        choice(t`Along`, Object.entries(BY).map(([code, { name }]) => [code, name]), by,
          (now) => { by = now; look.zoom = null; change(); }),
        chart.bar, keep),
      filters, chart.node, legend(KINDS), steps.node),
    update: async (changes) => {
      if (await trials.take(changes)) summary = await read(`studies/${study}/summary`);
      arrange();
      draw();
    },
  };
}

/** Where trials stand: their number, when they ended, or what had been spent by then.
 * @param {import("../trials.js").Trials} trials @param {string} by */
function placeTrials(trials, by) {
  const { n } = trials;
  if (by === "time") return trials.column("finished");
  if (by === "trial") return Int32Array.from({ length: n }, (_, i) => i);
  const [finished, cost] = [trials.column("finished"), trials.column("cost")];
  const order = [];
  for (let i = 0; i < n; i += 1) if (finished[i] >= 0 && cost[i] >= 0) order.push(i);
  order.sort((a, b) => finished[a] - finished[b]);
  const spent = new Float64Array(n).fill(NaN);
  let sum = 0;
  for (const i of order) spent[i] = sum += cost[i];
  return spent;
}

/**
 * The best value so far, where it changes.
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>, isMaximized: boolean, isSorted: boolean,
 *   counts: (i: number) => boolean}} of
 */
function followBest({ x, y, isMaximized, isSorted, counts }) {
  /** @type {number[]} */
  let order = [];
  for (let i = 0; i < y.length; i += 1) if (counts(i) && !Number.isNaN(x[i])) order.push(i);
  if (!isSorted) order = order.sort((a, b) => x[a] - x[b]);
  const number = [];
  let best = Infinity;
  for (const i of order) {
    const loss = isMaximized ? -y[i] : y[i];
    if (loss < best) {
      best = loss;
      number.push(i);
    }
  }
  return { number, x: number.map((i) => x[i]), y: number.map((i) => y[i]) };
}
