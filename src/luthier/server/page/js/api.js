// @ts-check
// Requests to the service that the page came from.

import { t } from "./words.js";

/** The session is over, or there is none yet. */
export class LoginNeeded extends Error {}

/** The service cannot be reached, or has no time or no storage for now: it may come back. */
export class Away extends Error {}

/** What was asked for is not there, such as a study that was deleted. */
export class Gone extends Error {}

/** @type {Map<string, {tag: string, value: any}>} */
const kept = new Map();
const MOST_KEPT = 40;

/** @param {string} path @param {RequestInit} options */
async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Away(t`The service cannot be reached.`);
  }
}

/**
 * Reads what stands at an address below ui/; what has not changed is not sent again.
 * @param {string} path
 * @returns {Promise<any>} JSON, or the columns of a binary answer
 */
export async function read(path) {
  const known = kept.get(path);
  const response = await reach(`ui/${path}`, {
    cache: "no-store",
    headers: known ? { "If-None-Match": known.tag } : {},
  });
  if (response.status === 304 && known) return known.value;
  if (response.status === 401 || response.status === 403) throw new LoginNeeded();
  if (response.status === 404) throw new Gone(await message(response));
  if (response.status >= 500 || response.status === 429) throw new Away(await message(response));
  if (!response.ok) throw new Error(await message(response));
  const isBinary = response.headers.get("Content-Type") === "application/octet-stream";
  const value = isBinary ? unpack(await response.arrayBuffer()) : await response.json();
  const tag = response.headers.get("ETag");
  kept.delete(path);
  if (tag) {
    kept.set(path, { tag, value });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value ?? "");
  }
  return value;
}

/** @param {Response} response */
async function message(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return t`the service answered with status ${response.status}`;
  }
}

const TYPES = [Float32Array, Float64Array, Int32Array, Int8Array];

/**
 * The columns of a binary answer; luthier.server.page_columns describes it.
 * @param {ArrayBuffer} buffer
 */
function unpack(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0) !== 0x4c555443 || view.getUint32(4, true) !== 1) {
    throw new Error(t`the service is of another version than this page; load the page again`);
  }
  const [n, k] = [view.getUint32(8, true), view.getUint32(12, true)];
  let at = 16 + 8 * Math.ceil(k / 8);
  const columns = [];
  for (let j = 0; j < k; j += 1) {
    const column = new TYPES[view.getUint8(16 + j)](buffer, at, n);
    at += 8 * Math.ceil(column.byteLength / 8);
    columns.push(column);
  }
  return columns;
}

/** @param {string} path @param {object} body */
async function post(path, body) {
  return reach(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Luthier": "1" },
    body: JSON.stringify(body),
  });
}

let mayAct = false;
let why = ""; // it may not

/** Whether the page may change something here. */
export const acts = () => mayAct;

/** Why it may not, as the service says it. */
export const whyNot = () => why;

/**
 * Changes something by the verb of the service that a program would call.
 * @param {string} path below v1/
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function act(path, body) {
  const response = await post(`v1/${path}`, body);
  if (response.status === 401) throw new LoginNeeded();
  if (!response.ok) throw new Error(await message(response));
  return response.json();
}

/**
 * Opens a session.
 * @param {{token: string} | {code: string}} secret the service's token, or the code of a link
 * @returns {Promise<string>} why not; "" if it is open
 */
export async function logIn(secret) {
  const response = await post("ui/login", secret);
  return response.ok ? "" : message(response);
}

/** Ends the session. */
export async function logOut() {
  kept.clear();
  await post("ui/logout", {});
}

/** @returns {Promise<{open: boolean, token: boolean, acts: boolean, why: string}>} */
export async function session() {
  const found = await (await reach("ui/session", { cache: "no-store" })).json();
  ({ acts: mayAct, why } = found);
  return found;
}
