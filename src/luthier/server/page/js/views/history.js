// @ts-check
// The values of all trials and the best so far; the address keeps how they are looked at.

import { remember } from "../address.js";
import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { button, choice, legend, objectiveChoice, readObjective, tick, trialLink, twin } from "../parts.js";
import { h, short } from "../dom.js";
import { chips, findKept, namesOf, readFilter, withRange, writeFilter } from "../filter.js";
import { openTrials } from "../trials.js";

const [COMPLETE, PRUNED] = [3, 4];
const N_TOP = 200; // of the best trials, which stand out above a density
const KINDS = [
  { colour: "--complete", filled: true, name: "complete" },
  { colour: "--failed", filled: false, name: "breaks a constraint" },
  { colour: "--pruned", filled: false, name: "pruned, at its last value" },
];
const BY = /** @type {Record<string, {text: string, columns: string[], scale?: string}>} */ ({
  trial: { text: "trial", columns: [] },
  time: { text: "time since the study was created", columns: ["finished"], scale: "duration" },
  cost: { text: "cost so far", columns: ["finished", "cost"] },
});

/** @param {number} study @param {URLSearchParams} query */
export async function showHistory(study, query) {
  let summary = await read(`studies/${study}/summary`);
  const objective = readObjective(summary, query);
  const isMaximized = summary.directions[objective] === "maximize";
  let ranges = readFilter(query);
  const how = {
    by: BY[query.get("by") ?? ""] ? String(query.get("by")) : "trial",
    log: query.has("log") ? query.get("log") === "1" : null,
    all: query.get("all") === "1",
    zoom: readZoom(query.get("zoom")),
  };
  const trials = await openTrials(study, [...new Set(["state", "feasible", "eligible",
    `value.${objective}`, ...BY[how.by].columns, ...namesOf(ranges)])]);
  /** @type {any} what is drawn */
  let data;
  let outside = 0;
  let isLog = false;

  function arrange() {
    const y = trials.column(`value.${objective}`);
    const [state, feasible, eligible] = ["state", "feasible", "eligible"].map(trials.column);
    const kept = findKept(trials, ranges);
    const x = placeTrials(trials, how.by);
    const kind = (i) => {
      if (kept && !kept[i]) return -1;
      if (state[i] === PRUNED) return 2;
      return state[i] === COMPLETE ? (feasible[i] ? 0 : 1) : -1;
    };
    const line = followBest({ x, y, isMaximized, isSorted: how.by === "trial",
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

  function picture() {
    const { x, y, kind, line, top, values } = data;
    const best = line.y.length ? [line.y[line.y.length - 1]] : [];
    const range = valueAxis(values, best, how);
    ({ outside, isLog } = range);
    const [, last] = ends(x);
    const whole = how.by === "trial";
    const xAxis = how.zoom ? makeAxis(...how.zoom.x, BY[how.by].scale, { whole })
      : makeAxis(whole ? -0.5 : 0, Math.max(whole ? x.length - 0.5 : last, 1), BY[how.by].scale, { whole });
    const yAxis = how.zoom ? makeAxis(...how.zoom.y, isLog ? "log" : "linear") : range.axis;
    return { xAxis, yAxis, xName: BY[how.by].text, yName: summary.objectives[objective],
      points: { x, y, kind, kinds: KINDS, top },
      lines: [{ x: line.x, y: line.y, colour: "--best", stepped: true }] };
  }

  const label = () => {
    const k = data.line.number.length - 1;
    const of = ranges.length ? `${data.n} of ${trials.n}` : trials.n;
    return k < 0 ? "No trial is complete yet." : `Best ${summary.objectives[objective]} ${
      short(data.line.y[k])} at trial ${data.line.number[k]}, of ${of} trials.`;
  };
  const chart = makeChart(picture, {
    label,
    tip: (i) => `trial ${i}: ${short(data.y[i])}, ${KINDS[data.kind(i)].name}`,
    open: (i) => { location.hash = `#/s/${study}/trials/${i}`; },
    select: (box) => { how.zoom = box; change(); },
  });
  const said = h("p");
  const badge = h("span", { class: "faint" });
  const filters = h("div");
  const fit = button("Show all", () => { how.zoom = null; change(); });
  const keep = button("Keep only these", () => {
    if (!how.zoom) return;
    ranges = withRange(ranges, `value.${objective}`, ...how.zoom.y);
    if (how.by === "trial") ranges = withRange(ranges, "number", ...how.zoom.x);
    how.zoom = null;
    change();
  });
  const steps = twin("Best so far as a table", () => ({ head: ["Trial", "Value"],
    rows: Array.from(data.line.number, (number, i) => [trialLink(study, number), short(data.line.y[i])])
      .slice(-200).reverse() }));

  function draw() {
    chart.draw();
    said.textContent = label();
    badge.textContent = outside && !how.zoom ? `${outside} values lie outside` : "";
    fit.hidden = keep.hidden = !how.zoom;
    filters.replaceChildren(chips(summary, ranges, (now) => { ranges = now; change(); },
      `${data.n} of ${trials.n} trials`));
    steps.fill();
  }
  async function change() {
    query.set("f", writeFilter(ranges));
    query.set("by", how.by === "trial" ? "" : how.by);
    query.set("log", how.log === null ? "" : how.log ? "1" : "0");
    query.set("all", how.all ? "1" : "");
    query.set("zoom", how.zoom ? [...how.zoom.x, ...how.zoom.y].map((v) => v.toPrecision(7)).join(":") : "");
    remember(study, "history", query);
    await trials.want([...namesOf(ranges), ...BY[how.by].columns]);
    arrange();
    draw();
  }

  picture();
  const node = h("div", null,
    h("h1", null, summary.name), said,
    h("div", { class: "bar" },
      objectiveChoice(summary, objective, (j) => { location.hash = `#/s/${study}/history?objective=${j}`; }),
      choice("Along", Object.entries(BY).map(([name]) => [name, `by ${name}`]), how.by,
        (by) => { Object.assign(how, { by, zoom: null }); change(); }),
      tick("Log axis", isLog, (on) => { Object.assign(how, { log: on, zoom: null }); change(); }),
      tick("All values", how.all, (on) => { how.all = on; change(); }),
      button("Zoom in", () => chart.zoom(0.5)), button("Zoom out", () => chart.zoom(2)), fit, keep, badge),
    filters, chart.node, legend(KINDS), steps.node);
  queueMicrotask(draw);
  return {
    node,
    update: async (changes) => {
      if (await trials.take(changes)) summary = await read(`studies/${study}/summary`);
      arrange();
      draw();
    },
  };
}

/** @param {string | null} text @returns {{x: [number, number], y: [number, number]} | null} */
function readZoom(text) {
  const [x0, x1, y0, y1] = (text ?? "").split(":").map(Number);
  return x0 < x1 && y0 < y1 ? { x: [x0, x1], y: [y0, y1] } : null;
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
