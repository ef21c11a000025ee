// @ts-check
// The values of all trials and the best so far; the address keeps how they are looked at.

import { read } from "../api.js";
import { makeAxis, robustRange } from "../axes.js";
import { makeChart } from "../chart.js";
import { h, short } from "../dom.js";

const [COMPLETE, PRUNED] = [3, 4];
const KINDS = [
  { colour: "--complete", filled: true, name: "complete" },
  { colour: "--failed", filled: false, name: "breaks a constraint" },
  { colour: "--pruned", filled: false, name: "pruned, at its last value" },
];

/** @param {number} study @param {URLSearchParams} query */
export async function showHistory(study, query) {
  let summary = await read(`studies/${study}/summary`);
  const objective = Math.min(Number(query.get("objective") ?? 0) || 0, summary.objectives.length - 1);
  const sign = summary.directions[objective] === "maximize" ? -1 : 1;
  /** @type {any} */
  let data = { x: [], y: [], line: [] };
  let outside = 0;

  async function load() {
    const names = `state,feasible,eligible,value.${objective}`;
    const [state, feasible, eligible, y] = await read(`studies/${study}/columns?names=${names}`);
    const x = Int32Array.from(y, (_, i) => i);
    const line = [];
    let best = Infinity;
    for (let i = 0; i < y.length; i += 1) {
      if (eligible[i] && sign * y[i] < best) {
        best = sign * y[i];
        line.push([i, y[i]]);
      }
    }
    const kind = (/** @type {number} */ i) => {
      if (state[i] === PRUNED) return 2;
      return state[i] === COMPLETE ? (feasible[i] ? 0 : 1) : -1;
    };
    data = { x, y, line, kind };
  }
  await load();

  const finite = () => Array.from(data.y).filter((v, i) => Number.isFinite(v) && data.kind(i) >= 0);
  const spreads = (/** @type {number[]} */ values) => {
    const sorted = Float64Array.from(values).sort();
    const at = (/** @type {number} */ q) => sorted[Math.round(q * (sorted.length - 1))];
    return sorted.length > 3 && sorted[0] > 0 && at(0.75) / at(0.25) > 30;
  };
  const canLog = () => finite().every((v) => v > 0);
  let isLog = query.has("log") ? query.get("log") === "1" : spreads(finite());
  let isAll = query.get("all") === "1";

  function marks() {
    const values = finite();
    const log = isLog && canLog() && values.length > 0;
    const best = data.line.length ? [data.line[data.line.length - 1][1]] : [];
    const scaled = log ? values.map(Math.log) : values;
    let [low, high, left] = robustRange(scaled, (log ? best.map(Math.log) : best));
    if (isAll) [low, high, left] = [scaled.reduce((a, b) => Math.min(a, b), Infinity),
      scaled.reduce((a, b) => Math.max(a, b), -Infinity), 0];
    outside = left;
    const margin = 0.04 * (high - low);
    [low, high] = [low - margin, high + margin];
    const yAxis = log ? makeAxis(Math.exp(low), Math.exp(high), true) : makeAxis(low, high, false);
    return { x: data.x, y: data.y, kind: data.kind, kinds: KINDS, line: data.line, stepped: true,
      xAxis: makeAxis(-0.5, Math.max(data.x.length - 0.5, 1), false), yAxis,
      xName: "trial", yName: summary.objectives[objective] };
  }

  const label = () => {
    const last = data.line[data.line.length - 1];
    return last ? `Best ${summary.objectives[objective]} ${short(last[1])} at trial ${last[0]}, of ${
      data.x.length} trials.` : "No trial is complete yet.";
  };
  const chart = makeChart(marks, {
    label,
    tip: (i) => `trial ${i}: ${short(data.y[i])}, ${KINDS[data.kind(i)].name}`,
    open: (i) => { location.hash = `#/s/${study}/trials/${i}`; },
  });
  const said = h("p");
  const steps = h("tbody");
  const badge = h("span", { class: "faint" });

  function draw() {
    chart.draw();
    said.textContent = label();
    badge.textContent = outside ? `${outside} values lie outside` : "";
    steps.replaceChildren(...data.line.slice(-200).reverse().map((/** @type {any} */ [x, y]) =>
      h("tr", null, h("td", null, h("a", { href: `#/s/${study}/trials/${x}` }, `trial ${x}`)),
        h("td", { class: "number" }, short(y)))));
  }
  function remember() {
    const now = new URLSearchParams({ objective: String(objective), log: isLog ? "1" : "0",
      all: isAll ? "1" : "0" });
    history.replaceState(null, "", `#/s/${study}/history?${now}`);
    draw();
  }
  const box = (/** @type {string} */ text, /** @type {boolean} */ on,
    /** @type {(on: boolean) => void} */ set) =>
    h("label", null, h("input", { type: "checkbox", checked: on,
      onchange: (/** @type {any} */ e) => { set(e.target.checked); remember(); } }), ` ${text}`);
  const choice = summary.objectives.length > 1 && h("select", { "aria-label": "Objective",
    onchange: (/** @type {any} */ e) => { location.hash = `#/s/${study}/history?objective=${e.target.value}`; } },
    summary.objectives.map((/** @type {string} */ name, /** @type {number} */ i) =>
      h("option", { value: i, selected: i === objective }, name)));

  const node = h("div", null,
    h("h1", null, summary.name), said,
    h("div", { class: "bar" }, choice,
      box("Log axis", isLog, (on) => { isLog = on; }),
      box("All values", isAll, (on) => { isAll = on; }), badge),
    chart.node,
    h("p", { class: "faint legend" }, KINDS.map((kind) => h("span", null,
      h("span", { class: `chip ${{ "--complete": "state-complete", "--failed": "state-failed",
        "--pruned": "state-pruned" }[kind.colour]}` }), kind.name))),
    h("details", null, h("summary", null, "Best so far as a table"),
      h("table", null, h("thead", null, h("tr", null, h("th", null, "Trial"), h("th", null, "Value"))), steps)));
  queueMicrotask(draw);
  return {
    node,
    update: async () => {
      summary = await read(`studies/${study}/summary`);
      await load();
      draw();
    },
  };
}
