// @ts-check
// The page: which view the address names, the session, and what has changed since.

import { addressOf, readAddress } from "./address.js";
import { Gone, LoginNeeded, follow, logIn, logOut, read, session } from "./api.js";
import { h } from "./dom.js";

/**
 * @typedef {object} View
 * @property {Node} node
 * @property {(changes: any[]) => any} [update] called with what has changed in the study
 * @property {number} [every] milliseconds between two updates at least, where an analysis is made
 */

/** @typedef {(study: number, query: URLSearchParams, rest: string) => Promise<View>} Show */

/** The views of a study; each is loaded when it is first seen. @type {Record<string, [string, () => Promise<Show>]>} */
const VIEWS = {
  summary: ["Summary", async () => (await import("./views/summary.js")).showSummary],
  history: ["History", async () => (await import("./views/history.js")).showHistory],
  trials: ["Trials", async () => (await import("./views/table.js")).showTable],
  curves: ["Curves", async () => (await import("./views/curves.js")).showCurves],
  importance: ["Importance", async () => (await import("./views/importance.js")).showImportance],
  effects: ["Effects", async () => (await import("./views/effects.js")).showEffects],
  parallel: ["Parallel", async () => (await import("./views/parallel.js")).showParallel],
  front: ["Front", async () => (await import("./views/front.js")).showFront],
  workers: ["Workers", async () => (await import("./views/workers.js")).showWorkers],
  failures: ["Failures", async () => (await import("./views/failures.js")).showFailures],
  findings: ["Findings", async () => (await import("./views/findings.js")).showFindings],
  space: ["Space", async () => (await import("./views/space.js")).showSpace],
  cost: ["Cost", async () => (await import("./views/cost.js")).showCost],
  controls: ["Controls", async () => (await import("./views/controls.js")).showControls],
};

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const nav = /** @type {HTMLElement} */ (document.getElementById("nav"));
const live = /** @type {HTMLElement} */ (document.getElementById("live"));
const logout = /** @type {HTMLElement} */ (document.getElementById("logout"));
const SPOKEN_MS = 5000;
const [PAUSE_MS, PAUSE_MANY_MS, MANY] = [250, 2000, 10_000]; // between two drawings of what is new
let leave = () => {};
let turn = 0;
let spoken = 0;

async function show() {
  const mine = (turn += 1);
  leave();
  leave = () => {};
  const { study, view, rest, query } = readAddress();
  showNav(study, view, query);
  main.setAttribute("aria-busy", "true");
  try {
    // Read before the view, which may know more already: a change that is told twice does no harm.
    const summary = study === null ? null : await read(`studies/${study}/summary`);
    const shown = study === null ? await showSeveral(view, query) : await (await findView(view, rest))(study, query, rest);
    const isPlain = summary !== null && summary.objectives.length < 2;
    if (mine !== turn) return;
    for (const link of nav.querySelectorAll("[data-view=front]")) link.toggleAttribute("hidden", isPlain);
    main.removeAttribute("aria-busy");
    main.replaceChildren(shown.node);
    document.title = `${main.querySelector("h1")?.textContent ?? "Studies"} – luthier`;
    if (study !== null && shown.update) watch(study, summary, mine, shown);
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

/** @param {string} view @param {URLSearchParams} query @returns {Promise<View>} */
async function showSeveral(view, query) {
  if (view === "new") return (await import("./views/create.js")).showCreate();
  if (view === "compare") return (await import("./views/compare.js")).showCompare(query);
  return (await import("./views/studies.js")).showStudies(query);
}

/** @param {string} view @param {string} rest @returns {Promise<Show>} */
async function findView(view, rest) {
  if (view === "trials" && /^\d+$/.test(rest)) return (await import("./views/trial.js")).showTrial;
  return (VIEWS[view] ?? VIEWS.summary)[1]();
}

/**
 * Keeps a view up to date.
 * @param {number} study
 * @param {any} summary of the study, as it was before the view was read
 * @param {number} mine
 * @param {View} shown
 */
function watch(study, summary, mine, shown) {
  const { revision, n_trials: n } = summary;
  const pause = Math.max(n > MANY ? PAUSE_MANY_MS : PAUSE_MS, shown.every ?? 0);
  let busy = false;
  /** @type {any[]} */
  let waiting = [];
  leave = follow(study, revision, async (change) => {
    waiting.push(change);
    if (busy) return;
    busy = true;
    try {
      while (waiting.length && mine === turn) {
        const changes = waiting;
        waiting = [];
        await shown.update?.(changes);
        await say(study);
        await new Promise((resolve) => { setTimeout(resolve, pause); });
      }
    } catch (error) {
      if (mine === turn) fail(error);
    } finally {
      busy = false;
    }
  }, (error) => mine === turn && fail(error));
}

/** Tells a screen reader how the study stands, not too often. @param {number} study */
async function say(study) {
  if (Date.now() - spoken < SPOKEN_MS) return;
  spoken = Date.now();
  live.textContent = (await read(`studies/${study}/summary`)).text.join(" ");
}

/** @param {number | null} study @param {string} view @param {URLSearchParams} query */
function showNav(study, view, query) {
  const links = study === null ? [] : Object.entries(VIEWS);
  nav.replaceChildren(
    ...links.map(([name, [title]]) =>
      h("a", { href: addressOf(study ?? 0, name, query.get("f") ?? ""), "data-view": name,
        "aria-current": name === view ? "page" : null }, title),
    ),
  );
}

/** @param {any} error */
function fail(error) {
  main.removeAttribute("aria-busy");
  if (error instanceof LoginNeeded) return askToken();
  leave();
  if (error instanceof Gone) {
    nav.replaceChildren();
    return main.replaceChildren(h("div", { class: "error", role: "alert" }, h("h1", null, "This is gone"),
      h("p", null, String(error.message)), h("a", { href: "#/" }, "All studies")));
  }
  main.replaceChildren(
    h("div", { class: "error", role: "alert" }, h("p", null, String(error.message ?? error)),
      h("button", { type: "button", onclick: show }, "Try again")),
  );
}

/** @param {string} [reason] why there is no session */
function askToken(reason = "") {
  leave();
  main.removeAttribute("aria-busy");
  logout.hidden = true;
  const field = /** @type {HTMLInputElement} */ (
    h("input", { id: "token", type: "password", autocomplete: "current-password", required: true })
  );
  const why = h("p", { role: "alert" }, reason);
  const submit = async (event) => {
    event.preventDefault();
    why.textContent = await logIn({ token: field.value.trim() });
    if (!why.textContent) await start();
  };
  main.replaceChildren(
    h("form", { class: "login", onsubmit: submit },
      h("h1", null, "Log in"),
      h("input", { type: "text", autocomplete: "username", value: "luthier", hidden: true }),
      h("label", { for: "token" }, "Token of the service"),
      field,
      h("button", { type: "submit" }, "Log in"),
      why,
      h("p", { class: "faint" }, "It stands in a file beside the storage, which ends in “.token”.")),
  );
  nav.replaceChildren();
  field.focus();
}

/** Shows the page to those who have a session, the login to others. */
async function start() {
  let why = "";
  const secret = location.hash.match(/^#([tk])=([^&]+)(?:&(.*))?$/);
  if (secret) {
    const [, kind, text, view] = secret; // the secret goes out of the address at once
    history.replaceState(null, "", view ? `#${view}` : location.pathname);
    const sent = decodeURIComponent(text);
    if (!(await session()).open) why = await logIn(kind === "t" ? { token: sent } : { code: sent });
  }
  try {
    const found = await session();
    logout.hidden = !(found.open && found.token);
    if (found.open) await show();
    else askToken(why);
  } catch (error) {
    fail(error);
  }
}

const scheme = /** @type {HTMLElement} */ (document.getElementById("scheme"));
function nameScheme() {
  const set = document.documentElement.dataset.scheme;
  const isDark = set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  scheme.textContent = isDark ? "Light" : "Dark";
  return isDark;
}
scheme.addEventListener("click", () => {
  document.documentElement.dataset.scheme = nameScheme() ? "light" : "dark";
  nameScheme();
  document.dispatchEvent(new Event("schemechange"));
});
logout.addEventListener("click", async () => {
  await logOut();
  askToken();
});
window.addEventListener("hashchange", () => (/^#[tk]=/.test(location.hash) ? start() : show()));
nameScheme();
start();
