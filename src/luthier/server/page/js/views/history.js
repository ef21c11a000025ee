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
  /** @type {{n: number, y: Float64Array, state: Int8Array, feasible: Int8Array, eligible: Int8Array}} */
  let table;
  /** @type {any} what is drawn */
  let data;
  let outside = 0;

  async function load() {
    const names = `state,feasible,eligible,value.${objective}`;
    const [state, feasible, eligible, y] = await read(`studies/${study}/columns?names=${names}`);
    table = { n: y.length, y: Float64Array.from(y), state: state.slice(),
      feasible: feasible.slice(), eligible: eligible.slice() };
    arrange();
  }

  /** Takes in trials that were added or changed. @param {any[]} trials */
  function merge(trials) {
    for (const [number, state, values, feasible, eligible] of trials) {
      if (number >= table.y.length) grow(table, 2 * number + 16);
      table.n = Math.max(table.n, number + 1);
      table.y[number] = values ? Number(values[objective]) : NaN;
      table.state[number] = state;
      table.feasible[number] = feasible ? 1 : 0;
      table.eligible[number] = eligible ? 1 : 0;
    }
    arrange();
  }

  function arrange() {
    const { n, state, feasible, eligible } = table;
    const y = table.y.subarray(0, n);
    const kind = (/** @type {number} */ i) => {
      if (state[i] === PRUNED) return 2;
      return state[i] === COMPLETE ? (feasible[i] ? 0 : 1) : -1;
    };
    const line = [];
    let best = Infinity;
    const values = new Float64Array(n);
    let k = 0;
    for (let i = 0; i < n; i += 1) {
      if (eligible[i] && sign * y[i] < best) {
        best = sign * y[i];
        line.push([i, y[i]]);
      }
      if (Number.isFinite(y[i]) && kind(i) >= 0) values[k++] = y[i];
    }
    const x = new Int32Array(n).map((_, i) => i);
    data = { x, y, line, kind, sorted: values.subarray(0, k).sort() };
  }
  await load();

  const canLog = () => data.sorted.length > 0 && data.sorted[0] > 0;
  const spreads = () => {
    const at = (/** @type {number} */ q) => data.sorted[Math.round(q * (data.sorted.length - 1))];
    return data.sorted.length > 3 && canLog() && at(0.75) / at(0.25) > 30;
  };
  let isLog = query.has("log") ? query.get("log") === "1" : spreads();
  let isAll = query.get("all") === "1";

  function marks() {
    const { sorted, line } = data;
    const log = isLog && canLog();
    const scaled = log ? sorted.map(Math.log) : sorted;
    const best = line.slice(-1).map((/** @type {[number, number]} */ [, y]) => (log ? Math.log(y) : y));
    let [low, high] = isAll && scaled.length ? [scaled[0], scaled[scaled.length - 1]]
      : robustRange(scaled, best);
    outside = scaled.reduce((n, v) => n + (v < low || v > high ? 1 : 0), 0);
    const margin = 0.04 * (high - low);
    [low, high] = [low - margin, high + margin];
    const yAxis = log ? makeAxis(Math.exp(low), Math.exp(high), true) : makeAxis(low, high, false);
    return { x: data.x, y: data.y, kind: data.kind, kinds: KINDS, line, stepped: true,
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
    update: async (/** @type {any[]} */ changes) => {
      if (changes.some((change) => change.many)) {
        summary = await read(`studies/${study}/summary`);
        await load();
      } else merge(changes.flatMap((change) => change.trials));
      draw();
    },
  };
}

/** Makes room in columns. @param {any} table @param {number} size */
function grow(table, size) {
  for (const name of ["y", "state", "feasible", "eligible"]) {
    const wider = new table[name].constructor(size);
    if (name === "y") wider.fill(NaN);
    wider.set(table[name]);
    table[name] = wider;
  }
}
