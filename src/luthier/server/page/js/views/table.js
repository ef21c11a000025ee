// @ts-check
// One page of the table of trials, sorted and filtered by the service.

import { read } from "../api.js";
import { STATES, duration, h, short, stateMark } from "../dom.js";

const LIMIT = 50;

/** @param {number} study @param {URLSearchParams} query */
export async function showTable(study, query) {
  const summary = await read(`studies/${study}/summary`);
  const columns = [
    { code: "number", title: "Trial", cell: (/** @type {any} */ r) =>
      h("td", null, h("a", { href: `#/s/${study}/trials/${r.number}` }, String(r.number))) },
    { code: "state", title: "State", cell: (/** @type {any} */ r) =>
      h("td", { title: r.error }, stateMark(r.state), r.state === "failed" && r.error
        ? h("div", { class: "faint" }, r.error.slice(0, 80)) : null) },
    ...summary.objectives.map((/** @type {string} */ name, /** @type {number} */ j) => ({
      code: `value.${j}`, title: name,
      cell: (/** @type {any} */ r) => h("td", { class: "number", title: r.values?.[j] },
        short(r.values?.[j]), r.feasible ? "" : " (infeasible)") })),
    ...summary.params.map((/** @type {any} */ p, /** @type {number} */ j) => ({
      code: `param.${j}`, title: p.name,
      cell: (/** @type {any} */ r) => h("td", { class: p.choices.length ? "" : "number",
        title: Object.hasOwn(r.params, p.name) ? String(r.params[p.name]) : null },
        Object.hasOwn(r.params, p.name) ? short(r.params[p.name]).slice(0, 80) : "–") })),
    { code: "duration", title: "Took", cell: (/** @type {any} */ r) =>
      h("td", { class: "number" }, duration(r.duration_s)) },
  ];
  const head = h("tr");
  const body = h("tbody");
  const where = h("span");
  const button = (/** @type {string} */ text, /** @type {number} */ by) =>
    /** @type {HTMLButtonElement} */ (h("button", { type: "button", onclick: () => {
      go({ offset: Math.max(0, offset() + by * LIMIT) });
    } }, text));
  const [back, forth] = [button("Back", -1), button("Next", 1)];
  const offset = () => Number(query.get("offset") ?? 0) || 0;
  const sort = () => query.get("sort") ?? "-number";

  async function load() {
    const asked = new URLSearchParams({ limit: String(LIMIT), offset: String(offset()), sort: sort() });
    for (const name of ["states", "column", "low", "high"]) {
      const value = query.get(name);
      if (value) asked.set(name, value);
    }
    const { n, rows } = await read(`studies/${study}/rows?${asked}`);
    where.textContent = n ? `${offset() + 1} to ${offset() + rows.length} of ${n}` : "no trials";
    back.disabled = offset() === 0;
    forth.disabled = offset() + LIMIT >= n;
    body.replaceChildren(...rows.map((/** @type {any} */ row) =>
      h("tr", null, columns.map((column) => column.cell(row)))));
    head.replaceChildren(...columns.map(({ code, title }) => {
      const by = sort();
      const order = by === code ? "ascending" : by === `-${code}` ? "descending" : "none";
      return h("th", { "aria-sort": order }, h("button", { type: "button", onclick: () =>
        go({ sort: by === code ? `-${code}` : code, offset: 0 }) },
        title, { ascending: " ↑", descending: " ↓", none: "" }[order]));
    }));
  }

  /** @param {Record<string, any>} changed */
  async function go(changed) {
    for (const [name, value] of Object.entries(changed)) {
      if (value === "" || value == null) query.delete(name);
      else query.set(name, String(value));
    }
    history.replaceState(null, "", `#/s/${study}/trials?${query}`);
    await load();
  }
  const number = (/** @type {string} */ name, /** @type {string} */ text) => h("input", {
    type: "number", step: "any", "aria-label": text, placeholder: text, value: query.get(name) ?? "",
    onchange: (/** @type {any} */ e) => go({ [name]: e.target.value, offset: 0,
      column: query.get("column") ?? "value.0" }) });
  const select = (/** @type {string} */ name, /** @type {string} */ text,
    /** @type {[string, string][]} */ options) => h("select", { "aria-label": text,
    onchange: (/** @type {any} */ e) => go({ [name]: e.target.value, offset: 0 }) },
    options.map(([value, title]) => h("option", { value, selected: query.get(name) === value }, title)));

  await load();
  return {
    node: h("div", null,
      h("h1", null, summary.name),
      h("div", { class: "bar" },
        select("states", "State", [["", "All states"], ...STATES.map((s) =>
          /** @type {[string, string]} */ ([s, s]))]),
        select("column", "Column to filter", [["", "No range"], ...columns.slice(2).map((c) =>
          /** @type {[string, string]} */ ([c.code, c.title]))]),
        number("low", "from"), number("high", "to")),
      h("div", { class: "bar" }, back, forth, where),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Trials" },
        h("table", { class: "wide" }, h("thead", null, head), body))),
    update: load,
  };
}
