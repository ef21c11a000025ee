// @ts-check
// One trial: its params, values, reports, and why it failed.

import { read } from "../api.js";
import { ends, makeAxis, valueAxis } from "../axes.js";
import { makeChart } from "../chart.js";
import { attachments } from "./attachments.js";
import { trialControls } from "./trial_controls.js";
import { duration, h, short, stateMark, time } from "../dom.js";

/** @param {number} study @param {URLSearchParams} _ @param {string} rest */
export async function showTrial(study, _, rest) {
  const number = Number(rest);
  const seen = h("div");
  const { objectives } = await read(`studies/${study}/summary`);
  const doing = trialControls(study, number, objectives, () => update());
  const files = attachments(study, number);
  const node = h("div", null, seen, doing.node, files.node);
  let shown = "";
  const update = async () => {
    const summary = await read(`studies/${study}/summary`);
    const trial = await read(`studies/${study}/trials/${number}`);
    const controls = await read(`studies/${study}/controls`);
    doing.update(trial, controls);
    await files.update(trial);
    const now = JSON.stringify(trial);
    if (now === shown) return;
    shown = now;
    seen.replaceChildren(...draw(study, summary, trial));
  };
  await update();
  return { node, update };
}

/** @param {number} study @param {any} summary @param {any} t */
function draw(study, summary, t) {
  const values = (t.values ?? []).map((v, j) =>
    h("p", null, `${summary.objectives[j]}: `, h("span", { class: "big", title: String(v) }, short(v))));
  const link = (n, text) =>
    h("a", { href: `#/s/${study}/trials/${n}` }, text);
  const constraints = Object.entries(t.constraints ?? {}).map(([name, v]) => h("p", null,
    `${name}: ${short(v)}${Number(v) > 0 ? " (broken)" : ""}`));
  return [
    h("h1", null, `Trial ${t.number} of ${summary.name}`),
    h("div", { class: "bar" }, t.number > 0 && link(t.number - 1, "Previous"),
      t.number + 1 < summary.n_trials && link(t.number + 1, "Next"),
      h("a", { href: `#/s/${study}/trials` }, "All trials")),
    h("div", { class: "cards" },
      h("section", { class: "card" }, h("h2", null, stateMark(t.state)), values, constraints),
      h("section", { class: "card" }, h("h2", null, "When and where"),
        h("p", null, `Began ${time(t.started_s)}`),
        t.finished_s != null && h("p", null, `Took ${duration(t.finished_s - t.started_s)}`),
        t.worker && h("p", null, `Worker ${t.worker}`),
        t.cost != null && h("p", null, `Cost ${short(t.cost)}`),
        t.retries > 0 && h("p", null, `Retried ${t.retries} times`))),
    h("h2", null, "Params"), pairs("Params", t.params),
    Object.keys(t.tags ?? {}).length > 0 && [h("h2", null, "Tags"), pairs("Tags", t.tags)],
    t.error && [h("h2", null, "Error"), h("pre", { tabindex: 0 }, t.error)],
    (t.reports ?? []).length > 0 && [h("h2", null, "Reports"), reports(summary, t.reports)],
  ].flat().filter(Boolean);
}

/** @param {string} title @param {Record<string, any>} items */
function pairs(title, items) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
    h("table", null, h("tbody", null, Object.entries(items).map(([name, value]) =>
      h("tr", null, h("th", { scope: "row" }, name), h("td", { title: String(value) }, short(value)))))));
}

/** @param {any} summary @param {{step: number, value: any}[]} given */
function reports(summary, given) {
  const points = given.map(({ step, value }) =>
    /** @type {[number, number]} */ ([step, Number(Array.isArray(value) ? value[0] : value)]));
  const good = points.filter(([, y]) => Number.isFinite(y));
  if (!good.length) return h("p", null, "No report is a finite number.");
  const [x, y] = [0, 1].map((k) => good.map((p) => p[k]));
  const chart = makeChart(() => ({
    xAxis: makeAxis(...ends(x)), yAxis: valueAxis(y, [], { all: true }).axis, xName: "step", yName: summary.objectives[0],
    points: { x, y, kind: () => 0, kinds: [{ colour: "--complete", filled: true }] },
    lines: [{ x, y, colour: "--best" }],
  }), {
    label: () => `${good.length} reports; the last is ${short(good[good.length - 1][1])}.`,
    tip: (i) => `step ${short(good[i][0])}: ${short(good[i][1])}`,
    small: true,
  });
  queueMicrotask(chart.draw);
  return chart.node;
}
