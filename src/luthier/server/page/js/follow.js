// @ts-check
// What changes in the study that the page shows, while the page is seen.

import { Gone, LoginNeeded, read } from "./api.js";

const EVERY_MS = 5000; // the page says that it is still there
const AGAIN_MS = 2000;

/** @typedef {{study: number, last: number, onChange: (change: any) => void, onEnd: (error: any) => void}} Followed */

/** @type {Followed | null} */
let followed = null;

/** To the worker that has the stream of events, if it can be for all pages. @type {MessagePort | Worker | null} */
let port = null;
let isAnswered = true; // whether it has said something since it was last asked whether it lives
let isShared = "SharedWorker" in globalThis;

/** Reaches the worker; where a browser shares none, the page has one of its own. */
function connect() {
  const address = new URL("stream.js", import.meta.url);
  if (isShared) {
    const worker = new SharedWorker(address, { type: "module" });
    worker.addEventListener("error", () => {
      isShared = false;
      connect();
      say();
    });
    port = worker.port;
  } else port = new Worker(address, { type: "module" });
  isAnswered = true;
  port.onmessage = ({ data: { change, check } }) => {
    isAnswered = true;
    if (change) hear(change);
    if (check && followed) look(followed);
  };
}

/** Says what is followed, which may be said as often as one likes. */
function say() {
  if (!port) connect();
  const seen = document.hidden ? null : followed;
  port?.postMessage({ study: seen?.study ?? null, since: seen?.last ?? 0 });
}

/** Says it once more, to another worker where the shared one is gone. */
function sayAgain() {
  if (!followed || document.hidden) return;
  if (isShared && !isAnswered) connect();
  isAnswered = false;
  say();
}

/** @param {any} change */
function hear(change) {
  if (!followed || change.study !== followed.study) return;
  if (change.revision <= followed.last && !change.many) return; // it is known
  followed.last = change.revision;
  followed.onChange(change);
}

/** Whether the study is still there, and the session open. @param {Followed} mine */
async function look(mine) {
  try {
    await read(`studies/${mine.study}/summary`);
  } catch (error) {
    if (mine === followed && (error instanceof Gone || error instanceof LoginNeeded)) {
      end(mine);
      mine.onEnd(error);
    }
  }
  if (mine === followed) setTimeout(() => mine === followed && say(), AGAIN_MS);
}

/** @param {Followed} mine */
function end(mine) {
  if (mine !== followed) return;
  followed = null;
  say();
}

/**
 * Follows a study from a revision on, while the page is seen.
 * @param {number} study
 * @param {number} revision
 * @param {(change: any) => void} onChange
 * @param {(error: any) => void} onEnd called when there is nothing to follow any more
 * @returns {() => void} ends it
 */
export function follow(study, revision, onChange, onEnd) {
  const mine = followed = { study, last: revision, onChange, onEnd };
  say();
  return () => end(mine);
}

document.addEventListener("visibilitychange", say);
setInterval(sayAgain, EVERY_MS);
