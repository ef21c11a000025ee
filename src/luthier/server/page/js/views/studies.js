// @ts-check
// The list of studies: how many trials each has, and how good it is.

import { acts, read } from "../api.js";
import { countsBar, h, short, sparkline, time } from "../dom.js";

const MOST = 50; // studies that are shown at a time
const EVERY_MS = 5000; // the list is read again; where nothing has changed, nothing is sent
const AT_ONCE = 3; // summaries that are read at the same time

/** @param {URLSearchParams} query */
export async function showStudies(query) {
  let { studies, n_left: nLeft } = await read("studies");
  const body = h("tbody");
  const more = h("p", { class: "faint" });
  const search = /** @type {HTMLInputElement} */ (
    h("input", { type: "search", "aria-label": "Search by name", placeholder: "Search by name",
      value: query.get("q") ?? "", oninput: () => list() })
  );
  let turn = 0;

  function list() {
    const mine = (turn += 1);
    const wanted = search.value.toLowerCase();
    const found = studies.filter((/** @type {any} */ s) => s.name.toLowerCase().includes(wanted));
    const shown = found.slice(0, MOST);
    const lines = shown.map(makeLine);
    body.replaceChildren(...lines.map((/** @type {any} */ line) => line.row));
    const left = found.length - shown.length + nLeft;
    more.textContent = left ? `${left} more studies; search for their names.` : "";
    const next = lines[Symbol.iterator]();
    for (let i = 0; i < AT_ONCE; i += 1) fill(next, () => mine === turn);
  }

  list();
  const empty = h("p", { hidden: studies.length > 0 },
    "There is no study yet. Create one with luthier.create_study(storage=...).");
  const timer = setInterval(async () => {
    if (!body.isConnected) return clearInterval(timer);
    if (document.hidden) return;
    const now = await read("studies").catch(() => null);
    if (now === null || now.studies === studies) return;
    ({ studies, n_left: nLeft } = now);
    empty.hidden = studies.length > 0;
    list();
  }, EVERY_MS);
  return {
    node: h("div", null,
      h("h1", null, "Studies"),
      h("div", { class: "bar" }, search, acts() && h("a", { href: "#/new" }, "New study")), empty,
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Studies" },
        h("table", null,
          h("thead", null, h("tr", null, h("th", null, "Name"), h("th", null, "Trials"),
            h("th", null, "Best"), h("th", { class: "hides" }, "Best so far"),
            h("th", { class: "hides" }, "Created"))),
          body)),
      more),
  };
}

/** @param {any} study */
function makeLine(study) {
  const best = h("td", { class: "number" }, "…");
  const line = h("td", { class: "hides" });
  const running = study.counts.running ? `, ${study.counts.running} running` : "";
  const row = h("tr", null,
    h("td", null, h("a", { href: `#/s/${study.id}/summary` }, study.name)),
    h("td", null, countsBar(study.counts), h("span", { class: "faint" }, `${study.n_trials}${running}`)),
    best, line, h("td", { class: "hides" }, time(study.created_s)));
  return { row, best, line, study };
}

/**
 * Fills in lines, one after another, as long as they are wanted.
 * @param {Iterator<any>} next
 * @param {() => boolean} isWanted
 */
async function fill(next, isWanted) {
  for (let item = next.next(); !item.done && isWanted(); item = next.next()) {
    const { best, line, study } = item.value;
    try {
      const summary = await read(`studies/${study.id}/summary`);
      best.textContent = summary.best ? short(summary.best.value) : "–";
      line.replaceChildren(sparkline(summary.steps, summary.n_trials - 1));
    } catch (error) {
      best.textContent = "cannot be read";
      best.title = String(/** @type {any} */ (error).message);
    }
  }
}
