// @ts-check
// A chart on a canvas: points by their kind, a line of steps, axes, and the point under the mouse.

import { h, short } from "./dom.js";
import { ticks } from "./axes.js";

/**
 * @typedef {object} Marks
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {(i: number) => number} kind index of a kind; below 0 for none
 * @property {{colour: string, filled: boolean}[]} kinds colours are names of variables of the CSS
 * @property {[number, number][]} line
 * @property {boolean} stepped whether the line goes on until the next point, or straight to it
 * @property {import("./axes.js").Axis} xAxis
 * @property {import("./axes.js").Axis} yAxis
 * @property {string} xName
 * @property {string} yName
 */

const FEW = 5000; // points that are drawn one by one
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 12, 22, 36];

/**
 * A chart with its tip.
 * @param {() => Marks} marks read at each drawing
 * @param {{label: () => string, tip: (i: number) => string, open: (i: number) => void, small?: boolean}} texts
 */
export function makeChart(marks, texts) {
  const canvas = /** @type {HTMLCanvasElement} */ (
    h("canvas", { role: "img", tabindex: 0, class: texts.small ? "small" : null })
  );
  const tip = h("div", { class: "tip", hidden: true });
  const figure = h("div", { class: "figure" }, canvas, tip);
  let chosen = -1;

  let m = marks();
  let [width, height] = [0, 0];
  const toX = (/** @type {number} */ v) => LEFT + m.xAxis.place(v) * (width - LEFT - RIGHT);
  const toY = (/** @type {number} */ v) =>
    height - BOTTOM - m.yAxis.place(v) * (height - TOP - BOTTOM);

  /** Draws what there is by now. */
  function draw() {
    m = marks();
    paint();
  }

  function paint() {
    [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.setAttribute("aria-label", chosen < 0 ? texts.label() : texts.tip(chosen));
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    g.scale(ratio, ratio);
    const probe = colours(canvas);
    drawAxes(g, probe);
    if (m.x.length > FEW) drawMany(g, probe, ratio);
    else drawFew(g, probe);
    drawLine(g, probe);
    if (chosen >= 0 && chosen < m.x.length) {
      g.strokeStyle = probe("--ink");
      g.lineWidth = 2;
      g.beginPath();
      g.arc(toX(m.x[chosen]), toY(m.y[chosen]), 7, 0, 7);
      g.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} g @param {(name: string) => string} colour */
  function drawAxes(g, colour) {
    g.font = "12px system-ui, sans-serif";
    g.lineWidth = 1;
    g.strokeStyle = colour("--line");
    g.fillStyle = colour("--faint");
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const v of ticks(m.yAxis, height / 60)) {
      const y = Math.round(toY(v)) + 0.5;
      g.beginPath();
      g.moveTo(LEFT, y);
      g.lineTo(width - RIGHT, y);
      g.stroke();
      g.fillText(short(v), LEFT - 6, y);
    }
    g.textAlign = "center";
    g.textBaseline = "top";
    for (const v of ticks(m.xAxis, width / 110)) {
      g.fillText(short(v), toX(v), height - BOTTOM + 5);
    }
    g.fillText(m.xName, (LEFT + width) / 2, height - 15);
    g.textAlign = "left";
    g.fillText(m.yName.slice(0, 60), 4, 3);
  }

  /** @param {CanvasRenderingContext2D} g @param {(name: string) => string} colour */
  function drawFew(g, colour) {
    m.kinds.forEach((kind, k) => {
      g.fillStyle = g.strokeStyle = colour(kind.colour);
      g.lineWidth = 1.5;
      for (let i = 0; i < m.x.length; i += 1) {
        if (m.kind(i) !== k || !isInside(i)) continue;
        g.beginPath();
        g.arc(toX(m.x[i]), toY(m.y[i]), 3, 0, 7);
        if (kind.filled) g.fill();
        else g.stroke();
      }
    });
  }

  /**
   * Many points: how many fall on each pixel, as in a density.
   * @param {CanvasRenderingContext2D} g
   * @param {(name: string) => string} colour
   * @param {number} ratio
   */
  function drawMany(g, colour, ratio) {
    const image = g.getImageData(0, 0, canvas.width, canvas.height);
    const pixels = image.data;
    const inks = m.kinds.map((kind) => rgb(colour(kind.colour)));
    const size = Math.max(1, Math.round(1.5 * ratio));
    for (let i = 0; i < m.x.length; i += 1) {
      const k = m.kind(i);
      if (k < 0 || !isInside(i)) continue;
      const ink = inks[k];
      const [cx, cy] = [Math.round(toX(m.x[i]) * ratio), Math.round(toY(m.y[i]) * ratio)];
      for (let dy = 0; dy < size; dy += 1) {
        for (let dx = 0; dx < size; dx += 1) {
          const at = 4 * ((cy + dy) * canvas.width + cx + dx);
          for (let c = 0; c < 3; c += 1) {
            const old = pixels[at + 3] ? pixels[at + c] : ink[c];
            pixels[at + c] = old + 0.45 * (ink[c] - old);
          }
          pixels[at + 3] = Math.min(255, pixels[at + 3] + 115);
        }
      }
    }
    g.putImageData(image, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} g @param {(name: string) => string} colour */
  function drawLine(g, colour) {
    if (!m.line.length) return;
    g.save();
    g.beginPath();
    g.rect(LEFT, TOP - 4, width - LEFT - RIGHT, height - TOP - BOTTOM + 8);
    g.clip();
    g.strokeStyle = colour("--best");
    g.lineWidth = 2;
    g.beginPath();
    let before = 0;
    m.line.forEach(([x, y], i) => {
      if (!i) g.moveTo(toX(x), toY(y));
      else if (m.stepped) g.lineTo(toX(x), before);
      before = toY(y);
      g.lineTo(toX(x), before);
    });
    if (m.stepped) g.lineTo(toX(m.xAxis.high), before);
    g.stroke();
    g.restore();
  }

  /** @param {Marks} m @param {number} i */
  function isInside(i) {
    const [x, y] = [m.x[i], m.y[i]];
    return x >= m.xAxis.low && x <= m.xAxis.high && y >= m.yAxis.low && y <= m.yAxis.high;
  }

  /** @param {number} i */
  function choose(i) {
    chosen = i;
    tip.hidden = i < 0;
    if (i >= 0) {
      tip.textContent = texts.tip(i);
      tip.style.left = `${Math.min(toX(m.x[i]) + 10, Math.max(0, width - 170))}px`;
      tip.style.top = `${Math.max(0, toY(m.y[i]) - 34)}px`;
    }
    paint();
  }

  canvas.addEventListener("pointermove", (event) => {
    const bounds = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    let [best, distance] = [-1, 400];
    for (let i = 0; i < m.x.length; i += 1) {
      if (m.kind(i) < 0 || !isInside(i)) continue;
      const d = (toX(m.x[i]) - px) ** 2 + (toY(m.y[i]) - py) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    if (best !== chosen) choose(best);
  });
  canvas.addEventListener("pointerleave", () => choose(-1));
  canvas.addEventListener("click", () => chosen >= 0 && texts.open(chosen));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && chosen >= 0) texts.open(chosen);
    if (event.key === "Escape") choose(-1);
    if (!step) return;
    event.preventDefault();
    let i = chosen < 0 && step < 0 ? m.x.length : chosen;
    do i += step;
    while (i >= 0 && i < m.x.length && (m.kind(i) < 0 || !isInside(i)));
    if (i >= 0 && i < m.x.length) choose(i);
  });
  new ResizeObserver(paint).observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => {
    if (canvas.isConnected) return paint();
    dark.removeEventListener("change", redraw);
    document.removeEventListener("schemechange", redraw);
  };
  dark.addEventListener("change", redraw);
  document.addEventListener("schemechange", redraw);
  return { node: figure, draw };
}

/** The colours of the CSS's variables, as the browser resolves them. @param {Element} canvas */
function colours(canvas) {
  const probe = h("span", { hidden: true });
  canvas.parentElement?.append(probe);
  /** @type {Record<string, string>} */
  const known = {};
  for (const name of ["--ink", "--faint", "--line", "--best", "--complete", "--pruned", "--failed",
    "--running", "--waiting"]) {
    probe.style.color = `var(${name})`;
    known[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return (/** @type {string} */ name) => known[name];
}

/** @param {string} colour as computed: "rgb(1, 2, 3)" */
function rgb(colour) {
  return (colour.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);
}
