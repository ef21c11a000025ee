// @ts-check
// What stands above and below charts: choices, ticks, legends, tables.

import { h } from "./dom.js";
import { t } from "./words.js";

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

/** A field, which its placeholder names. @param {string} label @param {string} type @param {Record<string, any>} [more] */
export function input(label, type, more) {
  return /** @type {HTMLInputElement} */ (
    h("input", { type, step: type === "number" ? "any" : null, "aria-label": label, placeholder: label, ...more }));
}

/** A bar of choices and buttons. @param {...any} items */
export const bar = (...items) => h("div", { class: "bar" }, ...items);

/** Small print. @param {...any} items */
export const faint = (...items) => h("p", { class: "faint" }, ...items);

/** @param {string} title @param {any[]} items @param {string} [kind] */
export const card = (title, items, kind = "") =>
  h("section", { class: `card ${kind}` }, h("h2", null, title), items);

/**
 * The choice of an objective, where there are several.
 * @param {any} summary
 * @param {number} objective
 * @param {(objective: string) => void} onChange
 */
export function objectiveChoice(summary, objective, onChange) {
  if (summary.objectives.length < 2) return null;
  const options = summary.objectives.map((name, i) => [String(i), name]);
  return choice(t`Objective`, options, String(objective), onChange);
}

/** @param {any} summary @param {URLSearchParams} query */
export function readObjective(summary, query) {
  return Math.min(Number(query.get("objective") ?? 0) || 0, summary.objectives.length - 1);
}

/** The parameters that vary, by index. @param {any} summary @returns {number[]} */
export const freeParams = (summary) => summary.params.map((_, j) => j)
  .filter((j) => summary.params[j].low < summary.params[j].high);

/**
 * The parameters a few at a time: which are shown, and the choice of others where there are more.
 * @param {any} summary
 * @param {URLSearchParams} query
 * @param {number} most
 * @param {(first: string) => void} onChange
 */
export function pageOfParams(summary, query, most, onChange) {
  const free = freeParams(summary);
  const first = Math.min(Number(query.get("first") ?? 0) || 0, Math.max(0, free.length - 1));
  const pages = [];
  for (let j = 0; j < free.length; j += most) {
    pages.push(/** @type {[string, string]} */ ([String(j), t`parameters ${j + 1} to ${Math.min(j + most, free.length)}`]));
  }
  return { first, shown: free.slice(first, first + most),
    node: pages.length > 1 && choice(t`Parameters`, pages, String(first), onChange) };
}

const isNumber = (cell) => typeof cell === "string" && /^-?[\d.]/.test(cell);

/** @param {any} cell text, a node, or a cell of its own */
function toCell(cell) {
  return cell instanceof HTMLTableCellElement ? cell : h("td", { class: isNumber(cell) ? "number" : null }, cell);
}

/** What scrolls within itself. @param {string} text @param {any} content */
export const scroll = (text, content) =>
  h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text }, content);

/** The head of a row. @param {any} content */
export const rowHead = (content) => h("th", { scope: "row" }, content);

/**
 * A table that scrolls within itself.
 * @param {string} text
 * @param {any[]} head titles
 * @param {any[]} rows lists of cells, each a text, a node or a cell; texts that begin with a digit are numbers
 * @param {string} [kind]
 */
export function table(text, head, rows, kind) {
  const cells = rows.filter(Boolean).map((row) => row.map(toCell));
  return scroll(text, h("table", { class: kind },
    head.length > 0 && h("thead", null, h("tr", null, head.map((title, j) => (title === "" ? h("td")
      : h("th", { scope: "col", class: cells[0]?.[j]?.className === "number" ? "number" : null }, title))))),
    h("tbody", null, cells.map((row) => h("tr", null, row)))));
}

/**
 * The same as a chart, as a table that is made when it is opened.
 * @param {string} text
 * @param {() => {head: string[], rows: any[][]}} make cells: text, nodes, or numbers as text
 */
export function twin(text, make) {
  const place = h("div");
  const node = /** @type {HTMLDetailsElement} */ (h("details", null, h("summary", null, text), place));
  const fill = () => {
    if (!node.open) return;
    const { head, rows } = make();
    place.replaceChildren(table(text, head, rows));
  };
  node.addEventListener("toggle", fill);
  return { node, fill };
}

/** A bar as long as a share. @param {number} share from 0 to 1 @param {string} [kind] */
export const meter = (share, kind = "") =>
  h("span", { class: `meter ${kind}`, style: { width: `${100 * Math.max(share, 0)}%` } });

/** @param {{colour: string, filled: boolean, name?: string}[]} kinds */
export function legend(kinds) {
  return h("p", { class: "faint legend" }, kinds.map((kind) => h("span", null,
    h("span", { class: `chip${kind.filled ? "" : " hollow"}`,
      style: { [kind.filled ? "background" : "borderColor"]: `var(${kind.colour})` } }), kind.name)));
}

/** @param {number} study @param {number} number */
export function trialLink(study, number) {
  return h("a", { href: `#/s/${study}/trials/${number}` }, t`trial ${number}`);
}

/** Goes to a trial. @param {number} study @param {number} number */
export const openTrial = (study, number) => { location.hash = `#/s/${study}/trials/${number}`; };

/** What can be said while there is nothing to show. @param {string} text */
export function note(text) {
  return h("p", { class: "card note" }, text);
}

/** A number as the service writes it: null for NaN, texts for what is infinite. @param {any} v */
export function numberOf(v) {
  return typeof v === "number" ? v : v === "inf" ? Infinity : v === "-inf" ? -Infinity : NaN;
}

/** Several of them. @param {any[]} values @returns {number[]} */
export const numbersOf = (values) => values.map(numberOf);

/** A value of a parameter, or of an axis, as the user knows it. @param {any} p @param {number} value @param {(v: any) => string} say */
export function sayParam(p, value, say) {
  return Number.isNaN(value) ? "–" : p.choices.length ? p.choices[value] ?? "–" : say(value);
}
