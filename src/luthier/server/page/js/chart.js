// @ts-check
// A chart on a canvas, with a tip, keys, and a part of it that is chosen by dragging.

import { clamp } from "./axes.js";
import { h } from "./dom.js";
import { BOTTOM, LEFT, RIGHT, TOP, barHeight, clip, colours, drawAxes, drawBand, drawCells, drawLine, drawPoints,
  drawRules, isInside, keepPainted, prepare } from "./paint.js";

/**
 * @typedef {object} Picture
 * @property {import("./axes.js").Axis} xAxis
 * @property {import("./axes.js").Axis} yAxis
 * @property {string} xName
 * @property {string} yName
 * @property {import("./paint.js").Points} [points]
 * @property {import("./paint.js").Cells} [cells]
 * @property {import("./paint.js").Band[]} [bands]
 * @property {import("./paint.js").Line[]} [lines]
 * @property {{x: number, text: string}[]} [rules]
 *
 * @typedef {object} Texts
 * @property {() => string} label the chart in a sentence
 * @property {(i: number) => string} [tip] of a point
 * @property {(i: number) => void} [open] called when a point is chosen
 * @property {boolean} [small]
 * @property {() => number} [tall] its height in pixels
 * @property {(box: {x: [number, number], y: [number, number]} | null) => void} [select]
 *   called with what was dragged over; with null where all is wanted again
 */

const NEAR = 20; // pixels
const DRAGGED = 6;
/** @type {import("./paint.js").Points} */
const NONE = { x: [], y: [], kind: () => -1, kinds: [] };

/**
 * @param {() => Picture} describe read at each drawing
 * @param {Texts} texts
 */
export function makeChart(describe, texts) {
  const canvas = /** @type {HTMLCanvasElement} */ (
    h("canvas", { role: "img", tabindex: 0, class: texts.small ? "small" : null })
  );
  const tip = h("div", { class: "tip", hidden: true });
  const selection = h("div", { class: "selection", hidden: true });
  const figure = h("div", { class: "figure" }, canvas, tip, selection);
  let chosen = -1;
  /** @type {Picture} */
  let picture;
  /** @type {import("./paint.js").Frame} */
  let frame;
  const points = () => picture?.points ?? NONE;
  const endOf = (i) => points().to?.[i] ?? points().x[i]; // of a bar
  const isShown = (i) => points().kind(i) >= 0
    && isInside(frame, Math.min(Math.max(frame.xAxis.low, points().x[i]), endOf(i)), points().y[i]);

  /** Draws what there is by now. */
  function draw() {
    picture = describe();
    paint();
  }

  function paint() {
    if (texts.tall) canvas.style.height = `${texts.tall()}px`;
    const sized = prepare(canvas);
    if (!sized) return;
    picture ??= describe();
    const { xAxis, yAxis } = picture;
    const { g, width, height } = sized;
    frame = { g, width, height, xAxis, yAxis, colour: colours(canvas),
      toX: (v) => LEFT + xAxis.place(v) * (width - LEFT - RIGHT),
      toY: (v) => height - BOTTOM - yAxis.place(v) * (height - TOP - BOTTOM) };
    const { x, y, kinds } = points();
    canvas.setAttribute("aria-label", chosen < 0 ? texts.label() : texts.tip?.(chosen) ?? "");
    const named = drawAxes(frame, picture.xName, picture.yName);
    clip(frame, () => {
      if (picture.cells) drawCells(frame, picture.cells);
      picture.bands?.forEach((band) => drawBand(frame, band));
      if (kinds.length) drawPoints(frame, points());
      picture.lines?.forEach((line) => drawLine(frame, line));
    });
    drawRules(frame, picture.rules ?? [], named);
    if (chosen < 0 || chosen >= x.length) return;
    g.strokeStyle = frame.colour("--ink");
    g.lineWidth = 2;
    const [left, right, middle] = [frame.toX(x[chosen]), frame.toX(endOf(chosen)), frame.toY(y[chosen])];
    g.beginPath();
    if (points().to) g.rect(left, middle - barHeight(frame) / 2, Math.max(2, right - left), barHeight(frame));
    else g.arc(left, middle, 7, 0, 7);
    g.stroke();
  }

  /** @param {number} i */
  function choose(i) {
    chosen = i;
    tip.hidden = i < 0;
    if (i >= 0) {
      tip.textContent = texts.tip?.(i) ?? "";
      tip.style.left = `${Math.min(Math.max(frame.toX(points().x[i]), LEFT) + 10, Math.max(0, frame.width - 170))}px`;
      tip.style.top = `${Math.max(0, frame.toY(points().y[i]) - 34)}px`;
    }
    paint();
  }

  /** @param {number} px @param {number} py */
  function findNearest(px, py) {
    const { x, y } = points();
    let [best, distance] = [-1, NEAR ** 2];
    for (let i = 0; i < x.length; i += 1) {
      if (!isShown(i)) continue;
      const away = Math.max(frame.toX(x[i]) - px, px - frame.toX(endOf(i)), 0);
      const d = away ** 2 + (frame.toY(y[i]) - py) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  }

  const at = (event) => {
    const bounds = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - bounds.left, event.clientY - bounds.top]);
  };
  /** @type {[number, number] | null} where dragging began */
  let from = null;
  let isDragged = false;

  canvas.addEventListener("pointerdown", (event) => {
    isDragged = false;
    if (!texts.select || event.button || event.pointerType === "touch") return;
    from = at(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!frame) return;
    const [px, py] = at(event);
    if (!from) {
      const best = findNearest(px, py);
      if (best !== chosen) choose(best);
      return;
    }
    isDragged ||= Math.hypot(px - from[0], py - from[1]) > DRAGGED;
    selection.hidden = !isDragged;
    const [x0, x1, y0, y1] = corners(from, [px, py]);
    Object.assign(selection.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`,
      height: `${y1 - y0}px` });
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const [x0, x1, y0, y1] = corners(from, at(event));
    from = null;
    selection.hidden = true;
    if (isDragged) {
      choose(-1);
      texts.select?.({ x: [valueX(x0), valueX(x1)], y: [valueY(y1), valueY(y0)] });
    }
  });
  canvas.addEventListener("pointercancel", () => { from = null; selection.hidden = true; });
  const bound = (share) => clamp(share, 0, 1);
  const valueX = (px) =>
    frame.xAxis.value(bound((px - LEFT) / (frame.width - LEFT - RIGHT)));
  const valueY = (py) =>
    frame.yAxis.value(bound((frame.height - BOTTOM - py) / (frame.height - TOP - BOTTOM)));

  /** Takes a smaller or larger part around a point, or the middle. @param {number} factor */
  function zoom(factor) {
    if (!frame) return;
    const { x, y } = points();
    const has = chosen >= 0 && chosen < x.length;
    const part = (axis, v) => {
      const middle = v === null ? 0.5 : axis.place(v);
      return /** @type {[number, number]} */ (
        [axis.value(middle * (1 - factor)), axis.value(middle * (1 - factor) + factor)]);
    };
    texts.select?.({ x: part(frame.xAxis, has ? x[chosen] : null),
      y: part(frame.yAxis, has ? y[chosen] : null) });
  }

  canvas.addEventListener("pointerleave", () => !from && choose(-1));
  canvas.addEventListener("dblclick", () => texts.select?.(null));
  canvas.addEventListener("click", () => !isDragged && chosen >= 0 && texts.open?.(chosen));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && chosen >= 0) texts.open?.(chosen);
    if (event.key === "Escape") choose(-1);
    if (event.key === "+") zoom(0.5);
    if (event.key === "-") zoom(2);
    if (event.key === "0") texts.select?.(null);
    if (!step) return;
    event.preventDefault();
    const n = points().x.length;
    let i = chosen < 0 && step < 0 ? n : chosen;
    do i += step;
    while (i >= 0 && i < n && !isShown(i));
    if (i >= 0 && i < n) choose(i);
  });
  keepPainted(canvas, paint);
  return { node: figure, canvas, draw, zoom };
}

/** @param {[number, number]} a @param {[number, number]} b */
function corners([ax, ay], [bx, by]) {
  return [Math.min(ax, bx), Math.max(ax, bx), Math.min(ay, by), Math.max(ay, by)];
}
