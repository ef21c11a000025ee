// @ts-check
// A chart of values that can be looked at closely: a log axis, all values or most, a part of it.

import { makeAxis, valueAxis } from "./axes.js";
import { makeChart } from "./chart.js";
import { h } from "./dom.js";
import { button, tick } from "./parts.js";
import { t } from "./words.js";

/** @typedef {{x: [number, number], y: [number, number]}} Box */

/**
 * @typedef {object} Look
 * @property {boolean | null} log null for where a log axis shows more
 * @property {boolean} all whether outliers are shown
 * @property {Box | null} zoom
 */

/** How a chart is looked at, as the address says. @param {URLSearchParams} query @returns {Look} */
export function readLook(query) {
  const [x0, x1, y0, y1] = (query.get("zoom") ?? "").split(":").map(Number);
  return { log: query.has("log") ? query.get("log") === "1" : null, all: query.get("all") === "1",
    zoom: x0 < x1 && y0 < y1 ? { x: [x0, x1], y: [y0, y1] } : null };
}

/** @param {URLSearchParams} query @param {Look} look */
export function writeLook(query, { log, all, zoom }) {
  query.set("log", log === null ? "" : log ? "1" : "0");
  query.set("all", all ? "1" : "");
  query.set("zoom", zoom ? [...zoom.x, ...zoom.y].map((v) => v.toPrecision(7)).join(":") : "");
}

/**
 * @typedef {object} Values what a chart shows
 * @property {ArrayLike<number>} values those that the axis is made for
 * @property {number[]} must those that are seen in any case
 * @property {string} [xScale]
 * @property {boolean} [xWhole]
 */

/**
 * @param {() => Omit<import("./chart.js").Picture, "yAxis"> & Values} describe
 * @param {import("./chart.js").Texts} texts
 * @param {Look} look
 * @param {() => void} onChange called when it is looked at in another way, and draws
 */
export function makeZoomed(describe, texts, look, onChange) {
  let [outside, isLog] = [0, false];

  function picture() {
    const found = describe();
    const range = valueAxis(found.values, found.must, look);
    ({ outside, isLog } = range);
    if (!look.zoom) return { ...found, yAxis: range.axis };
    return { ...found, xAxis: makeAxis(...look.zoom.x, found.xScale, { whole: found.xWhole }),
      yAxis: makeAxis(...look.zoom.y, isLog ? "log" : "linear") };
  }
  /** @param {Partial<Look>} more */
  function set(more) {
    Object.assign(look, more);
    onChange();
  }
  const chart = makeChart(picture, { ...texts, select: (zoom) => set({ zoom }) });
  const log = tick(t`Log axis`, false, (on) => set({ log: on, zoom: null }));
  const badge = h("span", { class: "faint" });
  const fit = button(t`Show all`, () => set({ zoom: null }));

  function draw() {
    chart.draw();
    const { log: wanted, zoom } = look;
    /** @type {HTMLInputElement} */ (log.querySelector("input")).checked = wanted === null ? isLog : wanted;
    badge.textContent = outside && !zoom ? t`${outside} values lie outside` : "";
    fit.hidden = !zoom;
  }
  return { node: chart.node, draw, bar: [log, tick(t`All values`, look.all, (on) => set({ all: on })),
    button(t`Zoom in`, () => chart.zoom(0.5)), button(t`Zoom out`, () => chart.zoom(2)), fit, badge] };
}
