// @ts-check
// One screen of a study: does it run, how good is it, what is searched.

import { read } from "../api.js";
import { countsBar, duration, h, short, sparkline, stateMark, time } from "../dom.js";
import { button } from "../parts.js";
import { MANY } from "../trials.js";

const N_TOP = 3; // parameters and findings
const SLOW_MS = 5000; // what takes long is asked for no more often

/** @param {number} study */
export async function showSummary(study) {
  const node = h("div");
  const matters = h("section", { class: "card" }, h("h2", null, "What matters"), h("p", { class: "faint" }, "…"));
  const wrong = h("section", { class: "card" }, h("h2", null, "What may be wrong"), h("p", { class: "faint" }, "…"));
  let judged = 0;
  let isWanted = false; // findings read all trials of a large study

  async function judge() {
    if (Date.now() - judged < SLOW_MS) return;
    judged = Date.now();
    await Promise.all([fill(matters, async () => sayImportance(study, await read(`studies/${study}/importance`))),
      isWanted && seek()]);
  }
  const seek = () => fill(wrong, async () => sayFindings(study, (await read(`studies/${study}/findings`)).findings));
  async function update() {
    const summary = await read(`studies/${study}/summary`);
    isWanted ||= summary.n_trials <= MANY;
    node.replaceChildren(...draw(summary, matters, wrong));
    if (!isWanted) wrong.lastElementChild?.replaceWith(button("Look for it", () => { isWanted = true; seek(); }));
    judge();
  }
  await update();
  return { node, update };
}

/** Fills a card below its title. @param {Element} card @param {() => Promise<any[]>} make */
async function fill(card, make) {
  const parts = await make().catch((error) => [h("p", { class: "faint" }, String(error.message))]);
  card.replaceChildren(/** @type {Node} */ (card.firstChild), ...parts);
}

/** @param {number} study @param {any} found */
function sayImportance(study, found) {
  const top = found.params.filter((p) => p.important).slice(0, N_TOP);
  const most = Math.max(...top.map((p) => p.value), 1e-9);
  const bars = top.map((p) => {
    const meter = h("span", { class: "meter" });
    meter.style.width = `${(100 * Math.max(p.value, 0)) / most}%`;
    return h("li", null, `${p.name}: ${short(p.value)}`, meter);
  });
  return [bars.length ? h("ol", { class: "bare" }, bars)
    : h("p", null, found.note || "No parameter has an effect that can be seen yet."),
    h("p", null, h("a", { href: `#/s/${study}/importance` }, "All parameters"))];
}

/** @param {number} study @param {any[]} findings */
function sayFindings(study, findings) {
  const top = findings.filter((f) => !f.dismissed).slice(0, N_TOP).map((f) => h("li", null, h("span", { class: `mark ${f.severity}` }, f.severity), ` ${f.title}`));
  return [top.length ? h("ul", { class: "bare" }, top) : h("p", null, "Nothing was found that is wrong."),
    findings.length > 0 && h("p", null, h("a", { href: `#/s/${study}/findings` }, `All ${findings.length}, with advice`))].filter(Boolean);
}

/** @param {any} s @param {Element} matters @param {Element} wrong */
function draw(s, matters, wrong) {
  const goals = s.objectives.map((name, i) =>
    `${s.directions[i]} ${name}`).join(", ");
  const best = s.best && h("p", null, h("span", { class: "big" }, short(s.best.value)), " ",
    h("a", { href: `#/s/${s.id}/trials/${s.best.number}` }, `trial ${s.best.number}`));
  const states = Object.entries(s.counts).map(([state, n]) =>
    h("li", null, stateMark(state), `: ${n}`));
  const params = s.params.map((p) => h("tr", null,
    h("td", null, p.name),
    h("td", null, p.choices.length ? p.choices.join(", ") : `${short(p.low)} to ${short(p.high)}`),
    h("td", null, p.choices.length ? "choices" : p.scale)));
  return [
    h("h1", null, s.name),
    h("p", { class: "faint" }, `${goals}; created ${time(s.created_s)}`),
    h("div", { class: "cards" },
      h("section", { class: "card" }, h("h2", null, "In words"),
        s.text.map((line) => h("p", null, line))),
      h("section", { class: "card" }, h("h2", null, `Best ${s.objectives[0]}`),
        best ?? h("p", null, "No trial is complete yet."), sparkline(s.steps, s.n_trials - 1),
        s.n_front != null && h("p", null, `${s.n_front} on the front`)),
      h("section", { class: "card" }, h("h2", null, `${s.n_trials} trials`), countsBar(s.counts),
        h("ul", null, states), s.n_left > 0 && s.left_s != null
          && h("p", null, `${s.n_left} left; about ${duration(s.left_s)} at this rate`)),
      matters, wrong),
    s.running.length > 0 && h("section", null, h("h2", null, "Running"),
      h("p", null, s.running.slice(0, 50).flatMap((n) => [
        h("a", { href: `#/s/${s.id}/trials/${n}` }, `trial ${n}`), " "]))),
    h("h2", null, "Space"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Space" },
      h("table", null, h("thead", null, h("tr", null, h("th", null, "Parameter"),
        h("th", null, "Range"), h("th", null, "Scale"))), h("tbody", null, params))),
  ].filter((part) => part !== false);
}
