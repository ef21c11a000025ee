// @ts-check
// The list of studies: how many trials each has, and how good it is.

import { acts, read } from "../api.js";
import { countsBar, duration, h, short, sparkline, time } from "../dom.js";
import { bar, button, input, scroll } from "../parts.js";
import { MANY } from "../trials.js";
import { ENGLISH, t } from "../words.js";

const MOST = 50; // studies that are shown at a time
const EVERY_MS = 5000; // the list is read again; where nothing has changed, nothing is sent
const AT_ONCE = 3; // summaries that are read at the same time

/** @param {URLSearchParams} query */
export async function showStudies(query) {
  let { studies, n_left: nLeft } = await read("studies");
  const body = h("tbody");
  const more = h("p", { class: "faint" });
  const search = input(t`Search by name`, "search", { value: query.get("q") ?? "", oninput: () => list() });
  let turn = 0;
  /** @type {Set<number>} */
  const ticked = new Set();
  const compare = button(t`Compare`, () => { location.hash = `#/compare?studies=${[...ticked].join(",")}`; }, { disabled: true });
  const tick = (id, on) => {
    if (on) ticked.add(id);
    else ticked.delete(id);
    compare.disabled = !ticked.size;
    compare.textContent = ticked.size ? t`Compare ${ticked.size}` : t`Compare`;
  };

  function list() {
    const mine = (turn += 1);
    const wanted = search.value.toLowerCase();
    const found = studies.filter((s) => s.name.toLowerCase().includes(wanted));
    const shown = found.slice(0, MOST);
    const lines = shown.map((s) => makeLine(s, ticked, tick));
    body.replaceChildren(...lines.map((line) => line.row));
    const left = found.length - shown.length + nLeft;
    more.textContent = left ? t`${left} more studies; search for their names.` : "";
    const next = lines[Symbol.iterator]();
    const isWanted = () => mine === turn;
    const filled = Array.from({ length: AT_ONCE }, () => fill(next, isWanted));
    Promise.all(filled).then(() => judge(lines, isWanted));
  }

  list();
  const empty = h("p", { hidden: studies.length > 0 },
    t`There is no study yet. Create one with luthier.create_study(storage=...).`);
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
      h("h1", null, t`Studies`),
      bar(search, compare, acts() && h("a", { href: "#/new" }, t`New study`)), empty,
      scroll(t`Studies`, h("table", { class: "list" },
        h("thead", null, h("tr", null, h("th", null, t`Pick`), h("th", null, t`Name`),
          h("th", null, t`Trials`), h("th", null, t`Best`), h("th", { class: "hides" }, t`Best so far`),
          h("th", null, t`Left`), h("th", null, t`Worst finding`), h("th", { class: "hides" }, t`Created`))),
        body)),
      more),
  };
}

/**
 * @param {any} study
 * @param {Set<number>} ticked
 * @param {(id: number, on: boolean) => void} tick
 */
function makeLine(study, ticked, tick) {
  const best = h("td", { class: "number" }, "…");
  const line = h("td", { class: "hides" });
  const left = h("td");
  const finding = h("td");
  const running = study.counts.running ? t`, ${study.counts.running} running` : "";
  const row = h("tr", null,
    h("td", null, h("input", { type: "checkbox", "aria-label": t`Compare ${study.name}`,
      checked: ticked.has(study.id), onchange: (e) => tick(study.id, e.target.checked) })),
    h("td", null, h("a", { href: `#/s/${study.id}/summary` }, study.name)),
    h("td", null, countsBar(study.counts), h("span", { class: "faint" }, `${study.n_trials}${running}`)),
    best, line, left, finding, h("td", { class: "hides" }, time(study.created_s)));
  return { row, best, line, left, finding, study };
}

/**
 * Fills in lines, one after another, as long as they are wanted.
 * @param {Iterator<any>} next
 * @param {() => boolean} isWanted
 */
async function fill(next, isWanted) {
  for (let item = next.next(); !item.done && isWanted(); item = next.next()) {
    const { best, line, left, study } = item.value;
    try {
      const summary = await read(`studies/${study.id}/summary`);
      best.textContent = summary.best ? short(summary.best.value) : "–";
      line.replaceChildren(sparkline(summary.steps, summary.n_trials - 1));
      left.textContent = summary.n_left
        ? summary.n_left + (summary.left_s == null ? "" : t`, about ${duration(summary.left_s)}`) : "–";
    } catch (error) {
      best.textContent = t`cannot be read`;
      best.title = String(/** @type {any} */ (error).message);
    }
  }
}

/**
 * Says the worst that is found in each study, one after another.
 * @param {any[]} lines
 * @param {() => boolean} isWanted
 */
async function judge(lines, isWanted) {
  for (const { finding, study } of lines) {
    if (!isWanted() || !finding.isConnected) return;
    try {
      if (study.n_trials > MANY) { // findings read all trials: only where they are wanted
        finding.replaceChildren(h("a", { href: `#/s/${study.id}/findings` }, t`look`));
        continue;
      }
      const { findings } = await read(`studies/${study.id}/findings`);
      const worst = findings.find((/** @type {any} */ f) => !f.dismissed);
      finding.replaceChildren(worst ? h("a", { href: `#/s/${study.id}/findings`, title: worst.title, ...ENGLISH,
        class: `mark ${worst.severity}` }, worst.name.replaceAll("-", " ")) : t`none`);
    } catch (error) {
      finding.textContent = t`cannot be read`;
      finding.title = String(/** @type {any} */ (error).message);
    }
  }
}
