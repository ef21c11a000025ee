// @ts-check
// The filter that all views of a study share: ranges of columns; it stands in the address as "f".

import { button } from "./parts.js";
import { h, short, STATES, STATE_NAMES } from "./dom.js";
import { t } from "./words.js";

/** @typedef {{name: string, low: number, high: number}} Range both ends are included */

/** A range by its ends as texts; "" for an open one. @param {string} name @param {string} low @param {string} high @returns {Range} */
export const rangeOf = (name, low, high) => ({ name, low: low === "" ? -Infinity : Number(low),
  high: high === "" ? Infinity : Number(high) });

/** @param {URLSearchParams} query @returns {Range[]} */
export function readFilter(query) {
  return (query.get("f") ?? "").split(",").map((part) => part.split(":")).filter((part) => part.length === 3)
    .map(([name, low, high]) => rangeOf(name, low, high));
}

/** @param {Range[]} ranges */
export function writeFilter(ranges) {
  const end = (v) => (Number.isFinite(v) ? String(Number(v.toPrecision(9))) : "");
  return ranges.map(({ name, low, high }) => `${name}:${end(low)}:${end(high)}`).join(",");
}

/** A filter without the range of one column. @param {Range[]} ranges @param {string} name */
export const withoutRange = (ranges, name) => ranges.filter((range) => range.name !== name);

/** A filter with another range of one column; without it where both ends are open. @param {Range[]} ranges @param {Range} range */
export function withRange(ranges, range) {
  const others = withoutRange(ranges, range.name);
  return range.low === -Infinity && range.high === Infinity ? others : [...others, range];
}

/**
 * Which trials are in all ranges; null where all are.
 * @param {import("./trials.js").Trials} trials which have the columns of the ranges
 * @param {Range[]} ranges
 */
export function findKept(trials, ranges) {
  if (!ranges.length || trials.kept !== null) return null; // a sample is of what is kept
  const kept = new Uint8Array(trials.n).fill(1);
  for (const { name, low, high } of ranges) {
    const column = trials.column(name);
    for (let i = 0; i < kept.length; i += 1) if (!(column[i] >= low && column[i] <= high)) kept[i] = 0;
  }
  return kept;
}

/** The columns of a filter. @param {Range[]} ranges */
export const namesOf = (ranges) => ranges.map((range) => range.name);

/** What a column is called. @param {any} summary @param {string} name */
function titleOf(summary, name) {
  const [kind, index] = name.split(".");
  if (kind === "param") return summary.params[Number(index)]?.name ?? name;
  if (kind === "value") return summary.objectives[Number(index)] ?? name;
  if (kind === "tag") return decodeURIComponent(name.slice(4));
  return { number: t`trial`, duration: t`seconds`, star: t`starred`, hidden: t`hidden` }[name] ?? name;
}

/** @param {any} summary @param {Range} range */
function describe(summary, { name, low, high }) {
  const title = titleOf(summary, name);
  const p = name.startsWith("param.") ? summary.params[Number(name.slice(6))] : null;
  const names = name === "state" ? STATES.map((state) => STATE_NAMES[state])
    : ["star", "hidden"].includes(name) ? [t`no`, t`yes`] : p?.choices ?? [];
  if (names.length) {
    const kept = names.filter((_, i) => i >= low && i <= high);
    return `${title}: ${kept.join(", ") || t`none`}`;
  }
  if (low === -Infinity) return t`${title} at most ${short(high)}`;
  if (high === Infinity) return t`${title} at least ${short(low)}`;
  return t`${title} ${short(low)} to ${short(high)}`;
}

/**
 * The filter as chips, each of which can be taken away.
 * @param {any} summary
 * @param {Range[]} ranges
 * @param {(ranges: Range[]) => void} onChange
 * @param {string} count how many trials it keeps
 */
export function chips(summary, ranges, onChange, count = "") {
  if (!ranges.length) return h("div", { class: "bar", hidden: true });
  return h("div", { class: "bar chips", role: "group", "aria-label": t`Filter` },
    ranges.map((range) => {
      const text = describe(summary, range);
      return h("span", { class: "filter" }, text, button("×", () =>
        onChange(ranges.filter((other) => other !== range)), { "aria-label": t`Remove: ${text}` }));
    }),
    ranges.length > 1 && button(t`Remove all`, () => onChange([])),
    count && h("span", { class: "faint" }, count));
}
