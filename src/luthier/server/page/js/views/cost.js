// @ts-check
// What the study used, by how its trials ended, and what stopping trials early has saved.

import { read } from "../api.js";
import { note, table } from "../parts.js";
import { duration, h, short } from "../dom.js";
import { numberOf } from "./curves.js";

const UNIT = /** @type {Record<string, (v: number) => string>} */ ({ time: duration, cost: short,
  energy: (v) => `${short(v)} kWh`, steps: (v) => `${short(v)} steps` });

/** @param {number} study */
export async function showCost(study) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  /** @type {any} */
  let found;
  async function update() {
    const before = found;
    found = await read(`studies/${study}/resources`);
    if (found === before) return;
    node.replaceChildren(h("h1", null, summary.name), ...(found.note ? [note(found.note)] : draw(study, found)));
  }
  await update();
  return { node, update, every: 5000 };
}

/** @param {number} study @param {any} r */
function draw(study, r) {
  const kinds = r.kinds.map((kind, q) => ({ kind, q,
    n: r.n_noted.reduce((sum, row) => sum + row[q], 0),
    total: r.used.reduce((sum, row) => sum + (numberOf(row[q]) || 0), 0) }))
    .filter((k) => k.n > 0);
  const most = (k) => Math.max(...r.used.map((row) => numberOf(row[k.q]) || 0), 1e-300);
  const cell = (s, k) => {
    const v = numberOf(r.used[s][k.q]);
    const meter = h("span", { class: `meter state-${r.states[s]}` });
    meter.style.width = `${(100 * (v || 0)) / most(k)}%`;
    if (!r.n_noted[s][k.q]) return h("td", { class: "faint" }, "not noted");
    return h("td", null, UNIT[k.kind](v), meter);
  };
  const rows = r.states.map((state, s) => r.n[s] > 0 && h("tr", null,
    h("th", { scope: "row" }, state), h("td", { class: "number" }, String(r.n[s])),
    kinds.map((k) => cell(s, k))));
  const saved = kinds.filter((k) => numberOf(r.saved[k.q]) > 0).map((k) =>
    `${k.kind} ${UNIT[k.kind](r.saved[k.q])} (${(100 * r.saved_share[k.q]).toFixed(0)} %)`);
  return [
    h("p", null, `In all ${kinds.map((k) => `${k.kind} ${UNIT[k.kind](k.total)}`).join(", ") || "nothing that was noted"}${
      numberOf(r.wall_s) > 0 ? `, within ${duration(r.wall_s)} from the first trial to the last` : ""}.`),
    saved.length > 0 && h("p", null, `Stopping trials early has saved about ${saved.join(", ")} of what all would have used.`),
    table("What trials used", ["State", "Trials", ...kinds.map((k) => k.kind)], rows.filter(Boolean)),
    h("p", null, h("a", { href: `#/s/${study}/history?by=time` }, "The best value by time"), ", ",
      h("a", { href: `#/s/${study}/history?by=cost` }, "by cost")),
    !kinds.some((k) => k.kind === "cost") && h("p", { class: "faint" },
      "No trial has noted a cost: call trial.set_cost(...) in the objective."),
  ].filter((part) => part !== false);
}
