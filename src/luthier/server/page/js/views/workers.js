// @ts-check
// Who ran what when: trials as bars on lanes of time, and how busy the workers were.

import { makeAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { CODE, STATES, STATE_COLOURS, STATE_NAMES, duration, h, percent } from "../dom.js";
import { bar, button, legend, openTrial, trialLink, twin } from "../parts.js";
import { answerView } from "../view.js";
import { t } from "../words.js";

const LANE = 18; // pixels at most
const [LEAST_HIGH, MOST_HIGH, AROUND] = [120, 420, 58];
const KINDS = STATES.map((state, i) => ({ colour: STATE_COLOURS[i], filled: true, name: STATE_NAMES[state] }));

/** @param {any} summary */
export function showWorkers(summary) {
  const study = summary.id;
  return answerView(summary, 2000, () => {
    /** @type {any} */
    let found;
    let [nLanes, end] = [1, 0];
    /** @type {[number, number] | null} seconds since the first trial began */
    let part = null;
    const name = (i) => found.worker[i].split("#")[0];

    function picture() {
      const begin = found.start_s[0] ?? 0;
      return { xAxis: makeAxis(...(part ?? /** @type {[number, number]} */ ([begin, Math.max(end, begin + 1e-3)])), "duration"),
        yAxis: { ...makeAxis(-0.5, nLanes - 0.5), ticks: () => [] },
        xName: t`time since the first trial began`, yName: "",
        points: { x: found.start_s, to: found.end_s, y: found.lane.map((lane) => nLanes - 1 - lane),
          kind: (i) => found.state[i], kinds: KINDS } };
    }
    const label = () => t`${found.n} turns of trials, at most ${nLanes} at a time`
      + (found.number.length < found.n ? t`, of which the latest ${found.number.length} are drawn` : "")
      + t`; ${percent(found.idle_share)} of the time of all lanes nothing ran`
      + (found.n_waiting ? t`; ${found.n_waiting} trials wait.` : t`.`);
    const chart = makeChart(picture, { label,
      tip: (i) => [t`trial ${found.number[i]}`, KINDS[found.state[i]].name, duration(found.end_s[i] - found.start_s[i]),
        found.n_pauses[i] && t`${found.n_pauses[i]} pauses`, name(i)].filter(Boolean).join(", "),
      open: (i) => openTrial(study, found.number[i]),
      select: (box) => setPart(box && box.x),
      tall: () => Math.min(MOST_HIGH, Math.max(LEAST_HIGH, AROUND + LANE * nLanes)) });
    /** @param {[number, number] | null} now */
    function setPart(now) {
      part = now;
      fit.hidden = !part;
      chart.draw();
    }
    const fit = button(t`Show all`, () => setPart(null), { hidden: true });
    const latest = button(t`Latest tenth`, () => setPart([0.9 * end, end]));
    const said = h("p");
    const workers = twin(t`Workers as a table`, () => ({
      head: [t`Worker`, t`Trials`, t`Running`, t`Failed`, t`Mean time`, t`Last trial`],
      rows: countWorkers(found, name).map((w) => [h("td", null, w.name || t`unknown`), String(w.n), String(w.running),
        String(w.failed), duration(w.busy / w.n), trialLink(study, w.last)]) }));
    return {
      path: () => "timeline",
      parts: () => [said, bar(latest, fit), chart.node, legend([CODE.complete, CODE.pruned, CODE.failed, CODE.running, CODE.paused].map((state) => KINDS[state])), workers.node],
      again: (now) => {
        found = now;
        nLanes = found.lane.reduce((most, lane) => Math.max(most, lane), 0) + 1;
        end = found.end_s.reduce((a, b) => Math.max(a, b), 1e-3);
        said.textContent = label();
        workers.fill();
        chart.draw();
      },
    };
  });
}

/** What each worker did, those with most trials first. @param {any} found @param {(i: number) => string} nameOf */
function countWorkers(found, nameOf) {
  /** @type {Map<string, {name: string, n: number, running: number, failed: number, busy: number, last: number}>} */
  const all = new Map();
  found.number.forEach((number, i) => {
    const name = nameOf(i);
    const w = all.get(name) ?? { name, n: 0, running: 0, failed: 0, busy: 0, last: number };
    w.n += 1;
    w.running += Number(found.state[i] === CODE.running);
    w.failed += Number(found.state[i] === CODE.failed);
    w.busy += found.end_s[i] - found.start_s[i];
    w.last = number;
    all.set(name, w);
  });
  return [...all.values()].sort((a, b) => b.n - a.n).slice(0, 500);
}
