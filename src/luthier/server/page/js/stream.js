// @ts-check
// A worker with the one stream of events of a browser, which has few connections to a service: its
// pages say what they follow, and are told what has changed.

const SEEN_MS = 30_000; // a page that says nothing for so long is gone
const LOOK_MS = 10_000;
const AGAIN_MS = 2000;
const MOST_KEPT = 50; // changes of a study, for pages that began to read before these were told

/** @typedef {{study: number, since: number, revision: number, trials: any[], reports: number[], many: boolean}} Change as luthier.server.page_events describes it */

/** @typedef {{onmessage: any, postMessage: (message: object) => void}} Page */

/** The pages, what each follows, and when it last said so. @type {Map<Page, {study: number, said: number}>} */
const pages = new Map();

/** The studies that are followed: up to which revision all was told, and the latest changes. @type {Map<number, {last: number, changes: Change[]}>} */
const studies = new Map();

/** @type {EventSource | null} */
let source = null;

/**
 * Serves a page, which says again and again what it follows: `study`, or null for none, and the
 * revision `since` which it knows all. Each time it is answered; and it is sent each `change`,
 * and to `check` the study when this is lost, or the stream has ended.
 * @param {Page} port
 */
function serve(port) {
  port.onmessage = ({ data: { study, since } }) => {
    if (study === null) pages.delete(port);
    else hear(port, study, since);
    port.postMessage({});
  };
}

/** @param {Page} port @param {number} study @param {number} since */
function hear(port, study, since) {
  const isNew = pages.get(port)?.study !== study;
  pages.set(port, { study, said: Date.now() });
  const known = studies.get(study);
  if (known) return isNew && catchUp(port, study, since, known);
  studies.set(study, { last: since, changes: [] });
  open();
}

/** Tells a page what was told to others before it came. @param {Page} port @param {number} study @param {number} since @param {{last: number, changes: Change[]}} known */
function catchUp(port, study, since, { last, changes }) {
  if (since >= last) return;
  const first = changes.findIndex((change) => change.since <= since && since < change.revision);
  const missed = first < 0 ? [{ study, since, revision: last, trials: [], reports: [], many: true }] : changes.slice(first);
  for (const change of missed) port.postMessage({ change });
}

/** Forgets pages that are gone, and studies that nobody follows. */
function forget() {
  for (const [port, { said }] of pages) if (said < Date.now() - SEEN_MS) pages.delete(port);
  const followed = new Set([...pages.values()].map(({ study }) => study));
  const left = [...studies.keys()].filter((study) => !followed.has(study));
  for (const study of left) studies.delete(study);
  if (left.length) open();
}

/** Opens the stream of all studies, each from where it was told. */
function open() {
  source?.close();
  source = null;
  if (!studies.size) return;
  const since = [...studies].map(([study, { last }]) => `${study}.${last}`);
  const mine = source = new EventSource(new URL(`../../../events?since=${since}`, import.meta.url));
  mine.addEventListener("change", (event) => tell(JSON.parse(event.data)));
  mine.addEventListener("lost", (event) => {
    const { study } = JSON.parse(event.data);
    studies.delete(study);
    send(study, { check: true });
  });
  // The browser comes back by itself, unless the service refused it.
  mine.addEventListener("error", () => {
    for (const study of studies.keys()) send(study, { check: true });
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && open(), AGAIN_MS);
  });
}

/** @param {Change} change */
function tell(change) {
  const known = studies.get(change.study);
  if (!known) return;
  if (change.revision < known.last) known.changes = []; // the storage has begun anew
  known.last = change.revision;
  known.changes = [...known.changes, change].slice(-MOST_KEPT);
  send(change.study, { change });
}

/** Sends a message to all pages that follow a study. @param {number} study @param {object} message */
function send(study, message) {
  for (const [port, page] of pages) if (page.study === study) port.postMessage(message);
}

setInterval(forget, LOOK_MS);
/** @type {any} */
const scope = globalThis;
if ("onconnect" in scope) scope.onconnect = (/** @type {MessageEvent} */ event) => serve(event.ports[0]);
else serve(scope); // of one page alone, where a browser has no workers that are shared
