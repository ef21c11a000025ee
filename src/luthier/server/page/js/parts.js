// @ts-check
// What stands above and below charts: choices, ticks, legends, and the same as a table.

import { h } from "./dom.js";

/**
 * A choice out of a few.
 * @param {string} label
 * @param {[string, string][]} options value and text
 * @param {string} value
 * @param {(value: string) => void} onChange
 */
export function choice(label, options, value, onChange) {
  return h("select", { "aria-label": label, onchange: (e) => onChange(e.target.value) },
    options.map(([v, text]) => h("option", { value: v, selected: v === value }, text)));
}

/** @param {string} text @param {boolean} on @param {(on: boolean) => void} onChange */
export function tick(text, on, onChange) {
  return h("label", null, h("input", { type: "checkbox", checked: on,
    onchange: (e) => onChange(e.target.checked) }), ` ${text}`);
}

/** @param {string} text @param {() => void} onClick @param {Record<string, any>} [more] */
export function button(text, onClick, more = {}) {
  return /** @type {HTMLButtonElement} */ (h("button", { type: "button", onclick: onClick, ...more }, text));
}

/**
 * The choice of an objective, where there are several.
 * @param {any} summary
 * @param {number} objective
 * @param {(objective: string) => void} onChange
 */
export function objectiveChoice(summary, objective, onChange) {
  if (summary.objectives.length < 2) return null;
  const options = summary.objectives.map((name, i) => [String(i), name]);
  return choice("Objective", options, String(objective), onChange);
}

/** @param {any} summary @param {URLSearchParams} query */
export function readObjective(summary, query) {
  return Math.min(Number(query.get("objective") ?? 0) || 0, summary.objectives.length - 1);
}

/**
 * A table that scrolls within itself.
 * @param {string} text
 * @param {any[]} head titles, or a title and a class
 * @param {any} rows
 * @param {boolean} [wide]
 */
export function table(text, head, rows, wide = false) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text },
    h("table", { class: wide ? "wide" : null },
      h("thead", null, h("tr", null, head.map((title) => {
        const [text, kind] = Array.isArray(title) ? title : [title, null];
        return h("th", { scope: "col", class: kind }, text);
      }))),
      h("tbody", null, rows)));
}

/**
 * The same as a chart, as a table that is made when it is opened.
 * @param {string} text
 * @param {() => {head: string[], rows: any[][]}} make cells: text, nodes, or numbers as text
 */
export function twin(text, make) {
  const place = h("div");
  const box = /** @type {HTMLDetailsElement} */ (h("details", null, h("summary", null, text), place));
  const fill = () => {
    if (!box.open) return;
    const { head, rows } = make();
    const isNumber = (cell) => typeof cell === "string" && /^-?[\d.]/.test(cell);
    place.replaceChildren(table(text, head.map((title, j) => [title, isNumber(rows[0]?.[j]) ? "number" : null]), rows.map((row) => h("tr", null, row.map((cell) =>
      h("td", { class: isNumber(cell) ? "number" : null }, cell))))));
  };
  box.addEventListener("toggle", fill);
  return { node: box, fill };
}

const CLASS = { "--complete": "complete", "--failed": "failed", "--pruned": "pruned",
  "--running": "running", "--waiting": "waiting", "--best": "best" };

/** @param {{colour: string, filled: boolean, name?: string}[]} kinds */
export function legend(kinds) {
  return h("p", { class: "faint legend" }, kinds.map((kind) => h("span", null,
    h("span", { class: `chip state-${/** @type {any} */ (CLASS)[kind.colour]}${kind.filled ? "" : " hollow"}` }),
    kind.name)));
}

/** @param {number} study @param {number} number */
export function trialLink(study, number) {
  return h("a", { href: `#/s/${study}/trials/${number}` }, `trial ${number}`);
}

/** What can be said while there is nothing to show. @param {string} text */
export function note(text) {
  return h("p", { class: "card note" }, text);
}
