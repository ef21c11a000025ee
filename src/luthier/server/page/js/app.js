// @ts-check
// The page: which view the address names, the session, and what has changed since.

import { LoginNeeded, follow, logIn, logOut, read, session } from "./api.js";
import { h } from "./dom.js";
import { showStudies } from "./views/studies.js";
import { showSummary } from "./views/summary.js";
import { showHistory } from "./views/history.js";
import { showTable } from "./views/table.js";
import { showTrial } from "./views/trial.js";
import { showImportance } from "./views/importance.js";
import { showFindings } from "./views/findings.js";
import { showControls } from "./views/controls.js";
import { showCreate } from "./views/create.js";

/**
 * @typedef {object} View
 * @property {Node} node
 * @property {(changes: any[]) => any} [update] called with what has changed in the study
 */

/** @type {Record<string, [string, (study: number, query: URLSearchParams, rest: string) => Promise<View>]>} */
const VIEWS = {
  summary: ["Summary", showSummary],
  history: ["History", showHistory],
  trials: ["Trials", showTable],
  importance: ["Importance", showImportance],
  findings: ["Findings", showFindings],
  controls: ["Controls", showControls],
};

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const nav = /** @type {HTMLElement} */ (document.getElementById("nav"));
const live = /** @type {HTMLElement} */ (document.getElementById("live"));
const logout = /** @type {HTMLElement} */ (document.getElementById("logout"));
const SPOKEN_MS = 5000;
let leave = () => {};
let turn = 0;
let spoken = 0;

/** What the address says: "#/s/3/history?log=1". */
function readAddress() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, study, view, rest] = path.split("/");
  const isStudy = kind === "s" && /^\d+$/.test(study ?? "");
  return {
    study: isStudy ? Number(study) : null,
    view: kind === "new" ? kind : view || "summary",
    rest: rest ?? "",
    query: new URLSearchParams(query ?? ""),
  };
}

async function show() {
  const mine = (turn += 1);
  leave();
  leave = () => {};
  const { study, view, rest, query } = readAddress();
  showNav(study, view);
  main.setAttribute("aria-busy", "true");
  try {
    const isTrial = view === "trials" && /^\d+$/.test(rest);
    const make = isTrial ? showTrial : (VIEWS[view]?.[1] ?? showSummary);
    const showAll = view === "new" ? showCreate : showStudies;
    const shown = study === null ? await showAll(query) : await make(study, query, rest);
    if (mine !== turn) return;
    main.removeAttribute("aria-busy");
    main.replaceChildren(shown.node);
    document.title = `${main.querySelector("h1")?.textContent ?? "Studies"} – luthier`;
    if (study !== null && shown.update) await watch(study, mine, shown);
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

/**
 * Keeps a view up to date.
 * @param {number} study
 * @param {number} mine
 * @param {View} shown
 */
async function watch(study, mine, shown) {
  const { revision } = await read(`studies/${study}/summary`);
  if (mine !== turn) return;
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
      }
    } catch (error) {
      if (mine === turn) fail(error);
    } finally {
      busy = false;
    }
  });
}

/** Tells a screen reader how the study stands, not too often. @param {number} study */
async function say(study) {
  if (Date.now() - spoken < SPOKEN_MS) return;
  spoken = Date.now();
  live.textContent = (await read(`studies/${study}/summary`)).text.join(" ");
}

/** @param {number | null} study @param {string} view */
function showNav(study, view) {
  const links = study === null ? [] : Object.entries(VIEWS);
  nav.replaceChildren(
    ...links.map(([name, [title]]) =>
      h("a", { href: `#/s/${study}/${name}`, "aria-current": name === view ? "page" : null }, title),
    ),
  );
}

/** @param {any} error */
function fail(error) {
  main.removeAttribute("aria-busy");
  if (error instanceof LoginNeeded) return askToken();
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
  const submit = async (/** @type {Event} */ event) => {
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
