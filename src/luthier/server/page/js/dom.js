// @ts-check
// Nodes and texts. Data become text nodes only, never HTML: names and errors may be hostile.

import { isolate, locale, t } from "./words.js";

/**
 * Fills an element: attributes, functions under "onclick" and the like, and "style" as an object.
 * @param {Element} node
 * @param {Record<string, any> | null | undefined} props
 * @param {any[]} children nodes, texts, lists of these; null and false are left out
 */
function fill(node, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(/** @type {HTMLElement} */ (node).style, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, String(value));
  }
  node.append(...present(children));
}

/** A list without lists in it, without null and false. @param {any[]} children @returns {any[]} */
export const present = (children) => children.flat(3).filter((child) => child != null && child !== false);

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...any} children
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  fill(node, props, children);
  return node;
}

/** Makes an element of a picture. @param {string} tag @param {Record<string, any>} props @param {...any} children */
export function svg(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(node, props, children);
  return node;
}

const precise = new Intl.NumberFormat(locale ?? "en", { maximumSignificantDigits: 4, useGrouping: false });

/** A value as a short text: numbers with four digits. @param {any} value */
export function short(value) {
  if (value == null) return "–";
  if (typeof value === "number" && Number.isFinite(value)) {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return Number(value.toPrecision(4)).toExponential();
    return precise.format(value);
  }
  if (typeof value === "number") return String(value).replace("Infinity", "inf"); // as the service says it
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A share in percent. @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** Seconds as a text. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return "–";
  if (seconds < 1) return t`${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return t`${precise.format(seconds)} s`;
  if (seconds < 6000) return t`${Math.round(seconds / 60)} min`;
  return t`${precise.format(seconds / 3600)} h`;
}

const clock = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });

/** A time with its zone. @param {number | null | undefined} seconds since 1970 */
export function time(seconds) {
  return seconds == null ? "–" : clock.format(new Date(seconds * 1000));
}

export const STATES = ["waiting", "running", "paused", "complete", "pruned", "failed"];

/** Their codes in columns. */
export const CODE = { running: 1, paused: 2, complete: 3, pruned: 4, failed: 5 };

/** What the states are called here. @type {Record<string, string>} */
export const STATE_NAMES = { waiting: t`waiting`, running: t`running`, paused: t`paused`,
  complete: t`complete`, pruned: t`pruned`, failed: t`failed` };

/** Their colours, which are variables of the CSS. */
export const STATE_COLOURS = ["--waiting", "--running", "--waiting", "--complete", "--pruned", "--failed"];

/** What the directions are called. @type {Record<string, string>} */
const DIRECTIONS = { minimize: t`minimize`, maximize: t`maximize` };

/** An objective with its direction. @param {any} summary @param {number} j */
export const nameGoal = ({ objectives, directions }, j) => `${isolate(objectives[j])} (${DIRECTIONS[directions[j]]})`;

/** The counts of trials as a bar, with the same in words. @param {Record<string, number>} counts */
export function countsBar(counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const shown = STATES.filter((state) => counts[state]);
  const words = shown.map((state) => `${counts[state]} ${STATE_NAMES[state]}`).join(", ") || t`no trials`;
  return h("div", { class: "counts", role: "img", "aria-label": words, title: words },
    shown.map((state) => h("span", { class: `state-${state}`, style: { width: `${(100 * counts[state]) / total}%` } })));
}

/** A state with its colour. @param {string} state */
export function stateMark(state) {
  return h("span", { class: "state" }, h("span", { class: `chip state-${state}` }), STATE_NAMES[state] ?? state);
}

/** The best value so far as a small line. @param {[number, any][]} steps @param {number} end */
export function sparkline(steps, end) {
  const points = steps.map(([x, y]) => [x, Number(y)]).filter(([, y]) => Number.isFinite(y));
  const ys = points.map(([, y]) => y / 64); // their difference is a number as well
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const place = (y) => 22 - (20 * (y / 64 - low)) / (high - low || 1);
  const at = (x) => (100 * x) / Math.max(end, 1);
  const path = points.map(([x, y], i) => (i ? `H${at(x)}V${place(y)}` : `M${at(x)} ${place(y)}`)).join("");
  return svg("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    path && svg("path", { d: `${path}H100`, fill: "none", stroke: "currentColor", "stroke-width": 1.5,
      "vector-effect": "non-scaling-stroke" }));
}
