// @ts-check
// What trials reported while they were trained, with forecasts and where trials were stopped.

import { remember } from "../address.js";
import { ends, makeAxis } from "../axes.js";
import { CODE, STATES, STATE_COLOURS, STATE_NAMES, h, short } from "../dom.js";
import { bar, faint, legend, numbersOf, objectiveChoice, openTrial, readObjective, tick, trialLink, twin } from "../parts.js";
import { answerView } from "../view.js";
import { t } from "../words.js";
import { makeZoomed, readLook, writeLook } from "../zoomed.js";

const MANY = 30; // curves beyond which they are faint
const KINDS = STATES.map((state, i) => ({ colour: STATE_COLOURS[i], filled: i === CODE.complete, name: STATE_NAMES[state] }));
const nameOf = (curve) => STATE_NAMES[STATES[curve.state]];

/** @param {any} summary @param {URLSearchParams} query */
export function showCurves(summary, query) {
  const study = summary.id;
  return answerView(summary, 2000, () => {
    const objective = readObjective(summary, query);
    const look = readLook(query);
    let isBest = query.get("best") === "1";
    /** @type {any} */
    let found;
    /** @type {any[]} */
    let curves = []; // that are shown

    function arrange() {
      const n = found.number.length;
      const first = isBest ? Math.max(0, n - MANY) : 0; // the best come last
      curves = found.number.slice(first).map((number, k) => {
        const [from, to] = [found.begin[first + k], found.begin[first + k + 1]];
        return { number, state: found.state[first + k], x: found.step.slice(from, to),
          y: numbersOf(found.value.slice(from, to)) };
      });
    }
    const lastOf = (name) => curves.map((curve) => curve[name].at(-1));

    function describe() {
      const alpha = curves.length > MANY ? 0.35 : 0.9;
      const fans = found.fans.map((fan) => ({ ...fan, value: numbersOf(fan.value),
        low: fan.low.map(numbersOf), high: fan.high.map(numbersOf) }));
      const bands = found.bands ? [[0, 4, 0.15], [1, 3, 0.25]].map(([low, high, alpha]) => ({
        x: found.bands.step, low: numbersOf(found.bands.value[low]), high: numbersOf(found.bands.value[high]),
        colour: "--faint", alpha })) : [];
      return {
        xAxis: makeAxis(...ends([...curves.flatMap((c) => c.x), ...fans.flatMap((f) => f.step)])),
        values: curves.flatMap((c) => c.y),
        must: [...lastOf("y").slice(-1), ...fans.flatMap((f) => f.value.slice(-1))],
        xName: t`step`, yName: found.objective,
        bands: [...bands, ...fans.flatMap((fan) => [2, 1, 0].map((k) => ({ x: fan.step,
          low: fan.low[k], high: fan.high[k], colour: "--best", alpha: 0.15 })))],
        lines: [
          ...curves.map((c) => ({ x: c.x, y: c.y, width: 1.2, alpha, colour: STATE_COLOURS[c.state] })),
          ...(found.bands ? [{ x: found.bands.step, y: numbersOf(found.bands.value[2]), colour: "--ink" }] : []),
          ...fans.map((fan) => ({ x: fan.step, y: fan.value, colour: "--best", dashed: true }))],
        points: { x: lastOf("x"), y: lastOf("y"), kind: (i) => curves[i].state, kinds: KINDS },
        rules: found.stops.step.map((x, i) => ({ x,
          text: t`${found.stops.n_stopped[i]} of ${found.stops.n_reached[i]} stopped` })),
      };
    }
    const label = () => t`${curves.length} of ${found.n} trials that reported ${found.objective}`
      + (found.fans.length ? t`; forecasts of ${found.fans.length}.` : t`.`);
    const chart = makeZoomed(describe, { label,
      tip: (i) => t`trial ${curves[i].number}, ${nameOf(curves[i])}: ${short(curves[i].y.at(-1))} at step ${short(curves[i].x.at(-1))}`,
      open: (i) => openTrial(study, curves[i].number) }, look, change);
    const said = h("p");
    const table = twin(t`Last reports and forecasts as a table`, () => ({
      head: [t`Trial`, t`State`, t`Last step`, t`Last value`, t`Forecast`, t`95 % interval`],
      rows: curves.map((c) => {
        const fan = found.fans.find((f) => f.number === c.number);
        return [trialLink(study, c.number), nameOf(c), short(c.x.at(-1)), short(c.y.at(-1)), ...(fan
          ? [short(fan.value.at(-1)), t`${short(fan.low[2].at(-1))} to ${short(fan.high[2].at(-1))}`] : ["", ""])];
      }).reverse().slice(0, 200) }));
    const stops = twin(t`Where trials were stopped as a table`, () => ({ head: [t`Step`, t`Stopped there`, t`Came there`],
      rows: found.stops.step.map((step, i) =>
        [short(step), short(found.stops.n_stopped[i]), short(found.stops.n_reached[i])]) }));

    function draw() {
      chart.draw();
      said.textContent = label();
      table.fill();
      stops.fill();
    }
    function change() {
      writeLook(query, look);
      query.set("best", isBest ? "1" : "");
      remember(study, "curves", query);
      arrange();
      draw();
    }
    return {
      path: () => `curves?objective=${objective}`,
      parts: (now) => [said,
        bar(objectiveChoice(summary, objective, (j) => { location.hash = `#/s/${study}/curves?objective=${j}`; }),
          tick(t`Best ${MANY} only`, isBest, (on) => { isBest = on; change(); }), chart.bar),
        chart.node, legend([CODE.complete, CODE.pruned, CODE.running, CODE.paused, CODE.failed].map((state) => ({ ...KINDS[state], filled: true }))),
        faint(now.bands ? t`Grey: where half and nine tenths of all curves run, and their median. ` : "",
          now.fans.length ? t`Dashed, with bands: forecasts, which hold the value with 50, 80 and 95 %.` : ""),
        table.node, now.stops.step.length > 0 && stops.node],
      again: (now) => { found = now; arrange(); draw(); },
    };
  });
}
