// @ts-check
// One screen of a study: does it run, how good is it, what is searched.

import { read } from "../api.js";
import { countsBar, h, short, stateMark, time } from "../dom.js";

/** @param {number} study */
export async function showSummary(study) {
  const node = h("div");
  const update = async () => node.replaceChildren(...draw(await read(`studies/${study}/summary`)));
  await update();
  return { node, update };
}

/** @param {any} s */
function draw(s) {
  const goals = s.objectives.map((/** @type {string} */ name, /** @type {number} */ i) =>
    `${s.directions[i]} ${name}`).join(", ");
  const best = s.best && h("p", null, h("span", { class: "big" }, short(s.best.value)), " ",
    h("a", { href: `#/s/${s.id}/trials/${s.best.number}` }, `trial ${s.best.number}`));
  const states = Object.entries(s.counts).map(([state, n]) =>
    h("li", null, stateMark(state), `: ${n}`));
  const params = s.params.map((/** @type {any} */ p) => h("tr", null,
    h("td", null, p.name),
    h("td", null, p.choices.length ? p.choices.join(", ") : `${short(p.low)} to ${short(p.high)}`),
    h("td", null, p.choices.length ? "choices" : p.scale)));
  return [
    h("h1", null, s.name),
    h("p", { class: "faint" }, `${goals}; created ${time(s.created_s)}`),
    h("div", { class: "cards" },
      h("section", { class: "card" }, h("h2", null, "In words"),
        s.text.map((/** @type {string} */ line) => h("p", null, line))),
      h("section", { class: "card" }, h("h2", null, `Best ${s.objectives[0]}`),
        best ?? h("p", null, "No trial is complete yet."),
        s.n_front != null && h("p", null, `${s.n_front} on the front`)),
      h("section", { class: "card" }, h("h2", null, `${s.n_trials} trials`), countsBar(s.counts),
        h("ul", null, states))),
    s.running.length > 0 && h("section", null, h("h2", null, "Running"),
      h("p", null, s.running.slice(0, 50).flatMap((/** @type {number} */ n) => [
        h("a", { href: `#/s/${s.id}/trials/${n}` }, `trial ${n}`), " "]))),
    h("h2", null, "Space"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Space" },
      h("table", null, h("thead", null, h("tr", null, h("th", null, "Parameter"),
        h("th", null, "Range"), h("th", null, "Scale"))), h("tbody", null, params))),
  ].filter(Boolean);
}
