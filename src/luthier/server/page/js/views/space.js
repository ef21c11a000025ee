// @ts-check
// The space as a tree: ranges, conditions, what is fixed, and how the trials fill it.

import { read } from "../api.js";
import { h, short } from "../dom.js";
import { twin } from "../parts.js";

const MOST_CHOICES = 12;

/** @param {number} study */
export async function showSpace(study) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  /** @type {any} */
  let found;
  const table = twin("How trials fill the space, as a table", () => ({
    head: ["Parameter", "Part", "Trials", "Of the best fifth"],
    rows: found.params.flatMap((p) => p.n.map((n, c) =>
      [p.axis.name, namePart(p, c), String(n), String(p.n_good[c])])) }));
  async function update() {
    const before = found;
    found = await read(`studies/${study}/space`);
    if (found === before) return;
    const isOpen = /** @type {HTMLDetailsElement} */ (table.node).open;
    const fixed = found.params.filter(isFixed);
    const byName = new Map(found.params.map((p) => [p.axis.name, p]));
    const children = (parent) => found.params.filter((p) => {
      const parents = Object.keys(p.when).filter((name) => byName.has(name));
      return parent === null ? parents.length === 0 : parents[0] === parent;
    });
    const branch = (p) => {
      const below = children(p.axis.name);
      return h("li", null, describe(p), below.length > 0 && h("ul", null, below.map(branch)));
    };
    node.replaceChildren(...[
      h("h1", null, summary.name),
      h("p", null, `${found.params.length} parameters${fixed.length ? `, ${fixed.length} of them fixed` : ""}; ${
        found.declared ? "the space was declared" : "the space is what the objective has asked for so far"}.`),
      h("ul", { class: "tree" }, children(null).map(branch)),
      found.constraints.length > 0 && h("h2", null, "Constraints"),
      found.constraints.length > 0 && h("ul", null, found.constraints.map((c) => h("li", null, h("code", null, c)))),
      h("p", { class: "faint legend" }, h("span", null, h("span", { class: "chip state-waiting" }), "trials"),
        h("span", null, h("span", { class: "chip state-best" }), "the best fifth of them")),
      table.node].filter((part) => part !== false));
    if (isOpen) table.fill();
  }
  await update();
  return { node, update, every: 2000 };
}

const isFixed = (p) => p.axis.low === p.axis.high;

/** @param {any} p @param {number} c */
function namePart(p, c) {
  return p.axis.choices[c] ?? `${short(p.edges[c])} to ${short(p.edges[c + 1])}`;
}

/** @param {any} p */
function describe(p) {
  const { axis } = p;
  const range = isFixed(p) ? `fixed at ${axis.choices[0] ?? short(axis.low)}`
    : axis.choices.length ? `${axis.choices.slice(0, MOST_CHOICES).join(", ")}${
      axis.choices.length > MOST_CHOICES ? ` and ${axis.choices.length - MOST_CHOICES} more` : ""}${axis.ordered ? " (in this order)" : ""}`
      : `${short(axis.low)} to ${short(axis.high)}, ${axis.scale}${axis.step ? `, step ${short(axis.step)}` : ""}`;
  const when = Object.entries(p.when).map(([name, values]) => `${name} is ${values.join(" or ")}`).join(" and ");
  return h("div", { class: "param" },
    h("strong", null, axis.name), " ", range,
    when && h("span", { class: "faint" }, `, where ${when}`),
    p.n_inactive > 0 && h("span", { class: "faint" }, `, not active in ${p.n_inactive} trials`),
    !isFixed(p) && histogram(p));
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {any} p */
function histogram(p) {
  const svg = document.createElementNS(SVG, "svg");
  const n = p.n.length;
  const most = Math.max(1, ...p.n);
  svg.setAttribute("class", "histogram");
  svg.setAttribute("viewBox", `0 0 ${10 * n} 40`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [counts, name] of [[p.n, "all"], [p.n_good, "good"]]) {
    counts.forEach((k, c) => {
      const bar = document.createElementNS(SVG, "rect");
      const tall = (40 * k) / most;
      for (const [key, v] of Object.entries({ x: 10 * c + 1, y: 40 - tall, width: 8, height: tall, class: name })) {
        bar.setAttribute(key, String(v));
      }
      svg.append(bar);
    });
  }
  return svg;
}
