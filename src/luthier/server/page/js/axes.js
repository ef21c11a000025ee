// @ts-check
// Axes: from numbers to pixels, and the numbers that are written along them.

import { short } from "./dom.js";
import { t } from "./words.js";

const ROUNDING = 1e-12;

/**
 * @typedef {object} Axis
 * @property {number} low
 * @property {number} high
 * @property {(value: number) => number} place from 0 at low to 1 at high
 * @property {(share: number) => number} value the inverse
 * @property {(n: number) => [number, string][]} ticks about so many numbers with their texts
 */

/**
 * @param {number} low
 * @param {number} high
 * @param {string} [scale] "linear", "log", "reverse_log", "duration" or "choices"
 * @param {{choices?: string[], pivot?: number | null, whole?: boolean}} [more]
 * @returns {Axis}
 */
export function makeAxis(low, high, scale = "linear", more = {}) {
  if (!(low < high)) {
    const half = Math.abs(low) / 10 || 0.5;
    [low, high] = scale === "log" ? [low / 2, low * 2] : [low - half, low + half];
  }
  [low, high] = [Math.max(low, -Number.MAX_VALUE), Math.min(high, Number.MAX_VALUE)];
  const pivot = more.pivot ?? NaN;
  const isReverse = scale === "reverse_log" && pivot > high;
  const unit = high - low < Infinity ? 1 : 4; // the width of an axis is a number as well
  const warp = scale === "log" ? Math.log : isReverse
    ? (v) => -Math.log(pivot - v) : (v) => v / unit;
  const unwarp = scale === "log" ? Math.exp : isReverse
    ? (v) => pivot - Math.exp(-v) : (v) => v * unit;
  const [start, span] = [warp(low), warp(high) - warp(low)];
  const axis = { low, high, place: (v) => (warp(v) - start) / span,
    value: (share) => unwarp(start + share * span) };
  const ticks = (n) => {
    if (more.choices?.length) return choiceTicks(axis, more.choices, n);
    if (scale === "duration") return durationTicks(low, high, n);
    const found = scale === "log" && high / low > 10 ? powers(low, high, n)
      : roundNumbers(low, high, n).filter((v) => !more.whole || Number.isInteger(v));
    return found.map((v) => /** @type {[number, string]} */ ([v, short(v)]));
  };
  return { ...axis, ticks };
}

/** An axis of a parameter as the service describes it. @param {any} p @param {boolean} [wide] */
export function paramAxis(p, wide = true) {
  const { choices, pivot } = p;
  if (choices.length) return makeAxis(-0.5, choices.length - 0.5, "choices", { choices });
  if (p.scale !== "linear" || !wide) return makeAxis(p.low, p.high, p.scale, { pivot });
  const margin = 0.02 * p.high - 0.02 * p.low;
  return makeAxis(p.low - margin, p.high + margin);
}

/** @param {number} low @param {number} high @param {number} n */
function powers(low, high, n) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / n));
  const found = [];
  if (last - first < 2 && n > 2) {
    for (let e = first - 1; e <= last; e += 1) found.push(...[1, 2, 5].map((m) => Number(`${m}e${e}`)));
    return found.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
  }
  for (let e = first; e <= last; e += step) found.push(Number(`1e${e}`));
  return found;
}

/** None where numbers so close to each other have no steps between them. @param {number} low @param {number} high @param {number} n */
function roundNumbers(low, high, n) {
  const rough = high / Math.max(n, 1) - low / Math.max(n, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((m) => m * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return [];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Round seconds, minutes or hours. @param {number} low @param {number} high @param {number} n @returns {[number, string][]} */
function durationTicks(low, high, n) {
  const unit = high - low >= 7200 ? 3600 : high - low >= 120 ? 60 : 1;
  const say = (v) => (unit === 3600 ? t`${v} h` : unit === 60 ? t`${v} min` : t`${v} s`);
  return roundNumbers(low / unit, high / unit, n).map((v) => [v * unit, say(short(v))]);
}

/** @param {{low: number, high: number}} axis @param {string[]} choices @param {number} n */
function choiceTicks({ low, high }, choices, n) {
  const step = Math.max(1, Math.ceil((high - low) / Math.max(n, 1)));
  return choices.map((text, i) => /** @type {[number, string]} */ ([i, text.slice(0, 12)]))
    .filter(([i]) => i >= low && i <= high && i % step === 0);
}

/** A number, or the end that it is beyond. @param {number} v @param {number} low @param {number} high */
export const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

/** The ends of numbers, those that are not finite aside. @param {ArrayLike<number>} values @returns {[number, number]} */
export function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    const v = values[i];
    if (!Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : [0, 1];
}

/**
 * Where most numbers lie: outliers are left out, what must be shown is not.
 * @param {Float64Array} sorted
 * @param {number[]} must
 * @returns {[number, number]} low and high
 */
function robustRange(sorted, must) {
  const n = sorted.length;
  if (!n) return [0, 1];
  const quarter = (q) => sorted[Math.round(q * (n - 1))];
  const reach = 1.5 * (quarter(0.75) - quarter(0.25));
  let low = Math.max(sorted[0], quarter(0.25) - reach);
  let high = Math.min(sorted[n - 1], quarter(0.75) + reach);
  for (const value of must) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

/**
 * An axis for values: without outliers unless all are wanted, logarithmic where that shows more.
 * @param {ArrayLike<number>} values
 * @param {number[]} must values that are shown in any case
 * @param {{log?: boolean | null, all?: boolean}} [how] log: null for where that shows more
 */
export function valueAxis(values, must, how = {}) {
  const sorted = new Float64Array(values).filter(Number.isFinite).sort();
  const n = sorted.length;
  const canLog = n > 0 && sorted[0] > 0;
  const at = (q) => sorted[Math.round(q * (n - 1))];
  const isLog = canLog && (how.log ?? (n > 3 && at(0.75) / at(0.25) > 30));
  const scaled = isLog ? sorted.map(Math.log) : sorted;
  const shown = must.filter(Number.isFinite).map((v) => (isLog ? Math.log(v) : v));
  let [low, high] = how.all && n ? [scaled[0], scaled[n - 1]] : robustRange(scaled, shown);
  const outside = scaled.reduce((k, v) => k + (v < low || v > high ? 1 : 0), 0);
  // What differs by rounding alone is the same for the eye.
  if (high - low < ROUNDING * Math.max(Math.abs(low), Math.abs(high))) low = high = scaled[Math.floor(n / 2)];
  const margin = 0.04 * high - 0.04 * low;
  [low, high] = [low - margin, high + margin];
  const axis = isLog ? makeAxis(Math.exp(low), Math.exp(high), "log") : makeAxis(low, high);
  return { axis, isLog, outside };
}
