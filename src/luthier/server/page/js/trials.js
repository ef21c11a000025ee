// @ts-check
// Columns of all trials of a study, kept up to date by what has changed.

import { read } from "./api.js";

const TOLD = /^(number|state|feasible|eligible|value\.\d+)$/; // what the service tells of a change

/**
 * @typedef {object} Trials
 * @property {number} n
 * @property {(name: string) => ArrayLike<number>} column (n,) by the name of the service
 * @property {(changes: any[]) => Promise<boolean>} take takes in what has changed; whether the
 *   space may have grown, so that the summary is to be read again
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

  await load(names);
  return {
    get n() { return n; },
    column: (name) => columns[name].subarray(0, n),
    take,
    want: async (more) => {
      const missing = more.filter((name) => !(name in columns));
      if (missing.length) await load([...new Set([...Object.keys(columns), ...missing])]);
    },
  };
}
