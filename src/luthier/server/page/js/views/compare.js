// @ts-check
// Several studies beside each other: the best value so far at the same effort, and their spaces.

import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { choice, note, table, twin } from "../parts.js";
import { countsBar, h, short } from "../dom.js";
import { numberOf } from "./curves.js";

const COLOURS = ["--complete", "--failed", "--running", "--best", "--pruned", "--accent", "--ink", "--faint"];
const BY = /** @type {[string, string][]} */ ([["trial", "by trial"], ["time", "by time"], ["cost", "by cost"]]);

/** @param {URLSearchParams} query */
export async function showCompare(query) {
  const ids = [...new Set((query.get("studies") ?? "").split(","))].filter((id) => /^\d+$/.test(id)).slice(0, 20);
  const node = h("div");
  if (!ids.length) {
    node.append(h("h1", null, "Compare"), note("Tick studies in the list, then choose “Compare”."));
    return { node };
  }
  const by = BY.some(([name]) => name === query.get("by")) ? String(query.get("by")) : "trial";
  const summaries = await Promise.all(ids.map((id) => read(`studies/${id}/summary`)));
  const of = new Map(summaries.map((s) => [String(s.id), s]));
  const found = await read(`compare?${new URLSearchParams({ studies: ids.join(","), by })}`);
  const title = (id) => of.get(id)?.name ?? id;
  const parts = [];
  if (found.note) parts.push(note(found.note));
  else {
    const means = found.mean.map((row) => row.map(numberOf));
    const scale = by === "time" ? "duration" : "linear";
    const lastOf = (row) => row[row.length - 1];
    const chart = makeChart(() => ({
      xAxis: makeAxis(...ends(found.x), scale), yAxis: valueAxis(means.flat(), means.map(lastOf)).axis,
      xName: { trial: "trials", time: "time since the first trial began", cost: "cost" }[by] ?? by, yName: found.objective,
      lines: means.map((y, k) => ({ x: found.x, y, stepped: true,
        colour: COLOURS[k % COLOURS.length], dashed: k >= COLOURS.length })),
    }), { label: () => `The best ${found.objective} so far of ${ids.length} studies: ${found.names.map((id, k) =>
      `${title(id)} ${short(lastOf(means[k]))}`).join(", ")}.` });
    queueMicrotask(chart.draw);
    parts.push(chart.node,
      h("p", { class: "legend" }, found.names.map((id, k) =>
        h("span", null, swatch(k), h("a", { href: `#/s/${id}/summary` }, title(id))))),
      twin("The best so far as a table", () => ({ head: [by, ...found.names.map(title)],
        rows: found.x.map((x, i) => [short(x), ...means.map((m) => short(m[i]))]) })).node);
  }
  node.append(h("h1", null, `${ids.length} studies`),
    h("div", { class: "bar" }, choice("Effort", BY, by, (now) => {
      location.hash = `#/compare?${new URLSearchParams({ studies: ids.join(","), by: now })}`;
    })),
    ...parts,
    h("h2", null, "In numbers"),
    table("In numbers", ["Study", "Trials", "Best", "Found at", "Since then"], summaries.map((s) => h("tr", null,
      h("th", { scope: "row" }, h("a", { href: `#/s/${s.id}/summary` }, s.name)),
      h("td", null, countsBar(s.counts), String(s.n_trials)),
      h("td", { class: "number" }, short(s.best?.value)), h("td", null, s.best ? `trial ${s.best.number}` : "–"),
      h("td", { class: "number" }, short(s.n_since))))),
    h("h2", null, "Spaces"), spaces(summaries));
  return { node };
}

/** @param {number} k */
function swatch(k) {
  const mark = h("span", { class: "chip" });
  mark.style.background = `var(${COLOURS[k % COLOURS.length]})`;
  return mark;
}

/** Each parameter in each study; those that differ are marked. @param {any[]} summaries */
function spaces(summaries) {
  const names = [...new Set(summaries.flatMap((s) => s.params.map((p) => p.name)))];
  const say = (s, name) => {
    const p = s.params.find((q) => q.name === name);
    if (!p) return "–";
    return p.choices.length ? p.choices.join(", ") : `${short(p.low)} to ${short(p.high)}, ${p.scale}`;
  };
  return table("Spaces", ["Parameter", ...summaries.map((s) => s.name), "Alike"], names.map((name) => {
    const said = summaries.map((s) => say(s, name));
    return h("tr", null, h("th", { scope: "row" }, name), said.map((text) => h("td", null, text)),
      h("td", null, new Set(said).size > 1 ? "differs" : "alike"));
  }), true);
}
