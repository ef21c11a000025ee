// @ts-check
// The page: which view the address names, the session, and what has changed since.

import { addressOf, readAddress } from "./address.js";
import { Away, Gone, LoginNeeded, logIn, logOut, read, session } from "./api.js";
import { h } from "./dom.js";
import { follow } from "./follow.js";
import { choice } from "./parts.js";
import { showCompare } from "./views/compare.js";
import { showControls } from "./views/controls.js";
import { showCost } from "./views/cost.js";
import { showCreate } from "./views/create.js";
import { showCurves } from "./views/curves.js";
import { showEffects } from "./views/effects.js";
import { showFailures } from "./views/failures.js";
import { showFigure } from "./views/figures.js";
import { showFindings } from "./views/findings.js";
import { showFront } from "./views/front.js";
import { showHistory } from "./views/history.js";
import { showImportance } from "./views/importance.js";
import { showParallel } from "./views/parallel.js";
import { showPreferences } from "./views/preferences.js";
import { showSpace } from "./views/space.js";
import { showStudies } from "./views/studies.js";
import { showSummary } from "./views/summary.js";
import { showTable } from "./views/table.js";
import { showTrial } from "./views/trial.js";
import { showWorkers } from "./views/workers.js";
import { LANGUAGES, chooseLanguage, language, t } from "./words.js";

/**
 * @typedef {object} View
 * @property {Node} node
 * @property {(changes: any[]) => any} [update] called with what has changed in the study
 * @property {number} [every] milliseconds between two updates at least, where an analysis is made
 */

/** @typedef {(summary: any, query: URLSearchParams, rest: string) => Promise<View>} Show a view of the study of a summary */

/** The views of a study in their groups. @type {[string, Record<string, [string, Show]>][]} */
const GROUPS = [
  [t`Summary`, { summary: [t`Summary`, showSummary] }],
  [t`Results`, {
    history: [t`History`, showHistory],
    trials: [t`Trials`, showTable],
    parallel: [t`Parallel`, showParallel],
    effects: [t`Effects`, showEffects],
    curves: [t`Curves`, showCurves],
    front: [t`Front`, showFront],
  }],
  [t`Analysis`, {
    importance: [t`Importance`, showImportance],
    surface: [t`Surface`, showFigure("surface")],
    ablation: [t`Ablation`, showFigure("ablation")],
    fidelity: [t`Fidelity`, showFigure("fidelity")],
    distribution: [t`Distribution`, showFigure("distribution")],
  }],
  [t`Run`, {
    workers: [t`Workers`, showWorkers],
    cost: [t`Cost`, showCost],
    failures: [t`Failures`, showFailures],
    findings: [t`Findings`, showFindings],
  }],
  [t`Space`, { space: [t`Space`, showSpace] }],
  [t`Controls`, { controls: [t`Controls`, showControls], preferences: [t`Compare by eye`, showPreferences] }],
];
const VIEWS = Object.assign({}, ...GROUPS.map(([, views]) => views));

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const nav = /** @type {HTMLElement} */ (document.getElementById("nav"));
const live = /** @type {HTMLElement} */ (document.getElementById("live"));
const logout = /** @type {HTMLElement} */ (document.getElementById("logout"));
const SPOKEN_MS = 5000;
const SETTLED_MS = 5000; // after which all of the service knows a space that has changed
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
    const shown = study === null ? await showSeveral(view, query) : await findView(view, rest)(summary, query, rest);
    const isPlain = summary !== null && summary.objectives.length < 2;
    if (mine !== turn) return;
    for (const link of nav.querySelectorAll("[data-view=front]")) link.toggleAttribute("hidden", isPlain);
    main.removeAttribute("aria-busy");
    main.replaceChildren(shown.node);
    document.title = `${main.querySelector("h1")?.textContent ?? t`Studies`} – luthier`;
    if (study !== null && shown.update) watch(study, summary, mine, shown);
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

/** @param {string} view @param {URLSearchParams} query @returns {Promise<View>} */
function showSeveral(view, query) {
  if (view === "new") return showCreate();
  if (view === "compare") return showCompare(query);
  return showStudies(query);
}

/** @param {string} view @param {string} rest @returns {Show} */
function findView(view, rest) {
  if (view === "trials" && /^\d+$/.test(rest)) return showTrial;
  return (VIEWS[view] ?? VIEWS.summary)[1];
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
  let asked = 0; // until when the space is looked at
  /** Whether the space is another than the view was made for. */
  const isOther = async () => JSON.stringify((await read(`studies/${study}/summary`)).params) !== JSON.stringify(summary.params);
  /** Draws what is new; whether the service could not be reached. @param {any[]} changes */
  async function update(changes) {
    try {
      if (Date.now() < asked && (await isOther()) && mine === turn) {
        await show();
        return false;
      }
      await shown.update?.(changes);
      await say(study);
      return false;
    } catch (error) {
      if (error instanceof Away) return true;
      if (error instanceof Gone || error instanceof LoginNeeded || Date.now() > asked) throw error;
      return true; // such as for a parameter that has just gone: the space is looked at once more
    }
  }
  leave = follow(study, revision, async (change) => {
    waiting.push(change);
    if (change.many) asked = Date.now() + SETTLED_MS;
    if (busy) return;
    busy = true;
    try {
      while (waiting.length && mine === turn) {
        const changes = waiting;
        waiting = [];
        const isAway = await update(changes);
        if (isAway) waiting = [...changes, ...waiting]; // once more, when it may be back
        await new Promise((resolve) => { setTimeout(resolve, isAway ? PAUSE_MANY_MS : pause); });
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

/** The groups of views, and below them the views of the group that is seen. @param {number | null} study @param {string} view @param {URLSearchParams} query */
function showNav(study, view, query) {
  if (study === null) return nav.replaceChildren();
  const link = (name, title, mark) => h("a", { href: addressOf(study, name, query.get("f") ?? ""), "data-view": name,
    "aria-current": mark }, title);
  const open = GROUPS.find(([, views]) => view in views) ?? GROUPS[0];
  const isAlone = (views) => Object.keys(views).length < 2;
  nav.replaceChildren(
    h("div", null, GROUPS.map(([title, views]) => link(Object.keys(views)[0], title,
      views === open[1] && (isAlone(views) ? "page" : "true")))),
    isAlone(open[1]) ? "" : h("div", { class: "views" }, Object.entries(open[1]).map(([name, [title]]) =>
      link(name, title, name === view && "page"))));
}

/** @param {any} error */
function fail(error) {
  main.removeAttribute("aria-busy");
  if (error instanceof LoginNeeded) return askToken();
  leave();
  if (error instanceof Gone) {
    nav.replaceChildren();
    return main.replaceChildren(h("div", { class: "error", role: "alert" }, h("h1", null, t`This is gone`),
      h("p", null, String(error.message)), h("a", { href: "#/" }, t`All studies`)));
  }
  main.replaceChildren(
    h("div", { class: "error", role: "alert" }, h("p", null, String(error.message ?? error)),
      h("button", { type: "button", onclick: start }, t`Try again`)),
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
    try {
      why.textContent = await logIn({ token: field.value.trim() });
    } catch (error) {
      why.textContent = String(/** @type {any} */ (error).message);
    }
    if (!why.textContent) await start();
  };
  main.replaceChildren(
    h("form", { class: "login", onsubmit: submit },
      h("h1", null, t`Log in`),
      h("input", { type: "text", autocomplete: "username", value: "luthier", hidden: true }),
      h("label", { for: "token" }, t`Token of the service`),
      field,
      h("button", { type: "submit" }, t`Log in`),
      why,
      h("p", { class: "faint" }, t`It stands in a file beside the storage, which ends in “.token”.`)),
  );
  nav.replaceChildren();
  field.focus();
}

/** What an address says; as it is where it is no such text. @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Shows the page to those who have a session, the login to others. */
async function start() {
  let why = "";
  const secret = location.hash.match(/^#([tk])=([^&]+)(?:&(.*))?$/);
  // The secret goes out of the address at once.
  if (secret) history.replaceState(null, "", secret[3] ? `#${secret[3]}` : location.pathname);
  try {
    if (secret && !(await session()).open) {
      const sent = decode(secret[2]);
      why = await logIn(secret[1] === "t" ? { token: sent } : { code: sent });
    }
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
  scheme.textContent = isDark ? t`Light` : t`Dark`;
  return isDark;
}
scheme.addEventListener("click", () => {
  document.documentElement.dataset.scheme = nameScheme() ? "light" : "dark";
  nameScheme();
  document.dispatchEvent(new Event("schemechange"));
});
logout.addEventListener("click", async () => {
  try {
    await logOut();
    askToken();
  } catch (error) {
    fail(error);
  }
});
document.documentElement.lang = language;
/** @type {Element} */ (document.querySelector(".skip")).textContent = t`To the content`;
nav.setAttribute("aria-label", t`Views of the study`);
logout.textContent = t`Log out`;
const languages = choice(t`Language`, Object.entries(LANGUAGES), language, chooseLanguage);
for (const option of languages.querySelectorAll("option")) option.lang = option.value;
scheme.before(languages);
window.addEventListener("hashchange", () => (/^#[tk]=/.test(location.hash) ? start() : show()));
nameScheme();
start();
