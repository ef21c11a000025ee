// @ts-check
// Columns of all trials of a study, kept up to date by what has changed.

import { read } from "./api.js";
import { CODE } from "./dom.js";
import { writeFilter } from "./filter.js";

export const MANY = 20_000; // trials, of more than which a sample is read
const MOST = 4000; // of a sample
const TOLD = /^(number|state|feasible|eligible|value\.\d+)$/; // what the service tells of a change

/**
 * @typedef {object} Trials
 * @property {number} n of the columns
 * @property {number} total of the study
 * @property {number | null} kept how many trials the filter keeps, where the columns are a sample of them
 * @property {(i: number) => number} number of a trial, by its place in the columns
 * @property {(name: string) => ArrayLike<number>} column (n,) by the name of the service
 * @property {(changes: any[]) => Promise<boolean>} take takes in what has changed; whether the
 *   space may have grown, so that the summary is to be read again
 * @property {(ranges: import("./filter.js").Range[]) => Promise<void>} keep reads what a filter needs
 * @property {(names: string[]) => Promise<void>} want reads more columns
 */

/** @param {number} study @param {string[]} names @returns {Promise<Trials>} */
export async function openTrials(study, names) {
  /** @type {Record<string, any>} */
  let columns = {};
  let n = 0;

  const ask = (wanted, first = 0) => read(`studies/${study}/columns?${
    new URLSearchParams({ names: wanted.join(","), ...(first ? { first: String(first) } : {}) })}`);

  async function load(wanted) {
    const found = await ask(wanted);
    n = found[0].length;
    wanted.forEach((name, j) => { columns[name] = found[j].slice(); });
  }

  /** Puts newer numbers into a column from a place on. */
  function put(name, values, first) {
    const old = columns[name];
    const size = first + values.length;
    if (size <= old.length && old.constructor === values.constructor) return old.set(values, first);
    const Kind = old.constructor === values.constructor ? old.constructor : Float64Array;
    const wider = new Kind(Math.max(size, old.length) * 2 + 16);
    if (Kind !== Int8Array && Kind !== Int32Array) wider.fill(NaN);
    wider.set(old.subarray(0, Math.min(n, old.length)));
    wider.set(values, first);
    columns[name] = wider;
  }

  /** Takes in trials that the service told of. */
  function merge(trials) {
    for (const [number, state, values, feasible, eligible] of trials) {
      for (const name of Object.keys(columns)) {
        const told = { number, state, feasible: feasible ? 1 : 0, eligible: eligible ? 1 : 0 };
        const value = name.startsWith("value.")
          ? Number(values?.[Number(name.slice(6))] ?? NaN) : /** @type {any} */ (told)[name];
        if (number < columns[name].length) columns[name][number] = value;
        else put(name, columns[name].constructor.of(value), number);
      }
      n = Math.max(n, number + 1);
    }
  }

  /** @param {any[]} changes */
  async function take(changes) {
    const wanted = Object.keys(columns);
    if (changes.some((change) => change.many)) {
      await load(wanted);
      return true;
    }
    const trials = changes.flatMap((change) => change.trials);
    if (!trials.length) return false;
    if (wanted.every((name) => TOLD.test(name))) {
      merge(trials);
      return false;
    }
    const first = trials.reduce((least, [number]) => Math.min(least, number), n);
    const found = await ask(wanted, first);
    wanted.forEach((name, j) => put(name, found[j], first));
    n = first + found[0].length;
    return false;
  }

  async function want(more) {
    const missing = more.filter((name) => !(name in columns));
    if (missing.length) await load([...new Set([...Object.keys(columns), ...missing])]);
  }

  await load([...new Set(names)]);
  return {
    get n() { return n; },
    get total() { return n; },
    kept: null,
    number: (i) => i,
    keep: (ranges) => want(ranges.map(({ name }) => name)),
    column: (name) => columns[name].subarray(0, n),
    take,
    want,
  };
}

/**
 * Columns of complete trials: of all, or in a large study of the best that a filter keeps, and of
 * an even sample of the others.
 * @param {number} study
 * @param {string[]} names
 * @param {{total: number, objective: number, ranges: import("./filter.js").Range[]}} how
 * @returns {Promise<Trials>}
 */
export async function openSample(study, names, { total, objective, ranges }) {
  if (total <= MANY) return openTrials(study, names);
  const wanted = [...new Set(["number", ...names])];
  let columns = /** @type {any[]} */ ([]);
  let kept = 0;
  async function keep(now) {
    ranges = now;
    const filter = writeFilter([...ranges, { name: "state", low: CODE.complete, high: CODE.complete }]);
    columns = await read(`studies/${study}/columns?${new URLSearchParams({ names: wanted.join(","),
      most: String(MOST), objective: String(objective), filter })}`);
    ({ n: kept } = await read(`studies/${study}/rows?${new URLSearchParams({ limit: "1", filter })}`));
  }
  await keep(ranges);
  return {
    get n() { return columns[0].length; },
    get total() { return total; },
    get kept() { return kept; },
    number: (i) => columns[0][i],
    column: (name) => columns[wanted.indexOf(name)],
    keep,
    want: async () => {},
    take: async (changes) => {
      total = changes.flatMap((change) => change.trials).reduce((n, [number]) => Math.max(n, number + 1), total);
      await keep(ranges);
      return changes.some((change) => change.many);
    },
  };
}
