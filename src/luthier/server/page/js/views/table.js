// @ts-check
// One page of the table of trials, sorted and filtered by the service; any attribute is a column.

import { remember } from "../address.js";
import { read } from "../api.js";
import { bar, button, choice, input, scroll } from "../parts.js";
import { STATES, STATE_NAMES, duration, h, short, stateMark } from "../dom.js";
import { chips, rangeOf, readFilter, withRange, writeFilter } from "../filter.js";
import { MANY } from "../trials.js";
import { t } from "../words.js";

const LIMIT = 50;
const NONE = "–";
const ATTRIBUTES = /** @type {Record<string, {title: string, say: (r: any, summary: any) => string}>} */ ({
  worker: { title: t`Worker`, say: (r) => r.worker || NONE },
  cost: { title: t`Cost`, say: (r) => short(r.cost) },
  started: { title: t`Began`, say: (r, summary) => duration(r.started_s && r.started_s - summary.created_s) },
  last_step: { title: t`Last step`, say: (r) => short(r.last_step) },
});
/** Columns that hold one of a few, with what these are called. @type {[string, string, [string, string][]][]} */
const CHOICES = [
  ["state", t`State`, [["", t`All states`], ...STATES.map((s, i) => /** @type {[string, string]} */ ([String(i), STATE_NAMES[s]]))]],
  ["star", t`Stars`, [["", t`Starred or not`], ["1", t`starred`], ["0", t`not starred`]]],
  ["hidden", t`Hidden results`, [["", t`Hidden or not`], ["0", t`not hidden`], ["1", t`hidden`]]],
];

/** @param {any} summary @param {URLSearchParams} query */
export async function showTable(summary, query) {
  const study = summary.id;
  let attributes = { tags: [], constraints: [] };
  let isLearned = false;
  const page = { n: 0, rows: /** @type {any[]} */ ([]) };
  const offset = () => Number(query.get("offset") ?? 0) || 0;
  const sort = () => query.get("sort") ?? "-number";
  const more = () => (query.get("columns") ?? "").split(",").filter(Boolean);

  const head = h("tr");
  const body = h("tbody");
  const where = h("span");
  const filters = h("div");
  const controls = bar();
  const download = h("a", { download: `${summary.name}.csv` }, t`Download CSV`);
  const [back, forth] = /** @type {[string, number][]} */ ([[t`Back`, -1], [t`Next`, 1]]).map(([text, by]) =>
    button(text, () => go({ offset: Math.max(0, offset() + by * LIMIT) })));

  async function load() {
    const columns = makeColumns(study, summary, more());
    const filter = writeFilter(readFilter(query));
    const tags = more().filter((code) => code.startsWith("tag.")).map((code) => code.slice(4));
    const asked = new URLSearchParams({ limit: String(LIMIT), offset: String(offset()), sort: sort(),
      filter, tags: tags.join(",") });
    Object.assign(page, await read(`studies/${study}/rows?${asked}`));
    body.replaceChildren(...page.rows.map((row) => h("tr", null, columns.map((c) => c.cell(row)))));
    head.replaceChildren(...columns.map(({ code, title, isText }) => {
      const by = sort();
      const order = by === code ? "ascending" : by === `-${code}` ? "descending" : "none";
      return h("th", { "aria-sort": order, scope: "col", class: isText ? null : "number" }, button(
        title + { ascending: " ↑", descending: " ↓", none: "" }[order],
        () => go({ sort: by === code ? `-${code}` : code, offset: 0 })));
    }));
    count();
    filters.replaceChildren(chips(summary, readFilter(query), (ranges) =>
      go({ f: writeFilter(ranges), offset: 0 }).then(arrangeControls)));
    download.setAttribute("href",
      `ui/studies/${study}/table.csv?${new URLSearchParams({ sort: sort(), filter })}`);
  }

  function count() {
    const { n, rows } = page;
    where.textContent = n ? t`${offset() + 1} to ${offset() + rows.length} of ${n}` : t`no trials`;
    back.disabled = offset() === 0;
    forth.disabled = offset() + LIMIT >= n;
  }

  /** @param {Record<string, any>} changed */
  async function go(changed) {
    for (const [name, value] of Object.entries(changed)) query.set(name, String(value ?? ""));
    remember(study, "trials", query);
    await load();
  }

  /** @param {string} name @param {string} low @param {string} high "" for an open end */
  const setRange = (name, low, high) =>
    go({ offset: 0, f: writeFilter(withRange(readFilter(query), rangeOf(name, low, high))) });

  /** Learns what trials noted, for which all of them are read. */
  async function learn() {
    try {
      attributes = await read(`studies/${study}/attributes`);
      isLearned = true;
      arrangeControls();
    } catch (error) {
      controls.append(h("span", { class: "faint" }, t`What trials noted cannot be read: ${String(error)}`));
    }
  }

  function arrangeControls() {
    const columns = makeColumns(study, summary, more());
    const find = (name) => readFilter(query).find((range) => range.name === name);
    const chosen = query.get("column") || "value.0";
    const end = (name, text) => {
      const at = find(chosen)?.[name];
      return input(text, "number", { value: Number.isFinite(at) ? at : "", onchange: () => setRange(chosen, low.value, high.value) });
    };
    const [low, high] = [end("low", t`from`), end("high", t`to`)];
    /** @type {[string, string][]} */
    const others = [
      ...Object.entries(ATTRIBUTES).map(([code, { title }]) => /** @type {[string, string]} */ ([code, title])),
      ...attributes.constraints.map((name, j) => /** @type {[string, string]} */ ([`constraint.${j}`, name])),
      ...attributes.tags.map((name) => /** @type {[string, string]} */ ([`tag.${encodeURIComponent(name)}`, name]))];
    controls.replaceChildren(
      ...CHOICES.map(([name, text, options]) =>
        choice(text, options, find(name) ? String(find(name)?.low) : "", (v) => setRange(name, v, v))),
      choice(t`Column to filter`, columns.slice(2).filter((c) => c.code !== "worker").map((c) => [c.code, c.title]),
        chosen, (v) => { query.set("column", v); remember(study, "trials", query); arrangeControls(); }),
      low, high,
      choice(t`Add a column`, [["", t`Add a column`], ...others.filter(([code]) => !more().includes(code))], "", (code) => {
        if (code) go({ columns: [...more(), code].join(",") }).then(arrangeControls);
      }),
      isLearned || summary.n_trials <= MANY ? "" : button(t`Look for tags`, learn),
      more().length ? button(t`Fewer columns`, () => go({ columns: "", sort: "" }).then(arrangeControls)) : "",
      download);
  }

  await load();
  arrangeControls();
  if (summary.n_trials <= MANY) learn();
  return {
    node: h("div", null,
      h("h1", null, summary.name), controls, filters, bar(back, forth, where),
      scroll(t`Trials`, h("table", { class: "wide" }, h("thead", null, head), body))),
    update: async (changes) => {
      if (changes.some((change) => change.many)) {
        summary = await read(`studies/${study}/summary`);
        arrangeControls();
        return load();
      }
      const trials = changes.flatMap((change) => change.trials);
      if (trials.length === 0) return;
      if (readFilter(query).length || canShow(page, sort(), offset(), trials)) return load();
      page.n = trials.reduce((n, [number]) => Math.max(n, number + 1), page.n);
      count();
    },
  };
}

/**
 * Whether changed trials may be seen on this page of the table.
 * @param {{n: number, rows: any[]}} page
 * @param {string} sort
 * @param {number} offset
 * @param {any[]} trials as the service tells of them
 */
function canShow(page, sort, offset, trials) {
  const shown = new Set(page.rows.map((row) => row.number));
  if (shown.size < LIMIT || trials.some(([number]) => shown.has(number))) return true;
  const code = sort.replace("-", "");
  const sign = sort.startsWith("-") ? -1 : 1;
  if (trials.some(([number]) => number < page.n) && offset > 0) return true; // it may have left an earlier page
  const j = code.startsWith("value.") ? Number(code.slice(6)) : -1;
  if (code !== "number" && j < 0) return true;
  const last = page.rows.at(-1);
  const end = Number(j < 0 ? last.number : last.values?.[j] ?? NaN);
  if (!Number.isFinite(end)) return true;
  return trials.some(([number, , values]) => {
    const key = Number(j < 0 ? number : values?.[j] ?? NaN);
    return sign * key <= sign * end;
  });
}

/**
 * The columns of the table.
 * @param {number} study
 * @param {any} summary
 * @param {string[]} more codes of attributes
 */
function makeColumns(study, summary, more) {
  return [
    { code: "number", title: t`Trial`, isText: true, cell: (r) =>
      h("td", null, h("a", { href: `#/s/${study}/trials/${r.number}` }, String(r.number)),
        r.star && h("span", { role: "img", "aria-label": t`starred` }, " ★")) },
    { code: "state", title: t`State`, isText: true, cell: (r) =>
      h("td", { title: r.error }, stateMark(r.state), r.hidden && h("span", { class: "faint" }, t`, hidden`),
        r.state === "failed" && r.error && h("div", { class: "faint" }, r.error.slice(0, 80))) },
    ...summary.objectives.map((name, j) => ({
      code: `value.${j}`, title: name, isText: false,
      cell: (r) => h("td", { class: "number", title: r.values?.[j] },
        short(r.values?.[j]), !r.feasible && t` (infeasible)`) })),
    ...summary.params.map((p, j) => ({
      code: `param.${j}`, title: p.name, isText: p.choices.length > 0,
      cell: (r) => noted(r.params, p.name, p.choices.length > 0) })),
    { code: "duration", title: t`Took`, isText: false, cell: (r) => h("td", { class: "number" }, duration(r.duration_s)) },
    ...more.map((code) => {
      const isText = code === "worker" || code.startsWith("tag.");
      if (code in ATTRIBUTES) {
        const { title, say } = ATTRIBUTES[code];
        return { code, title, isText, cell: (r) => h("td", { class: isText ? null : "number" }, say(r, summary)) };
      }
      const name = isText ? decodeURIComponent(code.slice(4)) : summary.constraints[Number(code.split(".")[1])] ?? code;
      return { code, title: name, isText, cell: (r) => noted(isText ? r.tags : r.constraints, name, isText) };
    }),
  ];
}

/** @param {Record<string, any>} items @param {string} name @param {boolean} isText */
function noted(items, name, isText) {
  const has = Object.hasOwn(items, name);
  return h("td", { class: isText ? null : "number", title: has ? String(items[name]) : null },
    has ? short(items[name]).slice(0, 80) : NONE);
}
