// @ts-check
// One page of the table of trials, sorted and filtered by the service; any attribute is a column.

import { remember } from "../address.js";
import { read } from "../api.js";
import { button, choice } from "../parts.js";
import { STATES, duration, h, short, stateMark } from "../dom.js";
import { chips, readFilter, withRange, writeFilter } from "../filter.js";
import { MANY } from "../trials.js";

const LIMIT = 50;
const NONE = "–";
const ATTRIBUTES = /** @type {Record<string, {title: string, say: (r: any, summary: any) => string}>} */ ({
  worker: { title: "Worker", say: (r) => r.worker || NONE },
  cost: { title: "Cost", say: (r) => short(r.cost) },
  started: { title: "Began", say: (r, summary) => duration(r.started_s && r.started_s - summary.created_s) },
  last_step: { title: "Last step", say: (r) => short(r.last_step) },
});

/** @param {number} study @param {URLSearchParams} query */
export async function showTable(study, query) {
  let summary = await read(`studies/${study}/summary`);
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
  const controls = h("div", { class: "bar" });
  const download = h("a", { download: `${summary.name}.csv` }, "Download CSV");
  const [back, forth] = [["Back", -1], ["Next", 1]].map(([text, by]) =>
    button(String(text), () => go({ offset: Math.max(0, offset() + Number(by) * LIMIT) })));

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
      go({ f: writeFilter(ranges), offset: 0 })));
    download.setAttribute("href",
      `ui/studies/${study}/table.csv?${new URLSearchParams({ sort: sort(), filter })}`);
  }

  function count() {
    const { n, rows } = page;
    where.textContent = n ? `${offset() + 1} to ${offset() + rows.length} of ${n}` : "no trials";
    back.disabled = offset() === 0;
    forth.disabled = offset() + LIMIT >= n;
  }

  /** @param {Record<string, any>} changed */
  async function go(changed) {
    for (const [name, value] of Object.entries(changed)) query.set(name, String(value ?? ""));
    remember(study, "trials", query);
    await load();
  }

  function setRange(name, low, high) {
    return go({ f: writeFilter(withRange(readFilter(query), name, low, high)), offset: 0 });
  }

  /** Learns what trials noted, for which all of them are read. */
  async function learn() {
    try {
      attributes = await read(`studies/${study}/attributes`);
      isLearned = true;
      arrangeControls();
    } catch (error) {
      controls.append(h("span", { class: "faint" }, `What trials noted cannot be read: ${String(error)}`));
    }
  }

  function arrangeControls() {
    const columns = makeColumns(study, summary, more());
    const range = readFilter(query).find(({ name }) => name === query.get("column"));
    const number = (name, text) => h("input", {
      type: "number", step: "any", "aria-label": text, placeholder: text,
      value: range && Number.isFinite(range[name]) ? range[name] : "",
      onchange: () => {
        const [low, high] = [...controls.querySelectorAll("input")].map((field) => field.value);
        setRange(query.get("column") || "value.0", low === "" ? -Infinity : Number(low),
          high === "" ? Infinity : Number(high));
      } });
    const state = readFilter(query).find(({ name }) => name === "state");
    /** @type {[string, string][]} */
    const others = [
      ...Object.entries(ATTRIBUTES).map(([code, { title }]) => /** @type {[string, string]} */ ([code, title])),
      ...attributes.constraints.map((name, j) => /** @type {[string, string]} */ ([`constraint.${j}`, name])),
      ...attributes.tags.map((name) => /** @type {[string, string]} */ ([`tag.${encodeURIComponent(name)}`, name]))];
    controls.replaceChildren(
      choice("State", [["", "All states"], ...STATES.map((s, i) => /** @type {[string, string]} */ ([String(i), s]))],
        state ? String(state.low) : "", (v) => setRange("state", v ? Number(v) : -Infinity, v ? Number(v) : Infinity)),
      choice("Column to filter", columns.slice(2).filter((c) => c.code !== "worker").map((c) => [c.code, c.title]),
        query.get("column") ?? "value.0", (v) => { query.set("column", v); remember(study, "trials", query); arrangeControls(); }),
      number("low", "from"), number("high", "to"),
      choice("Add a column", [["", "Add a column"], ...others.filter(([code]) => !more().includes(code))], "", (code) => {
        if (code) go({ columns: [...more(), code].join(",") }).then(arrangeControls);
      }),
      isLearned || summary.n_trials <= MANY ? "" : button("Look for tags", learn),
      more().length ? button("Fewer columns", () => go({ columns: "", sort: "" }).then(arrangeControls)) : "",
      download);
  }

  await load();
  arrangeControls();
  if (summary.n_trials <= MANY) learn();
  return {
    node: h("div", null,
      h("h1", null, summary.name), controls, filters,
      h("div", { class: "bar" }, back, forth, where),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Trials" },
        h("table", { class: "wide" }, h("thead", null, head), body))),
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
  const last = page.rows[page.rows.length - 1];
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
    { code: "number", title: "Trial", isText: true, cell: (r) =>
      h("td", null, h("a", { href: `#/s/${study}/trials/${r.number}` }, String(r.number))) },
    { code: "state", title: "State", isText: true, cell: (r) =>
      h("td", { title: r.error }, stateMark(r.state), r.state === "failed" && r.error
        ? h("div", { class: "faint" }, r.error.slice(0, 80)) : null) },
    ...summary.objectives.map((name, j) => ({
      code: `value.${j}`, title: name,
      cell: (r) => h("td", { class: "number", title: r.values?.[j] },
        short(r.values?.[j]), r.feasible ? "" : " (infeasible)") })),
    ...summary.params.map((p, j) => ({
      code: `param.${j}`, title: p.name, isText: p.choices.length > 0,
      cell: (r) => noted(r.params, p.name, p.choices.length > 0) })),
    { code: "duration", title: "Took", cell: (r) =>
      h("td", { class: "number" }, duration(r.duration_s)) },
    ...more.map((code) => {
      if (code in ATTRIBUTES) {
        const { title, say } = ATTRIBUTES[code];
        return { code, title, isText: code === "worker", cell: (r) => h("td", { class: code === "worker" ? null : "number" }, say(r, summary)) };
      }
      const name = decodeURIComponent(code.slice(code.indexOf(".") + 1));
      if (code.startsWith("tag.")) return { code, title: name, isText: true, cell: (r) => noted(r.tags, name, true) };
      const constraint = summary.constraints[Number(name)] ?? code;
      return { code, title: constraint, cell: (r) => noted(r.constraints, constraint, false) };
    }),
  ];
}

/** @param {Record<string, any>} items @param {string} name @param {boolean} isText */
function noted(items, name, isText) {
  const has = Object.hasOwn(items, name);
  return h("td", { class: isText ? null : "number", title: has ? String(items[name]) : null },
    has ? short(items[name]).slice(0, 80) : NONE);
}
