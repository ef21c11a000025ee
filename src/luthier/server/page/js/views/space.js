// @ts-check
// The space as a tree: ranges, conditions, what is fixed, and how the trials fill it.

import { h, short, svg } from "../dom.js";
import { legend, sayParam, twin } from "../parts.js";
import { answerView } from "../view.js";
import { isolate, t } from "../words.js";

const MOST_CHOICES = 12;

/** @param {any} summary */
export function showSpace(summary) {
  return answerView(summary, 2000, () => {
    /** @type {any} */
    let found;
    const table = twin(t`How trials fill the space, as a table`, () => ({
      head: [t`Parameter`, t`Part`, t`Trials`, t`Of the best fifth`],
      rows: found.params.flatMap((p) => p.n.map((n, c) => [p.axis.name, h("td", null, p.axis.choices[c]
        ?? t`${short(p.edges[c])} to ${short(p.edges[c + 1])}`), String(n), String(p.n_good[c])])) }));
    const [said, tree, rules] = [h("p"), h("ul", { class: "tree" }), h("div")];

    function again(now) {
      found = now;
      const fixed = found.params.filter(isFixed).length;
      const names = new Set(found.params.map((p) => p.axis.name));
      const children = (parent) => found.params.filter((p) =>
        (Object.keys(p.when).find((name) => names.has(name)) ?? null) === parent);
      const branch = (p) => {
        const below = children(p.axis.name);
        return h("li", null, describe(p), below.length > 0 && h("ul", null, below.map(branch)));
      };
      said.textContent = (fixed ? t`${found.params.length} parameters, ${fixed} of them fixed; ` : t`${found.params.length} parameters; `)
        + (found.declared ? t`the space was declared.` : t`the space is what the objective has asked for so far.`);
      tree.replaceChildren(...children(null).map(branch));
      rules.replaceChildren(...(found.constraints.length ? [h("h2", null, t`Constraints`),
        h("ul", null, found.constraints.map((c) => h("li", null, h("code", null, c))))] : []));
      table.fill();
    }
    return {
      path: () => "space",
      parts: () => [said, tree, rules, legend([{ colour: "--waiting", filled: true, name: t`trials` },
        { colour: "--best", filled: true, name: t`the best fifth of them` }]), table.node],
      again,
    };
  });
}

const isFixed = (p) => p.axis.low === p.axis.high;

/** @param {any} axis */
function sayRange(axis) {
  const { low, high, choices, scale, step, ordered } = axis;
  if (low === high) return t`fixed at ${sayParam(axis, 0, () => short(low))}`;
  const range = t`${short(low)} to ${short(high)}`;
  if (!choices.length) return `${range}, ${scale}${step ? t`, step ${short(step)}` : ""}`;
  const left = choices.length - MOST_CHOICES;
  return choices.slice(0, MOST_CHOICES).map(isolate).join(", ") + (left > 0 ? t` and ${left} more` : "") + (ordered ? t` (in this order)` : "");
}

/** @param {any} p */
function describe(p) {
  const when = Object.entries(p.when).map(([name, values]) => t`${name} is ${values.join(t` or `)}`).join(t` and `);
  return h("div", { class: "param" },
    h("strong", null, p.axis.name), " ", sayRange(p.axis),
    when && h("span", { class: "faint" }, t`, where ${when}`),
    p.n_inactive > 0 && h("span", { class: "faint" }, t`, not active in ${p.n_inactive} trials`),
    !isFixed(p) && histogram(p));
}

/** @param {any} p */
function histogram(p) {
  const most = Math.max(1, ...p.n);
  const bars = (counts, name) => counts.map((k, c) => svg("rect",
    { x: 10 * c + 1, y: 40 - (40 * k) / most, width: 8, height: (40 * k) / most, class: name }));
  return svg("svg", { class: "histogram", viewBox: `0 0 ${10 * p.n.length} 40`, preserveAspectRatio: "none",
    "aria-hidden": "true" }, bars(p.n, "all"), bars(p.n_good, "good"));
}
