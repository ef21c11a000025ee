// @ts-check
// Controls of a study: whether it goes on, what is run next, and who has done what.

import { act, acts, read } from "../api.js";
import { actButton, makeOutcome, paramField } from "../acting.js";
import { h, time } from "../dom.js";

const COURSES = {
  running: "Workers begin trials.",
  paused: "Workers begin no trial, and wait.",
  stopped: "Workers begin no trial, and end.",
};
const MOST = 100; // running trials with buttons

/** @param {number} study @param {URLSearchParams} query */
export async function showControls(study, query) {
  const summary = await read(`studies/${study}/summary`);
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
      acts() && [h("h2", null, "Run next"),
        h("p", null, actButton("Propose one to run by hand", () => perform("propose", {},
          (/** @type {any} */ t) => {
            location.hash = `#/s/${study}/trials/${t.number}`;
            return `Trial ${t.number} waits.`;
          }))),
        enqueueForm(controls.space, start, perform)],
      h("h2", null, "Done so far"), log),
    update,
  };
}

/** @param {any} controls @param {any} perform */
function drawCourse(controls, perform) {
  const is = controls.course;
  const words = h("p", null, h("strong", null, is), ". ", COURSES[/** @type {"running"} */ (is)]);
  if (!acts()) return [words, h("p", { class: "faint" }, "This page only reads.")];
  const say = (/** @type {any} */ answer) => `The study is ${answer.course}.`;
  return [words, h("div", { class: "bar" },
    is === "running" && actButton("Pause", () => perform("pause", {}, say)),
    is !== "running" && actButton("Resume", () => perform("resume", {}, say)),
    is !== "stopped" && actButton("Stop", () => perform("stop", {}, say), "Really stop the study?"),
    actButton("Stop with its trials", () => perform("stop", { trials: true }, say),
      "Really stop all of it?"))];
}

/** The trials that run, each with its buttons. @param {number} study @param {any} perform */
function runningTrials(study, perform) {
  const body = h("tbody");
  const none = h("p", null, "No trial runs.");
  const table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Running trials" },
    h("table", null, body));
  /** @type {Map<number, {row: HTMLElement, state: HTMLElement}>} */
  const lines = new Map();

  /** @param {number} n */
  const add = (n) => {
    const state = h("td");
    const row = h("tr", null,
      h("td", null, h("a", { href: `#/s/${study}/trials/${n}` }, `trial ${n}`)), state,
      h("td", null, acts() && h("div", { class: "bar" },
        actButton("Stop", () => perform(`trials/${n}/stop`, {}, () => `Trial ${n} is to stop.`)),
        actButton("Fail", () => perform(`trials/${n}/fail`, {}, () => `Trial ${n} has failed.`),
          "Really fail it?"))));
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
    for (const [n, { state }] of lines) {
      state.textContent = controls.stopping.includes(n) ? "is to stop" : "runs";
    }
    table.hidden = lines.size === 0;
    none.hidden = lines.size > 0;
  };
  return { node: h("section", null, h("h2", null, "Running"), table, none), update };
}

/** @param {Record<string, any>} space @param {Record<string, any>} start @param {any} perform */
function enqueueForm(space, start, perform) {
  const fields = Object.entries(space).map(([name, dist]) =>
    ({ name, ...paramField(name, dist, start[name]) }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = fields.map(({ name, get }) => [name, get()]).filter(([, v]) => v !== undefined);
    perform("enqueue", { params: Object.fromEntries(given) },
      (/** @type {any} */ answer) => `Trial ${answer.number} is run next.`);
  };
  return h("form", { class: "fields", onsubmit: submit },
    fields.flatMap(({ label, field }) => [label, field]),
    h("p", { class: "faint" }, "What is left empty is chosen by the sampler."),
    h("div", null, h("button", { type: "submit" }, "Enqueue")));
}

/** @param {{time_s: number, who: string, what: string}[]} log */
function drawLog(log) {
  if (!log.length) return h("p", null, "Nothing yet.");
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Acts" },
    h("table", null, h("thead", null, h("tr", null, h("th", null, "When"), h("th", null, "Who"),
      h("th", null, "What"))), h("tbody", null, log.toReversed().map((act) => h("tr", null,
      h("td", null, time(act.time_s)), h("td", null, act.who), h("td", null, act.what))))));
}
