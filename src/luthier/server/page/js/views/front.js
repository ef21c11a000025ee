// @ts-check
// Several objectives: the front, and a rule that chooses from it, with what each condition costs.

import { remember } from "../address.js";
import { read } from "../api.js";
import { makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { button, choice, legend, note, trialLink, twin } from "../parts.js";
import { h, short } from "../dom.js";
import { numberOf } from "./curves.js";

const KINDS = [
  { colour: "--waiting", filled: true, name: "beaten by another" },
  { colour: "--failed", filled: false, name: "breaks a constraint" },
  { colour: "--complete", filled: true, name: "on the front" },
  { colour: "--best", filled: true, name: "chosen" },
];

/** @param {number} study @param {URLSearchParams} query */
export async function showFront(study, query) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  const m = summary.objectives.length;
  const axis = { x: Math.min(Number(query.get("x") ?? 0) || 0, m - 1), y: Math.min(Number(query.get("y") ?? 1) || 0, m - 1) };
  /** @type {any} */
  let found;
  /** @type {any} */
  let chosen = null;
  /** @type {{x: [number, number], y: [number, number]} | null} */
  let zoom = null;

  function picture() {
    const column = (j) =>
      /** @type {number[]} */ (found.values.map((v) => numberOf(v[j])));
    const [x, y] = [column(axis.x), column(axis.y)];
    const kind = (i) => {
      if (chosen?.number === found.number[i]) return 3;
      return found.on_front[i] ? 2 : found.feasible[i] ? 0 : 1;
    };
    const front = (values) => values.filter((_, i) => found.on_front[i]);
    const [xRange, yRange] = [valueAxis(x, front(x)), valueAxis(y, front(y))];
    const steps = m === 2 ? Array.from(x.keys()).filter((i) => found.on_front[i]).sort((a, b) => x[a] - x[b]) : [];
    return { xAxis: zoom ? makeAxis(...zoom.x, xRange.isLog ? "log" : "linear") : xRange.axis,
      yAxis: zoom ? makeAxis(...zoom.y, yRange.isLog ? "log" : "linear") : yRange.axis,
      xName: `${summary.objectives[axis.x]} (${summary.directions[axis.x]})`,
      yName: `${summary.objectives[axis.y]} (${summary.directions[axis.y]})`,
      points: { x, y, kind, kinds: KINDS, top: Array.from(x.keys()).filter((i) => kind(i) > 1) },
      lines: [{ x: steps.map((i) => x[i]), y: steps.map((i) => y[i]), colour: "--complete", width: 1.2, alpha: 0.6 }] };
  }
  const sayValues = (values) => summary.objectives.map((name, j) =>
    `${name} ${short(values[j])}`).join(", ");
  const label = () => `${found.n_front} of ${found.n} complete trials are on the front: no other beats them in all objectives.`;
  const chart = makeChart(picture, { label,
    tip: (i) => `trial ${found.number[i]}: ${sayValues(found.values[i])}`,
    open: (i) => { location.hash = `#/s/${study}/trials/${found.number[i]}`; },
    select: (box) => { zoom = box; draw(); } });
  const table = twin("The front as a table", () => ({ head: ["Trial", ...summary.objectives],
    rows: found.number.map((n, i) => ({ n, i }))
      .filter((r) => found.on_front[r.i]).slice(0, 500)
      .map((r) => [trialLink(study, r.n), ...found.values[r.i].map(short)]) }));
  const said = h("p");
  const fit = button("Show all", () => { zoom = null; draw(); });

  function draw() {
    said.textContent = label();
    fit.hidden = !zoom;
    chart.draw();
    table.fill();
  }

  // The rule.
  const field = /** @type {HTMLInputElement} */ (h("input", { id: "rule", type: "text", class: "rule", spellcheck: "false",
    autocomplete: "off", value: query.get("rule") ?? "",
    placeholder: `${summary.objectives[0]} <= 0.5, then smallest ${summary.objectives[1]}` }));
  const verdict = h("div", { role: "status" });
  async function decide() {
    const rule = field.value.trim();
    query.set("rule", rule);
    remember(study, "front", query);
    const answer = await read(`studies/${study}/choice?${new URLSearchParams({ rule })}`);
    chosen = answer.note ? null : answer;
    verdict.replaceChildren(...(answer.note ? [h("pre", { tabindex: 0, class: "error" }, answer.note)]
      : describeChoice(study, answer, rule)));
    draw();
  }

  async function update() {
    const before = found;
    found = await read(`studies/${study}/front`);
    if (found === before) return;
    if (found.note) return node.replaceChildren(h("h1", null, summary.name), note(found.note));
    if (before && !before.note) return decide();
    const options = summary.objectives.map((name, j) => [String(j), name]);
    const setAxis = (which) => (j) => {
      axis[which] = Number(j);
      query.set(which, j);
      zoom = null;
      remember(study, "front", query);
      draw();
    };
    node.replaceChildren(h("h1", null, summary.name), said,
      h("div", { class: "bar" },
        m > 2 ? [choice("Across", options, String(axis.x), setAxis("x")), choice("Up", options, String(axis.y), setAxis("y"))] : null,
        button("Zoom in", () => chart.zoom(0.5)), button("Zoom out", () => chart.zoom(2)), fit),
      chart.node, legend(KINDS), table.node,
      h("h2", null, "Choose by a rule"),
      h("form", { class: "bar", onsubmit: (e) => { e.preventDefault(); decide(); } },
        h("label", { for: "rule" }, "Rule"), field, h("button", { type: "submit" }, "Choose")),
      h("p", { class: "faint" }, "Conditions on values, params and tags, joined by “and”; then what is sought, as in “accuracy >= 0.9, then smallest size”. Without a rule the knee of the front is chosen."),
      verdict);
    await decide();
  }
  await update();
  return { node, update, every: 2000 };
}

/** @param {number} study @param {any} answer @param {string} rule */
function describeChoice(study, answer, rule) {
  const items = (given) =>
    Object.entries(given).map(([name, v]) => `${name} = ${short(v)}`).join(", ");
  return [
    h("p", null, h("span", { class: "big" }, trialLink(study, answer.number)), ` ${items(answer.values)}`),
    h("p", { class: "faint" }, items(answer.params)),
    h("p", null, `Why: ${answer.why}.`),
    answer.rules.length > 0 && h("h3", null, "What each condition costs"),
    answer.rules.length > 0 && h("ul", null, answer.rules.map((r) => h("li", null, r.text, r.without != null && [" – ", trialLink(study, r.without)]))),
    answer.runner_up && h("p", { class: "faint" }, `Otherwise: ${answer.runner_up}.`),
    !rule && h("p", { class: "faint" }, "No rule is given."),
  ].filter(Boolean);
}
