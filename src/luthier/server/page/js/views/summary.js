// @ts-check
// One screen of a study: does it run, how good is it, what is searched.

import { read } from "../api.js";
import { countsBar, duration, h, nameGoal, present, short, sparkline, stateMark, time } from "../dom.js";
import { button, card, faint, meter, table, trialLink } from "../parts.js";
import { MANY } from "../trials.js";
import { SLOW_MS } from "../view.js";
import { ENGLISH, isolate, t } from "../words.js";
import { SEVERITIES } from "./findings.js";

const N_TOP = 3; // parameters and findings
const REST = 4; // so many times as long as it took, nothing is judged anew

/** @param {any} summary */
export async function showSummary(summary) {
  const study = summary.id;
  const node = h("div");
  const [matters, wrong] = [t`What matters`, t`What may be wrong`].map((title) => card(title, [faint("…")]));
  let [judged, rest] = [0, SLOW_MS]; // when it was last judged, and for how long it is not then
  let isWanted = false; // findings read all trials of a large study

  async function judge() {
    const began = Date.now();
    if (began - judged < rest) return;
    [judged, rest] = [began, Infinity];
    await Promise.all([fill(matters, async () => sayImportance(study, await read(`studies/${study}/importance`))),
      isWanted && seek()]);
    rest = Math.max(SLOW_MS, REST * (Date.now() - began));
  }
  const seek = () => fill(wrong, async () => sayFindings(study, (await read(`studies/${study}/findings`)).findings));
  /** @param {any} now */
  function put(now) {
    isWanted ||= now.n_trials <= MANY;
    node.replaceChildren(...draw(now, matters, wrong));
    if (!isWanted) wrong.lastElementChild?.replaceWith(button(t`Look for it`, () => { isWanted = true; seek(); }));
    judge();
  }
  put(summary);
  return { node, update: async () => put(await read(`studies/${study}/summary`)) };
}

/** Fills a card below its title. @param {Element} box @param {() => Promise<any[]>} make */
async function fill(box, make) {
  const parts = await make().catch((error) => [faint(String(error.message))]);
  box.replaceChildren(/** @type {Node} */ (box.firstChild), ...present(parts));
}

/** @param {number} study @param {any} found */
function sayImportance(study, found) {
  const top = found.params.filter((p) => p.important).slice(0, N_TOP);
  const most = Math.max(...top.map((p) => p.value), 1e-9);
  return [top.length ? h("ol", { class: "bare" }, top.map((p) => h("li", null, `${isolate(p.name)}: ${short(p.value)}`, meter(p.value / most))))
    : found.note ? h("p", ENGLISH, found.note) : h("p", null, t`No parameter has an effect that can be seen yet.`),
  h("p", null, h("a", { href: `#/s/${study}/importance` }, t`All parameters`))];
}

/** @param {number} study @param {any[]} findings */
function sayFindings(study, findings) {
  const top = findings.filter((f) => !f.dismissed).slice(0, N_TOP).map((f) => h("li", null,
    h("span", { class: `mark ${f.severity}` }, SEVERITIES[f.severity] ?? f.severity), " ", h("span", ENGLISH, f.title)));
  return [top.length ? h("ul", { class: "bare" }, top) : h("p", null, t`Nothing was found that is wrong.`),
    findings.length > 0 && h("p", null, h("a", { href: `#/s/${study}/findings` }, t`All ${findings.length}, with advice`))];
}

/** @param {any} s @param {Element} matters @param {Element} wrong */
function draw(s, matters, wrong) {
  const goals = s.objectives.map((_, j) => nameGoal(s, j)).join(", ");
  return present([
    h("h1", null, s.name),
    faint(goals, "; ", t`created ${time(s.created_s)}`),
    h("div", { class: "cards" },
      card(t`In words`, s.text.map((line) => h("p", ENGLISH, line))),
      card(t`Best ${s.objectives[0]}`, [
        s.best ? h("p", null, h("span", { class: "big" }, short(s.best.value)), " ", trialLink(s.id, s.best.number))
          : h("p", null, t`No trial is complete yet.`),
        sparkline(s.steps, s.n_trials - 1), s.n_front != null && h("p", null, t`${s.n_front} on the front`)]),
      card(t`${s.n_trials} trials`, [countsBar(s.counts),
        h("ul", null, Object.entries(s.counts).map(([state, n]) => h("li", null, stateMark(state), `: ${n}`))),
        s.n_left > 0 && s.left_s != null && h("p", null, t`${s.n_left} left; about ${duration(s.left_s)} at this rate`)]),
      matters, wrong),
    s.running.length > 0 && h("section", null, h("h2", null, t`Running`),
      h("p", null, s.running.slice(0, 50).flatMap((n) => [trialLink(s.id, n), " "]))),
    h("h2", null, t`Space`),
    table(t`Space`, [t`Parameter`, t`Range`, t`Scale`], s.params.map((p) => [p.name,
      p.choices.length ? p.choices.map(isolate).join(", ") : t`${short(p.low)} to ${short(p.high)}`,
      p.choices.length ? t`choices` : p.scale].map((text) => h("td", null, text)))),
  ]);
}
