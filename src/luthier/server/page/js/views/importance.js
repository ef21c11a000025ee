// @ts-check
// How much each parameter matters, how sure that is, and how good the model behind it is.

import { read } from "../api.js";
import { objectiveChoice, readObjective } from "../parts.js";
import { h, short } from "../dom.js";

/** @param {number} value */
const share = (value) => (value < 0.001 ? "below 0.001" : short(value));

/** @param {number} study @param {URLSearchParams} query */
export async function showImportance(study, query) {
  const summary = await read(`studies/${study}/summary`);
  const objective = readObjective(summary, query);
  const node = h("div");
  const update = async () => {
    const found = await read(`studies/${study}/importance?objective=${objective}`);
    const top = Math.max(...found.params.map((p) => p.high ?? p.value), 1e-9);
    const choice = objectiveChoice(summary, objective, (j) => {
      location.hash = `#/s/${study}/importance?objective=${j}`;
    });
    const rows = found.params.map((p) => {
      const meter = h("span", { class: `meter${p.important ? "" : " vague"}` });
      meter.style.width = `${(100 * Math.max(p.value, 0)) / top}%`;
      const range = p.low == null ? "" : `${share(p.low)} to ${share(p.high)}`;
      return h("tr", null, h("th", { scope: "row" }, p.name), h("td", { class: "meters" }, meter),
        h("td", { class: "number" }, share(p.value)), h("td", null, range),
        h("td", null, p.important ? "" : "no effect seen"));
    });
    const parts = [
      h("h1", null, summary.name),
      choice && h("div", { class: "bar" }, choice),
      h("p", null, rows.length
        ? `Share of the variance of ${found.objective ?? "all objectives"} (${found.index}, by ${
          found.method}), from ${found.n} trials.`
        : "Nothing can be said yet."),
      found.quality && h("p", { class: "faint" }, `The model: ${found.quality}.`),
      found.note && h("p", null, found.note),
      rows.length > 0 && h("div", { class: "scroll", tabindex: 0, role: "region",
        "aria-label": "Importance" }, h("table", null,
        h("thead", null, h("tr", null, ["Parameter", "", "Importance", "90 % interval", ""].map((t) =>
          (t ? h("th", { scope: "col" }, t) : h("td"))))),
        h("tbody", null, rows))),
    ];
    node.replaceChildren(...parts.filter(Boolean));
  };
  await update();
  return { node, update, every: 5000 };
}
