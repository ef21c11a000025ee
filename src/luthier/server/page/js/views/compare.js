// @ts-check
// Several studies beside each other: the best value so far at the same effort, and their spaces.

import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { countsBar, h, present, short } from "../dom.js";
import { knownBand } from "../paint.js";
import { bar, choice, legend, note, numbersOf, rowHead, table, tick, twin } from "../parts.js";
import { ENGLISH, isolate, t } from "../words.js";

const COLOURS = ["--complete", "--failed", "--running", "--best", "--pruned", "--accent", "--ink", "--faint"];
const MOST = 20; // studies
const BY = /** @type {Record<string, [string, string]>} */ ({ trial: [t`by trial`, t`trials`],
  time: [t`by time`, t`time since the first trial began`], cost: [t`by cost`, t`cost`] });

/** Names of studies without the number at their end, such as that of a seed. @param {string} name */
const groupName = (name) => name.replace(/[\s._-]*(seed|run)?[\s._-]*\d+$/i, "") || name;

/** @param {URLSearchParams} query */
export async function showCompare(query) {
  const ids = [...new Set((query.get("studies") ?? "").split(","))].filter((id) => /^\d+$/.test(id)).slice(0, MOST);
  const node = h("div");
  if (!ids.length) {
    node.append(h("h1", null, t`Compare`), note(t`Tick studies in the list, then choose “Compare”.`));
    return { node };
  }
  const by = Object.hasOwn(BY, query.get("by") ?? "") ? String(query.get("by")) : "trial";
  const isGrouped = query.get("group") === "1";
  const summaries = await Promise.all(ids.map((id) => read(`studies/${id}/summary`)));
  const names = summaries.map((s) => (isGrouped ? groupName(s.name) : s.name));
  const titles = isGrouped ? [...new Set(names)] : names;
  const groups = names.map((name, k) => (isGrouped ? titles.indexOf(name) : k)).join(",");
  const found = await read(`compare?${new URLSearchParams({ studies: ids.join(","), groups, by })}`);
  const go = (more) => { location.hash = `#/compare?${new URLSearchParams({
    studies: ids.join(","), by, group: isGrouped ? "1" : "", ...more })}`; };
  node.append(...present([h("h1", null, t`${ids.length} studies`),
    bar(choice(t`Effort`, Object.entries(BY).map(([code, [text]]) => [code, text]), by, (now) => go({ by: now })),
      ids.length > 1 && tick(t`One line for studies whose names differ by a number at the end`, isGrouped,
        (on) => go({ group: on ? "1" : "" }))),
    found.note ? h("div", ENGLISH, note(found.note)) : drawLines(found, found.names.map((name) => titles[Number(name)]), by),
    h("h2", null, t`In numbers`),
    table(t`In numbers`, [t`Study`, t`Trials`, t`Best`, t`Found at`, t`Since then`], summaries.map((s) => [
      rowHead(h("a", { href: `#/s/${s.id}/summary` }, s.name)),
      h("td", null, countsBar(s.counts), String(s.n_trials)),
      short(s.best?.value), s.best ? t`trial ${s.best.number}` : "–", short(s.n_since)])),
    h("h2", null, t`Spaces`), spaces(summaries)]));
  return { node };
}

/** @param {any} found @param {string[]} titles @param {string} by */
function drawLines(found, titles, by) {
  const [means, lows, highs] = [found.mean, found.low, found.high].map((rows) => rows.map(numbersOf));
  const hasBand = (k) => found.n_runs[k] > 1;
  const style = (k) => ({ colour: COLOURS[k % COLOURS.length], dashed: k >= COLOURS.length });
  const title = (k) => titles[k] + (hasBand(k) ? t` (mean of ${found.n_runs[k]})` : "");
  const chart = makeChart(() => {
    const bands = titles.flatMap((_, k) => (hasBand(k) ? [{ ...knownBand(found.x, lows[k], highs[k]), alpha: 0.18, colour: style(k).colour }] : []));
    return {
      xAxis: makeAxis(...ends(found.x), by === "time" ? "duration" : "linear"), xName: BY[by][1], yName: found.objective,
      yAxis: valueAxis(means.flat(), [...means.map((y) => y.at(-1)), ...bands.flatMap((b) => [b.low.at(-1), b.high.at(-1)])]).axis,
      bands, lines: means.map((y, k) => ({ x: found.x, y, stepped: true, ...style(k) })),
    };
  }, { label: () => t`The best ${found.objective} so far: ${titles.map((_, k) => `${title(k)} ${short(means[k].at(-1))}`).join(", ")}.` });
  queueMicrotask(chart.draw);
  return [chart.node,
    legend(titles.map((_, k) => ({ colour: style(k).colour, filled: k < COLOURS.length, name: title(k) }))),
    titles.some((_, k) => hasBand(k)) && h("p", { class: "faint" }, t`Bands hold the mean with 95 %.`),
    twin(t`The best so far as a table`, () => ({ head: [BY[by][1], ...titles.map((_, k) => title(k))],
      rows: found.x.map((x, i) => [short(x), ...means.map((m) => short(m[i]))]) })).node,
    found.pairs.length > 0 && [h("h2", null, t`Differences at the end`),
      table(t`Differences at the end`, [t`First`, t`Second`, t`Second less first`, t`95 % interval`, t`p, of all together`, t`Test`],
        found.pairs.map((p) => [titles[Number(p.first)], titles[Number(p.second)], short(p.difference),
          t`${short(p.low)} to ${short(p.high)}`, short(p.p_adjusted), h("td", ENGLISH, p.test)]))],
  ];
}

/** Each parameter in each study; those that differ are marked. @param {any[]} summaries */
function spaces(summaries) {
  const names = [...new Set(summaries.flatMap((s) => s.params.map((p) => p.name)))];
  const say = (s, name) => {
    const p = s.params.find((q) => q.name === name);
    if (!p) return "–";
    return p.choices.length ? p.choices.map(isolate).join(", ") : `${t`${short(p.low)} to ${short(p.high)}`}, ${p.scale}`;
  };
  return table(t`Spaces`, [t`Parameter`, ...summaries.map((s) => s.name), t`Alike`], names.map((name) => {
    const said = summaries.map((s) => say(s, name));
    return [rowHead(name), ...said.map((text) => h("td", null, text)), new Set(said).size > 1 ? t`differs` : t`alike`];
  }), "wide");
}
