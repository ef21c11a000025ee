// @ts-check
// Axes: from numbers to pixels, and the numbers that are written along them.

/**
 * @typedef {{low: number, high: number, log: boolean, place: (value: number) => number}} Axis
 * place: from 0 at low to 1 at high
 */

/** @param {number} low @param {number} high @param {boolean} log @returns {Axis} */
export function makeAxis(low, high, log) {
  if (!(low < high)) {
    const half = Math.abs(low) / 10 || 0.5;
    [low, high] = log ? [low / 2, low * 2] : [low - half, low + half];
  }
  if (!log) return { low, high, log, place: (v) => (v - low) / (high - low) };
  const [start, span] = [Math.log(low), Math.log(high) - Math.log(low)];
  return { low, high, log, place: (v) => (Math.log(v) - start) / span };
}

/** Round numbers along an axis, about as many as asked for. @param {Axis} axis @param {number} n */
export function ticks(axis, n) {
  if (axis.log && axis.high / axis.low > 10) {
    const first = Math.ceil(Math.log10(axis.low) - 1e-9);
    const last = Math.floor(Math.log10(axis.high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / n));
    const found = [];
    for (let e = first; e <= last; e += step) found.push(Number(`1e${e}`));
    return found;
  }
  const rough = (axis.high - axis.low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((m) => m * power >= rough) ?? 10) * power;
  const found = [];
  for (let i = Math.ceil(axis.low / step - 1e-9); i * step <= axis.high + step * 1e-9; i += 1) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/**
 * Where most numbers lie: outliers are left out, what must be shown is not.
 * @param {Float64Array} sorted
 * @param {number[]} must
 * @returns {[number, number]} low and high
 */
export function robustRange(sorted, must) {
  const n = sorted.length;
  if (!n) return [0, 1];
  const quarter = (/** @type {number} */ q) => sorted[Math.round(q * (n - 1))];
  const reach = 1.5 * (quarter(0.75) - quarter(0.25));
  let low = Math.max(sorted[0], quarter(0.25) - reach);
  let high = Math.min(sorted[n - 1], quarter(0.75) + reach);
  for (const value of must) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}
