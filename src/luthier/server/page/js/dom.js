// @ts-check
// Nodes and texts. Data become text nodes only, never HTML: names and errors may be hostile.

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, any> | null} [props] attributes; functions under "onclick" and the like
 * @param {...any} children nodes, texts, lists of these; null and false are left out
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, String(value));
  }
  node.append(...children.flat(2).filter((child) => child != null && child !== false));
  return node;
}

const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 4, useGrouping: false });

/** A value as a short text: numbers with four digits. @param {any} value */
export function short(value) {
  if (value == null) return "–";
  if (typeof value === "number" && Number.isFinite(value)) {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return Number(value.toPrecision(4)).toExponential();
    return precise.format(value);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Seconds as a text. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${precise.format(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${precise.format(seconds / 3600)} h`;
}

const clock = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium", timeStyle: "long",
});

/** A time with its zone. @param {number | null | undefined} seconds since 1970 */
export function time(seconds) {
  return seconds == null ? "–" : clock.format(new Date(seconds * 1000));
}

export const STATES = ["waiting", "running", "paused", "complete", "pruned", "failed"];

/** The counts of trials as a bar, with the same in words. @param {Record<string, number>} counts */
export function countsBar(counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const shown = STATES.filter((state) => counts[state]);
  const words = shown.map((state) => `${counts[state]} ${state}`).join(", ") || "no trials";
  const bar = h("div", { class: "counts", role: "img", "aria-label": words, title: words });
  for (const state of shown) {
    const part = h("span", { class: `state-${state}` });
    part.style.width = `${(100 * counts[state]) / total}%`;
    bar.append(part);
  }
  return bar;
}

/** A state with its colour. @param {string} state */
export function stateMark(state) {
  return h("span", null, h("span", { class: `chip state-${state}` }), state);
}

const SVG = "http://www.w3.org/2000/svg";

/** The best value so far as a small line. @param {[number, any][]} steps @param {number} end */
export function sparkline(steps, end) {
  const points = steps.map(([x, y]) => [x, Number(y)]).filter(([, y]) => Number.isFinite(y));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  if (points.length) {
    const ys = points.map(([, y]) => y);
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    const place = (y) => 22 - (20 * (y - low)) / (high - low || 1);
    const at = (x) => (100 * x) / Math.max(end, 1);
    let path = `M${at(points[0][0])} ${place(ys[0])}`;
    for (const [x, y] of points.slice(1)) path += `H${at(x)}V${place(y)}`;
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", `${path}H100`);
    line.setAttribute("fill", "none");
    line.setAttribute("stroke", "currentColor");
    line.setAttribute("stroke-width", "1.5");
    line.setAttribute("vector-effect", "non-scaling-stroke");
    svg.append(line);
  }
  return svg;
}
