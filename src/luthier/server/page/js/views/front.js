// @ts-check
// Several objectives: the front, and a rule that chooses from it, with what each condition costs.

import { remember } from "../address.js";
import { read } from "../api.js";
import { valueAxis } from "../axes.js";
import { h, nameGoal, present, short } from "../dom.js";
import { bar, choice, faint, legend, numberOf, openTrial, trialLink, twin } from "../parts.js";
import { answerView } from "../view.js";
import { ENGLISH, isolate, t } from "../words.js";
import { makeZoomed, readLook, writeLook } from "../zoomed.js";

const KINDS = [
  { colour: "--waiting", filled: true, name: t`beaten by another` },
  { colour: "--failed", filled: false, name: t`breaks a constraint` },
  { colour: "--complete", filled: true, name: t`on the front` },
  { colour: "--best", filled: true, name: t`chosen` },
];

/** @param {any} summary @param {URLSearchParams} query */
export function showFront(summary, query) {
  const study = summary.id;
  return answerView(summary, 2000, () => {
    const { objectives, directions } = summary;
    const m = objectives.length;
    const readAxis = (name, otherwise) => Math.min(Number(query.get(name) ?? otherwise) || 0, m - 1);
    const axis = { x: readAxis("x", 0), y: readAxis("y", 1) };
    const look = readLook(query);
    /** @type {any} */
    let found;
    /** @type {any} */
    let chosen = null;

    function describe() {
      const [x, y] = [axis.x, axis.y].map((j) => /** @type {number[]} */ (found.values.map((v) => numberOf(v[j]))));
      const kind = (i) => {
        if (chosen?.number === found.number[i]) return 3;
        return found.on_front[i] ? 2 : found.feasible[i] ? 0 : 1;
      };
      const front = (values) => values.filter((_, i) => found.on_front[i]);
      const steps = m === 2 ? Array.from(x.keys()).filter((i) => found.on_front[i]).sort((a, b) => x[a] - x[b]) : [];
      const across = valueAxis(x, front(x), { all: look.all });
      return { xAxis: across.axis, xScale: across.isLog ? "log" : "linear", values: y, must: front(y),
        xName: nameGoal(summary, axis.x), yName: nameGoal(summary, axis.y),
        points: { x, y, kind, kinds: KINDS, top: Array.from(x.keys()).filter((i) => kind(i) > 1) },
        lines: [{ x: steps.map((i) => x[i]), y: steps.map((i) => y[i]), colour: "--complete", width: 1.2, alpha: 0.6 }] };
    }
    const sayValues = (values) => objectives.map((name, j) => `${isolate(name)} ${short(values[j])}`).join(", ");
    const label = () => t`${found.n_front} of ${found.n} complete trials are on the front: no other beats them in all objectives.`;
    const chart = makeZoomed(describe, { label,
      tip: (i) => t`trial ${found.number[i]}: ${sayValues(found.values[i])}`,
      open: (i) => openTrial(study, found.number[i]) }, look, change);
    const table = twin(t`The front as a table`, () => ({ head: [t`Trial`, ...objectives],
      rows: found.number.map((n, i) => ({ n, i }))
        .filter((r) => found.on_front[r.i]).slice(0, 500)
        .map((r) => [trialLink(study, r.n), ...found.values[r.i].map(short)]) }));
    const said = h("p");

    function draw() {
      said.textContent = label();
      chart.draw();
      table.fill();
    }
    function change() {
      writeLook(query, look);
      remember(study, "front", query);
      draw();
    }
    const axisChoice = (text, which) => choice(text, objectives.map((name, j) => [String(j), name]), String(axis[which]), (j) => {
      axis[which] = Number(j);
      query.set(which, j);
      look.zoom = null;
      change();
    });

    // The rule.
    const field = /** @type {HTMLInputElement} */ (h("input", { id: "rule", type: "text", class: "rule", spellcheck: "false",
      autocomplete: "off", value: query.get("rule") ?? "",
      placeholder: `${objectives[0]} ${directions[0] === "maximize" ? ">=" : "<="} 0.5, then ${
        directions[1] === "maximize" ? "largest" : "smallest"} ${objectives[1]}` }));
    const verdict = h("div", { role: "status" });
    async function decide() {
      const rule = field.value.trim();
      query.set("rule", rule);
      remember(study, "front", query);
      const answer = await read(`studies/${study}/choice?${new URLSearchParams({ rule })}`);
      chosen = answer.note ? null : answer;
      verdict.replaceChildren(...(answer.note ? [h("pre", { tabindex: 0, class: "error", ...ENGLISH }, answer.note)]
        : describeChoice(study, answer, rule)));
      draw();
    }
    return {
      path: () => "front",
      parts: () => [said,
        bar(m > 2 && [axisChoice(t`Across`, "x"), axisChoice(t`Up`, "y")], chart.bar),
        chart.node, legend(KINDS), table.node,
        h("h2", null, t`Choose by a rule`),
        h("form", { class: "bar", onsubmit: (e) => { e.preventDefault(); decide(); } },
          h("label", { for: "rule" }, t`Rule`), field, h("button", { type: "submit" }, t`Choose`)),
        faint(t`Conditions on values, params and tags, joined by “and”; then what is sought, as in “accuracy >= 0.9, then smallest size”. Without a rule the knee of the front is chosen.`),
        verdict],
      again: (now) => { found = now; draw(); decide(); },
    };
  });
}

/** @param {number} study @param {any} answer @param {string} rule */
function describeChoice(study, answer, rule) {
  const items = (given) => Object.entries(given).map(([name, v]) => `${isolate(name)} = ${isolate(short(v))}`).join(", ");
  return present([
    h("p", null, h("span", { class: "big" }, trialLink(study, answer.number)), ` ${items(answer.values)}`),
    faint(items(answer.params)),
    h("p", null, t`Why: `, h("span", ENGLISH, answer.why), t`.`),
    answer.rules.length > 0 && [h("h3", null, t`What each condition costs`),
      h("ul", ENGLISH, answer.rules.map((r) => h("li", null, r.text, r.without != null && [" – ", trialLink(study, r.without)])))],
    answer.runner_up && faint(t`Otherwise: `, h("span", ENGLISH, answer.runner_up), t`.`),
    !rule && faint(t`No rule is given.`),
  ]);
}
