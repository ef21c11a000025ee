// @ts-check
// Controls of a study: whether it goes on, what is run next, and who has done what.

import { act, acts, read } from "../api.js";
import { actButton, makeOutcome, onlyReads, paramField } from "../acting.js";
import { h, time } from "../dom.js";
import { bar, faint, scroll, table, trialLink } from "../parts.js";
import { ENGLISH, t } from "../words.js";

/** What a study is called, and what its workers do. @type {Record<string, [string, string, string]>} */
const COURSES = {
  running: [t`running`, t`Workers begin trials.`, t`The study is running.`],
  paused: [t`paused`, t`Workers begin no trial, and wait.`, t`The study is paused.`],
  stopped: [t`stopped`, t`Workers begin no trial, and end.`, t`The study is stopped.`],
};
const MOST = 100; // running trials with buttons

/** @param {any} summary @param {URLSearchParams} query */
export async function showControls(summary, query) {
  const study = summary.id;
  const [course, log] = [h("div"), h("div")];
  let shown = "";
  const outcome = makeOutcome();

  /** @param {string} path @param {object} body @param {(answer: any) => string} say */
  const perform = (path, body, say) => outcome.run(async () => {
    const said = say(await act(`studies/${study}/${path}`, body));
    await update();
    return said;
  });
  const running = runningTrials(study, perform);
  const update = async () => {
    const now = await read(`studies/${study}/summary`);
    const controls = await read(`studies/${study}/controls`);
    // What is drawn stays where it holds still, so that a button is there for a second click.
    if (controls.course !== shown) course.replaceChildren(...drawCourse(controls, perform));
    shown = controls.course;
    running.update(now, controls);
    log.replaceChildren(drawLog(controls.log));
  };
  await update();
  const controls = await read(`studies/${study}/controls`);
  const from = query.get("from");
  const start = from === null ? {} : (await read(`studies/${study}/trials/${Number(from)}`)).params;
  return {
    node: h("div", null, h("h1", null, summary.name), course, outcome.node, running.node,
      acts() && [h("h2", null, t`Run next`),
        h("p", null, actButton(t`Propose one to run by hand`, () => perform("propose", {},
          (/** @type {any} */ trial) => {
            location.hash = `#/s/${study}/trials/${trial.number}`;
            return t`Trial ${trial.number} waits.`;
          }))),
        enqueueForm(controls.space, start, perform)],
      h("h2", null, t`Done so far`), log),
    update,
  };
}

/** @param {any} controls @param {any} perform */
function drawCourse(controls, perform) {
  const is = controls.course;
  const words = h("p", null, h("strong", null, COURSES[is][0]), ". ", COURSES[is][1]);
  if (!acts()) return [words, onlyReads()];
  const say = (/** @type {any} */ answer) => COURSES[answer.course][2];
  return [words, bar(
    is === "running" && actButton(t`Pause`, () => perform("pause", {}, say)),
    is !== "running" && actButton(t`Resume`, () => perform("resume", {}, say)),
    is !== "stopped" && actButton(t`Stop`, () => perform("stop", {}, say), t`Really stop the study?`),
    actButton(t`Stop with its trials`, () => perform("stop", { trials: true }, say), t`Really stop all of it?`))];
}

/** The trials that run, each with its buttons. @param {number} study @param {any} perform */
function runningTrials(study, perform) {
  const body = h("tbody");
  const none = h("p", null, t`No trial runs.`);
  const box = scroll(t`Running trials`, h("table", null, body));
  /** @type {Map<number, {row: HTMLElement, state: HTMLElement}>} */
  const lines = new Map();

  /** @param {number} n */
  const add = (n) => {
    const state = h("td");
    const row = h("tr", null, h("td", null, trialLink(study, n)), state,
      h("td", null, acts() && bar(
        actButton(t`Stop`, () => perform(`trials/${n}/stop`, {}, () => t`Trial ${n} is to stop.`)),
        actButton(t`Fail`, () => perform(`trials/${n}/fail`, {}, () => t`Trial ${n} has failed.`), t`Really fail it?`))));
    lines.set(n, { row, state });
    body.append(row);
  };

  /** @param {any} summary @param {any} controls */
  const update = (summary, controls) => {
    const now = new Set(summary.running.slice(0, MOST));
    for (const [n, { row }] of lines) {
      if (now.has(n)) continue;
      row.remove();
      lines.delete(n);
    }
    for (const n of now) if (!lines.has(n)) add(n);
    for (const [n, { state }] of lines) state.textContent = controls.stopping.includes(n) ? t`is to stop` : t`runs`;
    box.hidden = lines.size === 0;
    none.hidden = lines.size > 0;
  };
  return { node: h("section", null, h("h2", null, t`Running`), box, none), update };
}

/** @param {Record<string, any>} space @param {Record<string, any>} start @param {any} perform */
function enqueueForm(space, start, perform) {
  const fields = Object.entries(space).map(([name, dist]) => ({ name, ...paramField(name, dist, start[name]) }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = fields.map(({ name, get }) => [name, get()]).filter(([, v]) => v !== undefined);
    perform("enqueue", { params: Object.fromEntries(given) },
      (/** @type {any} */ answer) => t`Trial ${answer.number} is run next.`);
  };
  return h("form", { class: "fields", onsubmit: submit },
    fields.flatMap(({ label, field }) => [label, field]),
    faint(t`What is left empty is chosen by the sampler.`),
    h("div", null, h("button", { type: "submit" }, t`Enqueue`)));
}

/** @param {{time_s: number, who: string, what: string}[]} log */
function drawLog(log) {
  return log.length ? table(t`Acts`, [t`When`, t`Who`, t`What`], log.toReversed().map((act) =>
    [h("td", null, time(act.time_s)), h("td", null, act.who), h("td", ENGLISH, act.what)])) : h("p", null, t`Nothing yet.`);
}
