// @ts-check
// Drawing on a canvas within a frame: axes, points, densities, lines, bands and bars.

import { clamp } from "./axes.js";
import { h } from "./dom.js";

/**
 * @typedef {object} Points
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {(i: number) => number} kind index of a kind; below 0 for none
 * @property {{colour: string, filled: boolean, name?: string, edge?: string}[]} kinds colours are variables of the CSS
 * @property {ArrayLike<number>} [to] where each point is a bar on its lane: the end of it
 * @property {number[]} [top] points that are drawn one by one above a density
 *
 * @typedef {object} Line
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {string} colour
 * @property {number} [width]
 * @property {number} [alpha]
 * @property {boolean} [dashed]
 * @property {boolean} [stepped] whether it goes on until the next point, or straight to it
 *
 * @typedef {{x: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>, colour: string, alpha: number}} Band
 *
 * @typedef {object} Cells values over a grid
 * @property {number[]} x (a,)
 * @property {number[]} y (b,)
 * @property {number[][]} value (a, b); NaN where there is none
 * @property {number[][] | null} [faint] (a, b) whether it is not to be believed
 * @property {[number, number]} range
 *
 * @typedef {object} Frame
 * @property {CanvasRenderingContext2D} g
 * @property {(name: string) => string} colour
 * @property {number} width
 * @property {number} height
 * @property {(v: number) => number} toX
 * @property {(v: number) => number} toY
 * @property {import("./axes.js").Axis} xAxis
 * @property {import("./axes.js").Axis} yAxis
 */

const FEW = 5000; // points that are drawn one by one
const CELL = 3; // pixels of a density
export const LEFT = 64;
export const RIGHT = 12;
export const TOP = 22;
export const BOTTOM = 36;

/** @param {Frame} f @param {string} xName @param {string} yName @returns {number} where the name of y ends */
export function drawAxes(f, xName, yName) {
  const { g, width, height } = f;
  g.font = "12px system-ui, sans-serif";
  g.lineWidth = 1;
  g.strokeStyle = f.colour("--line");
  g.fillStyle = f.colour("--faint");
  g.textAlign = "right";
  g.textBaseline = "middle";
  for (const [v, text] of f.yAxis.ticks(height / 60)) {
    const y = Math.round(f.toY(v)) + 0.5;
    g.beginPath();
    g.moveTo(LEFT, y);
    g.lineTo(width - RIGHT, y);
    g.stroke();
    g.fillText(text, LEFT - 6, y);
  }
  g.textAlign = "center";
  g.textBaseline = "top";
  for (const [v, text] of f.xAxis.ticks(width / 85)) {
    g.fillText(text, f.toX(v), height - BOTTOM + 5);
  }
  g.fillText(xName.slice(0, 60), (LEFT + width) / 2, height - 15);
  g.textAlign = "left";
  g.fillText(yName.slice(0, 60), 4, 3);
  return 4 + g.measureText(yName.slice(0, 60)).width;
}

/** Draws within the axes only. @param {Frame} f @param {() => void} draw */
export function clip(f, draw) {
  const { g } = f;
  g.save();
  g.beginPath();
  g.rect(LEFT, TOP - 4, f.width - LEFT - RIGHT, f.height - TOP - BOTTOM + 8);
  g.clip();
  draw();
  g.restore();
}

/** Few points one by one; of many how many lie in each cell. @param {Frame} f @param {Points} p */
export function drawPoints(f, p) {
  if (p.to) return drawBars(f, p, p.to);
  if (p.x.length <= FEW) {
    for (let k = 0; k < p.kinds.length; k += 1) {
      for (let i = 0; i < p.x.length; i += 1) if (p.kind(i) === k) drawPoint(f, p, i);
    }
    return;
  }
  drawDensity(f, p);
  for (const i of p.top ?? []) drawPoint(f, p, i);
}

/** @param {Frame} f @param {Points} p @param {number} i */
function drawPoint(f, p, i) {
  const { g } = f;
  const kind = p.kinds[p.kind(i)];
  if (!kind || !isInside(f, p.x[i], p.y[i])) return;
  g.fillStyle = g.strokeStyle = f.colour(kind.colour);
  g.lineWidth = 1.5;
  g.beginPath();
  g.arc(f.toX(p.x[i]), f.toY(p.y[i]), 3, 0, 7);
  if (kind.filled) g.fill();
  if (kind.edge) g.strokeStyle = kind.edge;
  if (kind.edge || !kind.filled) g.stroke();
}

/** @param {Frame} f */
export const barHeight = (f) => Math.max(1, 0.8 * Math.abs(f.toY(1) - f.toY(0)));

/** @param {Frame} f @param {Points} p @param {ArrayLike<number>} to */
function drawBars(f, p, to) {
  const tall = barHeight(f);
  for (let i = 0; i < p.x.length; i += 1) {
    const [x0, x1] = [f.toX(p.x[i]), f.toX(to[i])];
    if (x1 < LEFT || x0 > f.width) continue;
    f.g.fillStyle = f.colour(p.kinds[p.kind(i)].colour);
    f.g.fillRect(x0, f.toY(p.y[i]) - tall / 2, Math.max(1, x1 - x0 - 0.5), tall);
  }
}

const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis

/** @param {number} share */
function rampColour(share) {
  const at = clamp(share, 0, 1) * (RAMP.length - 1);
  const k = Math.min(Math.floor(at), RAMP.length - 2);
  return `rgb(${RAMP[k].map((c, j) => Math.round(c + (at - k) * (RAMP[k + 1][j] - c)))})`;
}

/** The ends of cells in pixels, halfway between their centres. @param {number[]} at @returns {[number, number][]} */
function cellEnds(at) {
  const between = at.slice(1).map((p, i) => (p + at[i]) / 2);
  const half = at.length > 1 ? [at[0] - between[0], at[at.length - 1] - between[between.length - 1]] : [-20, 20];
  return at.map((p, i) => [i ? between[i - 1] : p + half[0], between[i] ?? p + half[1]]);
}

/** @param {Frame} f @param {Cells} cells */
export function drawCells(f, { x, y, value, faint, range: [low, high] }) {
  const [across, up] = [cellEnds(x.map(f.toX)), cellEnds(y.map(f.toY))].map((ends) => ends.map((at) => at.map(Math.round)));
  across.forEach(([x0, x1], i) => up.forEach(([y0, y1], j) => {
    if (!Number.isFinite(value[i][j])) return;
    f.g.fillStyle = rampColour((value[i][j] - low) / (high - low || 1));
    f.g.globalAlpha = faint?.[i][j] ? 0.45 : 1;
    f.g.fillRect(x0, Math.min(y0, y1), x1 - x0, Math.abs(y1 - y0));
  }));
  f.g.globalAlpha = 1;
}

/** How many points lie in each cell, as an image of one pixel a cell. @param {Frame} f @param {Points} p */
function drawDensity(f, p) {
  const [across, down] = [Math.ceil(f.width / CELL), Math.ceil(f.height / CELL)];
  const counts = p.kinds.map(() => new Uint32Array(across * down));
  for (let i = 0; i < p.x.length; i += 1) {
    const k = p.kind(i);
    if (k < 0 || !isInside(f, p.x[i], p.y[i])) continue;
    counts[k][across * Math.floor(f.toY(p.y[i]) / CELL) + Math.floor(f.toX(p.x[i]) / CELL)] += 1;
  }
  const image = new ImageData(across, down);
  counts.forEach((cells, k) => {
    const ink = (f.colour(p.kinds[k].colour).match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
    const most = Math.log(cells.reduce((a, b) => Math.max(a, b), 0) + 1);
    for (let at = 0; at < cells.length; at += 1) {
      if (!cells[at]) continue;
      for (let c = 0; c < 3; c += 1) image.data[4 * at + c] = ink[c];
      image.data[4 * at + 3] = 255 * (0.25 + 0.75 * Math.log(cells[at] + 1) / most);
    }
  });
  const small = document.createElement("canvas");
  [small.width, small.height] = [across, down];
  small.getContext("2d")?.putImageData(image, 0, 0);
  f.g.imageSmoothingEnabled = false;
  f.g.drawImage(small, 0, 0, CELL * across, CELL * down);
}

/** @param {Frame} f @param {Line} line */
export function drawLine(f, line) {
  const { g } = f;
  g.strokeStyle = f.colour(line.colour);
  g.lineWidth = line.width ?? 2;
  g.globalAlpha = line.alpha ?? 1;
  g.setLineDash(line.dashed ? [5, 4] : []);
  g.beginPath();
  let before = NaN;
  for (let i = 0; i < line.x.length; i += 1) {
    const [x, y] = [f.toX(line.x[i]), f.toY(line.y[i])];
    if (!Number.isFinite(y)) {
      before = NaN; // the pen is lifted
      continue;
    }
    if (Number.isNaN(before)) g.moveTo(x, y);
    else if (line.stepped) g.lineTo(x, before);
    g.lineTo(x, y);
    before = y;
  }
  if (line.stepped && !Number.isNaN(before)) g.lineTo(f.toX(f.xAxis.high), before);
  g.stroke();
  g.globalAlpha = 1;
  g.setLineDash([]);
}

/** The place of a band where it is known. @param {number[]} x @param {number[]} low @param {number[]} high */
export function knownBand(x, low, high) {
  const known = x.map((_, i) => i).filter((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]));
  const [at, from, to] = [x, low, high].map((values) => known.map((i) => values[i]));
  return { x: at, low: from, high: to };
}

/** @param {Frame} f @param {Band} band */
export function drawBand(f, band) {
  const { g } = f;
  g.fillStyle = f.colour(band.colour);
  g.globalAlpha = band.alpha;
  g.beginPath();
  for (let i = 0; i < band.x.length; i += 1) g.lineTo(f.toX(band.x[i]), f.toY(band.low[i]));
  for (let i = band.x.length - 1; i >= 0; i -= 1) g.lineTo(f.toX(band.x[i]), f.toY(band.high[i]));
  g.fill();
  g.globalAlpha = 1;
}

/**
 * Lines across, such as rungs; a text that would run into another, or into the name of y, is left out.
 * @param {Frame} f
 * @param {{x: number, text: string}[]} rules
 * @param {number} from where texts may begin
 */
export function drawRules(f, rules, from) {
  const { g } = f;
  g.strokeStyle = g.fillStyle = f.colour("--faint");
  g.lineWidth = 1;
  g.textAlign = "left";
  g.textBaseline = "bottom";
  let end = from;
  for (const rule of rules) {
    const x = f.toX(rule.x);
    if (x < LEFT || x > f.width - RIGHT) continue;
    g.setLineDash([2, 3]);
    g.beginPath();
    g.moveTo(x, TOP);
    g.lineTo(x, f.height - BOTTOM);
    g.stroke();
    g.setLineDash([]);
    const wide = g.measureText(rule.text).width;
    const left = Math.min(x + 3, f.width - 4 - wide);
    if (left < end + 8) continue;
    g.fillText(rule.text, left, TOP - 1);
    end = left + wide;
  }
}

/** @param {Frame} f @param {number} x @param {number} y */
export function isInside(f, x, y) {
  return x >= f.xAxis.low && x <= f.xAxis.high && y >= f.yAxis.low && y <= f.yAxis.high;
}

const NAMES = ["--ink", "--faint", "--line", "--best", "--complete", "--pruned", "--failed",
  "--running", "--waiting", "--accent", "--paper", "--panel"];

/** The colours of the CSS's variables, as the browser resolves them. @param {Element} canvas */
export function colours(canvas) {
  const probe = h("span", { hidden: true });
  canvas.parentElement?.append(probe);
  /** @type {Record<string, string>} */
  const known = {};
  for (const name of NAMES) {
    probe.style.color = `var(${name})`;
    known[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return (name) => known[name] ?? name;
}

/**
 * Sizes a canvas for the screen; null where it is not seen.
 * @param {HTMLCanvasElement} canvas
 */
export function prepare(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return null;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.scale(ratio, ratio);
  return { g, width, height };
}

/** Paints again when the size or the colours change. @param {Element} canvas @param {() => void} paint */
export function keepPainted(canvas, paint) {
  new ResizeObserver(paint).observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => {
    if (canvas.isConnected) return paint();
    dark.removeEventListener("change", redraw);
    document.removeEventListener("schemechange", redraw);
  };
  dark.addEventListener("change", redraw);
  document.addEventListener("schemechange", redraw);
}
