// @ts-check
// Who ran what when: trials as bars on lanes of time, and how busy the workers were.

import { read } from "../api.js";
import { makeAxis } from "../axes.js";
import { button, legend, note, trialLink, twin } from "../parts.js";
import { STATES, duration, h } from "../dom.js";
import { colours, keepPainted, prepare } from "../paint.js";

const [LEFT, RIGHT, BOTTOM, TOP] = [40, 12, 36, 8];
const COLOURS = ["--waiting", "--running", "--waiting", "--complete", "--pruned", "--failed"];
const LANE = 18; // pixels at most
const MOST_HIGH = 420;

/** @param {number} study */
export async function showWorkers(study) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  /** @type {any} */
  let found;
  /** @type {[number, number] | null} seconds since the first trial began */
  let part = null;
  let chosen = -1;
  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { role: "img", tabindex: 0 }));
  const tip = h("div", { class: "tip", hidden: true });
  const selection = h("div", { class: "selection", hidden: true });
  const figure = h("div", { class: "figure" }, canvas, tip, selection);
  let [width, height] = [0, 0];
  /** @type {import("../axes.js").Axis} */
  let axis;
  const nLanes = () => found.lane.reduce((most, l) => Math.max(most, l), 0) + 1;
  const toX = (s) => LEFT + axis.place(s) * (width - LEFT - RIGHT);
  const laneHeight = () => (height - TOP - BOTTOM) / nLanes();
  const end = () => found.end_s.reduce((a, b) => Math.max(a, b), 1e-3);

  function paint() {
    if (!found || found.note) return;
    canvas.style.height = `${Math.min(MOST_HIGH, Math.max(120, TOP + BOTTOM + LANE * nLanes()))}px`;
    const sized = prepare(canvas);
    if (!sized) return;
    const { g } = sized;
    [width, height] = [sized.width, sized.height];
    const begin = found.start_s[0] ?? 0;
    axis = part ? makeAxis(...part, "duration") : makeAxis(begin, Math.max(end(), begin + 1e-3), "duration");
    const colour = colours(canvas);
    canvas.setAttribute("aria-label", chosen < 0 ? label() : say(chosen));
    g.font = "12px system-ui, sans-serif";
    g.fillStyle = colour("--faint");
    g.textAlign = "center";
    g.textBaseline = "top";
    for (const [v, text] of axis.ticks(width / 110)) g.fillText(text, toX(v), height - BOTTOM + 5);
    g.fillText("time since the first trial began", width / 2, height - 15);
    g.save();
    g.beginPath();
    g.rect(LEFT, 0, width - LEFT - RIGHT, height - BOTTOM + 2);
    g.clip();
    const each = laneHeight();
    const thick = Math.max(1, 0.8 * each);
    for (let i = 0; i < found.number.length; i += 1) {
      const [x0, x1] = [toX(found.start_s[i]), toX(found.end_s[i])];
      if (x1 < LEFT || x0 > width) continue;
      g.fillStyle = colour(COLOURS[found.state[i]]);
      const y = TOP + found.lane[i] * each;
      g.fillRect(x0, y, Math.max(1, x1 - x0 - 0.5), thick);
      if (i === chosen) {
        g.strokeStyle = colour("--ink");
        g.lineWidth = 2;
        g.strokeRect(x0, y, Math.max(2, x1 - x0), thick);
      }
    }
    g.restore();
  }
  const say = (i) => `trial ${found.number[i]}, ${STATES[found.state[i]]}, ${
    duration(found.end_s[i] - found.start_s[i])}${found.n_pauses[i] ? `, ${found.n_pauses[i]} pauses` : ""}${
    found.worker[i] ? `, ${found.worker[i].split("#")[0]}` : ""}`;
  const label = () => `${found.n} trials on ${nLanes()} lanes${found.number.length < found.n ? `, of which the latest ${
    found.number.length} are drawn` : ""}; ${(100 * found.idle_share).toFixed(0)} % of the time of all lanes nothing ran${
    found.n_waiting ? `; ${found.n_waiting} trials wait` : ""}.`;

  function choose(i) {
    chosen = i;
    tip.hidden = i < 0;
    if (i >= 0) {
      tip.textContent = say(i);
      tip.style.left = `${Math.min(Math.max(toX(found.start_s[i]), 0), Math.max(0, width - 200))}px`;
      tip.style.top = `${TOP + (found.lane[i] + 1) * laneHeight()}px`;
    }
    paint();
  }
  const at = (event) => {
    const bounds = canvas.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const timeAt = (x) => axis.value(Math.min(Math.max((x - LEFT) / (width - LEFT - RIGHT), 0), 1));
  let from = /** @type {number | null} */ (null);
  let isDragged = false;
  canvas.addEventListener("pointerdown", (event) => {
    isDragged = false;
    if (event.button || event.pointerType === "touch") return;
    [from] = at(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (from !== null) {
      isDragged ||= Math.abs(x - from) > 6;
      selection.hidden = !isDragged;
      Object.assign(selection.style, { left: `${Math.min(x, from)}px`, width: `${Math.abs(x - from)}px`, top: "0px",
        height: `${height - BOTTOM}px` });
      return;
    }
    const [lane, s] = [Math.floor((y - TOP) / laneHeight()), timeAt(x)];
    const i = found.number.findIndex((_, k) => found.lane[k] === lane
      && found.start_s[k] <= s && s <= found.end_s[k]);
    if (i !== chosen) choose(i);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const [x] = at(event);
    if (isDragged) setPart([timeAt(Math.min(x, from)), timeAt(Math.max(x, from))]);
    else if (chosen >= 0) location.hash = `#/s/${study}/trials/${found.number[chosen]}`;
    from = null;
    selection.hidden = true;
  });
  canvas.addEventListener("pointerleave", () => from === null && choose(-1));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && chosen >= 0) location.hash = `#/s/${study}/trials/${found.number[chosen]}`;
    if (event.key === "Escape") choose(-1);
    if (!step) return;
    event.preventDefault();
    const n = found.number.length;
    choose(Math.min(Math.max((chosen < 0 && step < 0 ? n : chosen) + step, 0), n - 1));
  });
  keepPainted(canvas, paint);

  function setPart(now) {
    part = now;
    fit.hidden = !part;
    choose(-1);
  }
  const fit = button("Show all", () => setPart(null), { hidden: true });
  const latest = button("Latest tenth", () => setPart([0.9 * end(), end()]));
  const said = h("p");
  const workers = twin("Workers as a table", () => ({ head: ["Worker", "Trials", "Running", "Failed", "Mean time", "Last trial"],
    rows: countWorkers(found).map((w) => [w.name || "unknown", String(w.n), String(w.running), String(w.failed),
      duration(w.busy / w.n), trialLink(study, w.last)]) }));

  async function update() {
    const before = found;
    found = await read(`studies/${study}/timeline`);
    if (found === before) return;
    if (found.note) return node.replaceChildren(h("h1", null, summary.name), note(found.note));
    if (!before || before.note) {
      node.replaceChildren(h("h1", null, summary.name), said, h("div", { class: "bar" }, latest, fit), figure,
        legend([3, 4, 5, 1].map((state) => ({ colour: COLOURS[state], filled: true, name: STATES[state] }))), workers.node);
    }
    said.textContent = label();
    workers.fill();
    queueMicrotask(paint);
  }
  await update();
  return { node, update, every: 2000 };
}

/** What each worker did, those with most trials first. @param {any} found */
function countWorkers(found) {
  /** @type {Map<string, {name: string, n: number, running: number, failed: number, busy: number, last: number}>} */
  const all = new Map();
  found.number.forEach((number, i) => {
    const name = found.worker[i].split("#")[0];
    const w = all.get(name) ?? { name, n: 0, running: 0, failed: 0, busy: 0, last: number };
    w.n += 1;
    w.running += Number(found.state[i] === 1);
    w.failed += Number(found.state[i] === 5);
    w.busy += found.end_s[i] - found.start_s[i];
    w.last = number;
    all.set(name, w);
  });
  return [...all.values()].sort((a, b) => b.n - a.n).slice(0, 500);
}
