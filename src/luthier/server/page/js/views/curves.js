// @ts-check
// What trials reported while they were trained, with forecasts and where trials were stopped.

import { remember } from "../address.js";
import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { button, legend, note, objectiveChoice, readObjective, tick, trialLink, twin } from "../parts.js";
import { STATES, h, short } from "../dom.js";

const [WAITING, RUNNING, PAUSED, COMPLETE, PRUNED, FAILED] = [0, 1, 2, 3, 4, 5];
const COLOURS = { [WAITING]: "--waiting", [RUNNING]: "--running", [PAUSED]: "--waiting", [COMPLETE]: "--complete",
  [PRUNED]: "--pruned", [FAILED]: "--failed" };
const MANY = 30; // curves beyond which they are faint

/** @param {number} study @param {URLSearchParams} query */
export async function showCurves(study, query) {
  const summary = await read(`studies/${study}/summary`);
  const objective = readObjective(summary, query);
  const how = { log: query.has("log") ? query.get("log") === "1" : null, all: query.get("all") === "1",
    best: query.get("best") === "1" };
  const node = h("div");
  /** @type {any} */
  let found;
  /** @type {any} */
  let shown; // of the curves, with the point of each where it ends
  /** @type {{x: [number, number], y: [number, number]} | null} */
  let zoom = null;
  let [outside, isLog] = [0, false];

  function arrange() {
    const n = found.number.length;
    const first = how.best ? Math.max(0, n - MANY) : 0; // the best come last
    const curves = [];
    for (let i = first; i < n; i += 1) {
      const [from, to] = [found.begin[i], found.begin[i + 1]];
      curves.push({ number: found.number[i], state: found.state[i], x: found.step.slice(from, to),
        y: found.value.slice(from, to).map(numberOf) });
    }
    shown = { curves, x: curves.map((c) => c.x[c.x.length - 1]), y: curves.map((c) => c.y[c.y.length - 1]) };
  }

  function picture() {
    const faint = shown.curves.length > MANY;
    const fans = found.fans.map((fan) => ({ ...fan,
      value: fan.value.map(numberOf), low: fan.low.map((r) => r.map(numberOf)),
      high: fan.high.map((r) => r.map(numberOf)) }));
    const values = shown.curves.flatMap((c) => c.y);
    const y = valueAxis(values, [...shown.y.slice(-1), ...fans.flatMap((f) => f.value.slice(-1))], how);
    ({ outside, isLog } = y);
    const steps = [...shown.curves.flatMap((c) => c.x), ...fans.flatMap((f) => f.step)];
    const [first, last] = ends(steps);
    const bands = found.bands ? [[0, 4, 0.15], [1, 3, 0.25]].map(([low, high, alpha]) => ({
      x: found.bands.step, low: found.bands.value[low].map(numberOf), high: found.bands.value[high].map(numberOf),
      colour: "--faint", alpha })) : [];
    return {
      xAxis: zoom ? makeAxis(...zoom.x) : makeAxis(first, last),
      yAxis: zoom ? makeAxis(...zoom.y, isLog ? "log" : "linear") : y.axis,
      xName: "step", yName: found.objective,
      bands: [...bands, ...fans.flatMap((fan) => [2, 1, 0].map((k) => ({ x: fan.step,
        low: fan.low[k], high: fan.high[k], colour: "--best", alpha: 0.15 })))],
      lines: [
        ...shown.curves.map((c) => ({ x: c.x, y: c.y, width: 1.2, alpha: faint ? 0.35 : 0.9,
          colour: /** @type {any} */ (COLOURS)[c.state] })),
        ...(found.bands ? [{ x: found.bands.step, y: found.bands.value[2].map(numberOf), colour: "--ink" }] : []),
        ...fans.map((fan) => ({ x: fan.step, y: fan.value, colour: "--best", dashed: true }))],
      points: { x: shown.x, y: shown.y, kind: (i) => shown.curves[i].state,
        kinds: STATES.map((_, state) => ({ colour: /** @type {any} */ (COLOURS)[state], filled: state === COMPLETE })) },
      rules: found.stops.step.map((x, i) => ({ x,
        text: `${found.stops.n_stopped[i]} of ${found.stops.n_reached[i]} stopped` })).slice(-6),
    };
  }

  const label = () => `${shown.curves.length} of ${found.n} trials that reported ${found.objective}${
    found.fans.length ? `; forecasts of ${found.fans.length}` : ""}.`;
  const say = (i) => `trial ${shown.curves[i].number}, ${STATES[shown.curves[i].state]}: ${
    short(shown.y[i])} at step ${short(shown.x[i])}`;
  const chart = makeChart(picture, { label, tip: say,
    open: (i) => { location.hash = `#/s/${study}/trials/${shown.curves[i].number}`; },
    select: (box) => { zoom = box; draw(); } });
  const badge = h("span", { class: "faint" });
  const said = h("p");
  const fit = button("Show all", () => { zoom = null; draw(); });
  const table = twin("Last reports and forecasts as a table", () => ({
    head: ["Trial", "State", "Last step", "Last value", "Forecast", "95 % interval"],
    rows: shown.curves.map((c, i) => {
      const fan = found.fans.find((f) => f.number === c.number);
      const end = fan ? fan.value.length - 1 : 0;
      return [trialLink(study, c.number), STATES[c.state], short(shown.x[i]), short(shown.y[i]),
        fan ? short(fan.value[end]) : "", fan ? `${short(fan.low[2][end])} to ${short(fan.high[2][end])}` : ""];
    }).reverse().slice(0, 200) }));
  const stops = twin("Where trials were stopped as a table", () => ({ head: ["Step", "Stopped there", "Came there"],
    rows: found.stops.step.map((step, i) =>
      [short(step), short(found.stops.n_stopped[i]), short(found.stops.n_reached[i])]) }));

  function draw() {
    chart.draw();
    said.textContent = label();
    badge.textContent = outside && !zoom ? `${outside} values lie outside` : "";
    fit.hidden = !zoom;
    table.fill();
    stops.fill();
  }
  function change() {
    query.set("log", how.log === null ? "" : how.log ? "1" : "0");
    query.set("all", how.all ? "1" : "");
    query.set("best", how.best ? "1" : "");
    remember(study, "curves", query);
    arrange();
    draw();
  }
  async function update() {
    const before = found;
    found = await read(`studies/${study}/curves?objective=${objective}`);
    if (found === before) return;
    if (found.note) return node.replaceChildren(h("h1", null, summary.name), note(found.note));
    arrange();
    if (before && !before.note) return draw();
    picture();
    node.replaceChildren(
      h("h1", null, summary.name), said,
      h("div", { class: "bar" },
        objectiveChoice(summary, objective, (j) => { location.hash = `#/s/${study}/curves?objective=${j}`; }),
        tick("Log axis", isLog, (on) => { how.log = on; change(); }),
        tick("All values", how.all, (on) => { how.all = on; change(); }),
        tick(`Best ${MANY} only`, how.best, (on) => { how.best = on; change(); }),
        button("Zoom in", () => chart.zoom(0.5)), button("Zoom out", () => chart.zoom(2)), fit, badge),
      chart.node,
      legend([COMPLETE, PRUNED, RUNNING, FAILED].map((state) => ({ name: STATES[state], filled: true,
        colour: /** @type {any} */ (COLOURS)[state] }))),
      h("p", { class: "faint" }, found.bands ? "Grey: where half and nine tenths of all curves run, and their median. " : "",
        found.fans.length ? "Dashed, with bands: forecasts, which hold the value with 50, 80 and 95 %." : ""),
      table.node, found.stops.step.length > 0 ? stops.node : "");
    queueMicrotask(draw);
  }
  await update();
  return { node, update, every: 2000 };
}

/** A number as the service writes it: null for NaN, texts for what is infinite. @param {any} v */
export function numberOf(v) {
  return typeof v === "number" ? v : v === "inf" ? Infinity : v === "-inf" ? -Infinity : NaN;
}
