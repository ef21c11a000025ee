// @ts-check
// Trials as lines across the axes of their params; what is chosen on an axis filters all views.

import { remember } from "../address.js";
import { read } from "../api.js";
import { clamp, paramAxis, valueAxis } from "../axes.js";
import { bar, choice, faint, input, note, objectiveChoice, pageOfParams, readObjective, sayParam, table,
  trialLink } from "../parts.js";
import { CODE, h, short } from "../dom.js";
import { chips, findKept, namesOf, rangeOf, readFilter, withRange, withoutRange, writeFilter } from "../filter.js";
import { colours, keepPainted, prepare } from "../paint.js";
import { openSample } from "../trials.js";
import { t } from "../words.js";

const MOST_AXES = 12;
const MOST_LINES = 2000; // above: the best, and an even sample of the others
const [TOP, BOTTOM, SIDE] = [44, 24, 46];
const BELOW = 8; // pixels from the end, where a line is at an axis on which the trial has nothing

/** @param {any} summary @param {URLSearchParams} query */
export async function showParallel(summary, query) {
  const study = summary.id;
  const objective = readObjective(summary, query);
  const isMaximized = summary.directions[objective] === "maximize";
  let ranges = readFilter(query);
  const own = `value.${objective}`;
  const page = pageOfParams(summary, query, MOST_AXES, (j) => go({ first: j }));
  const names = [...page.shown.map((j) => `param.${j}`), own];
  const trials = await openSample(study, ["state", "feasible", ...names, ...namesOf(ranges)],
    { total: summary.n_trials, objective, ranges });
  /** @type {{name: string, title: string, axis: import("../axes.js").Axis, say: (v: number) => string}[]} */
  let axes = [];
  /** @type {number[]} */
  let order = []; // complete trials, the best first
  /** @type {number[]} */
  let kept = [];
  /** @type {number[]} */
  let lines = []; // of those that are kept, the worst first

  function arrange() {
    const [state, y, feasible] = ["state", own, "feasible"].map(trials.column);
    order = [];
    for (let i = 0; i < y.length; i += 1) if (state[i] === CODE.complete && feasible[i] && !Number.isNaN(y[i])) order.push(i);
    const sign = isMaximized ? -1 : 1;
    order.sort((a, b) => sign * (y[a] - y[b]));
    const mask = findKept(trials, ranges);
    kept = mask ? order.filter((i) => mask[i]) : order;
    lines = sample(kept, MOST_LINES).reverse();
    axes = names.map((name) => {
      if (name === own) {
        const values = order.map((i) => y[i]);
        const { axis } = valueAxis(values, values.slice(0, 1));
        return { name, title: summary.objectives[objective], axis, say: short };
      }
      const p = summary.params[Number(name.slice(6))];
      return { name, title: p.name, axis: paramAxis(p, false), say: (v) => sayParam(p, v, short) };
    });
  }
  arrange();

  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { role: "img", class: "tall" }));
  const figure = h("div", { class: "figure" }, canvas);
  let axisChosen = -1;
  let [width, height] = [0, 0];
  const placeX = (k) => SIDE + (k * (width - 2 * SIDE)) / Math.max(axes.length - 1, 1);
  const placeY = (share) => height - BOTTOM - clamp(share, 0, 1) * (height - TOP - BOTTOM);

  function paint() {
    const sized = prepare(canvas);
    if (!sized) return;
    const { g } = sized;
    [width, height] = [sized.width, sized.height];
    canvas.setAttribute("aria-label", label());
    const colour = colours(canvas);
    const columns = axes.map(({ name }) => trials.column(name));
    const draw = (which, ink, alpha, thick) => {
      g.strokeStyle = colour(ink);
      g.globalAlpha = alpha;
      g.lineWidth = thick;
      for (const i of which) {
        g.beginPath();
        axes.forEach(({ axis, name }, k) => {
          const v = columns[k][i];
          g.lineTo(placeX(k), isThere(name, v) ? placeY(axis.place(v)) : height - BELOW);
        });
        g.stroke();
      }
    };
    if (ranges.length) draw(sample(order, 500), "--line", 0.5, 1);
    const nBest = Math.max(1, Math.ceil(lines.length / 10));
    draw(lines.slice(0, -nBest), "--complete", lines.length > 200 ? 0.15 : 0.5, 1);
    draw(lines.slice(-nBest), "--best", lines.length > 200 ? 0.3 : 0.9, 1.5);
    g.globalAlpha = 1;
    axes.forEach((item, k) => drawAxis(g, colour, item, k));
  }
  const isThere = (name, v) => !Number.isNaN(v) && !(v < 0 && isChoice(name));
  const isChoice = (name) => name.startsWith("param.")
    && summary.params[Number(name.slice(6))].choices.length > 0;

  /** @param {CanvasRenderingContext2D} g @param {(name: string) => string} colour @param {any} item @param {number} k */
  function drawAxis(g, colour, { name, title, axis }, k) {
    const x = placeX(k);
    g.strokeStyle = colour(k === axisChosen ? "--ink" : "--faint");
    g.lineWidth = k === axisChosen ? 2.5 : 1;
    g.beginPath();
    g.moveTo(x, TOP);
    g.lineTo(x, height - BOTTOM);
    g.stroke();
    const range = ranges.find((r) => r.name === name);
    if (range) {
      const [y0, y1] = [range.high, range.low].map((v) => placeY(axis.place(clamp(v, axis.low, axis.high))));
      g.fillStyle = colour("--accent");
      g.globalAlpha = 0.35;
      g.fillRect(x - 7, y0, 14, Math.max(2, y1 - y0));
      g.globalAlpha = 1;
    }
    g.font = "12px system-ui, sans-serif";
    g.fillStyle = colour("--ink");
    g.textAlign = "center";
    g.textBaseline = "alphabetic";
    const room = Math.max(4, Math.floor((width - 2 * SIDE) / Math.max(axes.length - 1, 1) / 7));
    g.fillText(title.slice(0, room), x, TOP - 12 - (k % 2 && room < 10 ? 14 : 0));
    g.fillStyle = colour("--ink");
    g.strokeStyle = colour("--paper");
    g.lineWidth = 3;
    g.textAlign = k === axes.length - 1 ? "right" : "left";
    const ticks = axis.ticks(5);
    for (const [v, text] of room < 8 ? [ticks[0], ticks.at(-1)].filter(Boolean) : ticks) {
      const [at, y] = [x + (k === axes.length - 1 ? -6 : 6), placeY(axis.place(v))];
      g.fillRect(x - 3, Math.round(y), 6, 1);
      g.strokeText(text.slice(0, room), at, y + 4);
      g.fillText(text.slice(0, room), at, y + 4);
    }
    if (hasGaps(name)) g.fillRect(x - 7, height - BELOW - 1, 14, 2);
  }

  const counts = () => (trials.kept === null ? [kept.length, order.length] : [trials.kept, summary.counts.complete ?? 0]);
  /** @param {string} name */
  const hasGaps = (name) => order.some((i) => !isThere(name, trials.column(name)[i]));
  const label = () => t`${counts()[0]} of ${counts()[1]} complete trials across ${axes.length - 1} parameters` + (kept.length
    ? t`; the best of them is ${short(trials.column(own)[kept[0]])}, of trial ${trials.number(kept[0])}.` : t`.`);
  const said = h("p");
  const filters = h("div");
  const leaders = h("div");
  const below = faint(t`The dash below an axis: trials in which the parameter is not active.`);

  function draw() {
    paint();
    below.hidden = !names.some(hasGaps);
    said.textContent = label();
    filters.replaceChildren(chips(summary, ranges, change, t`${counts()[0]} of ${counts()[1]} trials`));
    leaders.replaceChildren(table(t`The best of these trials`, [t`Trial`, ...axes.map((a) => a.title)],
      kept.slice(0, 20).map((i) => [trialLink(study, trials.number(i)),
        ...axes.map(({ name, say }) => h("td", { class: isChoice(name) ? null : "number" }, say(trials.column(name)[i])))]), "wide"));
  }
  async function change(now) {
    ranges = now;
    query.set("f", writeFilter(ranges));
    remember(study, "parallel", query);
    await trials.keep(ranges);
    arrange();
    draw();
  }
  function keepPart(k, a, b) {
    const { axis, name } = axes[k];
    const [low, high] = [Math.min(a, b), Math.max(a, b)].map((share) => axis.value(clamp(share, 0, 1)));
    change(withRange(ranges, { name, low, high }));
  }

  let from = /** @type {{k: number, y: number} | null} */ (null);
  const at = (event) => {
    const bounds = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    return { k: Math.round(((x - SIDE) * (axes.length - 1)) / Math.max(width - 2 * SIDE, 1)), y };
  };
  const share = (y) => (height - BOTTOM - y) / (height - TOP - BOTTOM);
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const place = at(event);
    from = { k: clamp(place.k, 0, axes.length - 1), y: place.y };
    axisChosen = from.k;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const { k, y } = from;
    const end = at(event).y;
    from = null;
    if (Math.abs(end - y) > 5) keepPart(k, share(y), share(end));
    else if (ranges.some((r) => r.name === axes[k].name)) change(withoutRange(ranges, axes[k].name));
    else paint();
  });
  canvas.addEventListener("pointercancel", () => { from = null; });
  keepPainted(canvas, paint);

  // The same by choices and fields, for those who do not drag.
  const [low, high] = [input(t`from`, "number"), input(t`to`, "number")];
  let fieldOf = names[0];
  const set = () => change(withRange(ranges, rangeOf(fieldOf, low.value, high.value)));
  low.addEventListener("change", set);
  high.addEventListener("change", set);
  const choices = h("span");
  function offer() {
    const p = fieldOf.startsWith("param.") ? summary.params[Number(fieldOf.slice(6))] : null;
    low.hidden = high.hidden = Boolean(p?.choices.length);
    low.value = high.value = "";
    choices.replaceChildren(p?.choices.length ? choice(t`Keep the choice`, [["", t`all`],
      ...p.choices.map((c, i) => [String(i), c])], "", (v) =>
      change(withRange(ranges, rangeOf(fieldOf, v, v)))) : "");
  }
  offer();
  const go = (more) => { location.hash = `#/s/${study}/parallel?${new URLSearchParams({
    objective: String(objective), first: String(page.first), f: writeFilter(ranges), ...more })}`; };
  const node = h("div", null, h("h1", null, summary.name), said,
    bar(objectiveChoice(summary, objective, (j) => go({ objective: j })), page.node,
      choice(t`Keep a range of`, axes.map(({ name, title }) => [name, title]), fieldOf, (v) => { fieldOf = v; offer(); }),
      low, high, choices),
    filters, order.length ? figure : note(t`No trial is complete yet.`),
    faint(t`Drag along an axis to keep a part of it; click it to have all again. The best tenth of what is kept stands out.`), below,
    h("h2", null, t`The best of these trials`), leaders);
  queueMicrotask(draw);
  return {
    node,
    update: async (changes) => {
      if (await trials.take(changes)) summary = await read(`studies/${study}/summary`);
      arrange();
      if (order.length && !figure.isConnected) node.querySelector(".note")?.replaceWith(figure);
      draw();
    },
  };
}

/** Some of many, the first half of them and an even sample of the others. @param {number[]} all @param {number} most */
function sample(all, most) {
  if (all.length <= most) return all.slice();
  const half = most / 2;
  const step = (all.length - half) / half;
  return [...all.slice(0, half), ...Array.from({ length: half }, (_, i) => all[Math.floor(half + i * step)])];
}
