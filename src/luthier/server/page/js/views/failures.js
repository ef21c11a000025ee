// @ts-check
// Failed trials, by what went wrong.

import { read } from "../api.js";
import { note, trialLink } from "../parts.js";
import { h, time } from "../dom.js";

/** @param {number} study */
export async function showFailures(study) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  /** @type {any} */
  let found;
  async function update() {
    const before = found;
    found = await read(`studies/${study}/failures`);
    if (found === before) return;
    const left = found.n - found.n_read;
    node.replaceChildren(h("h1", null, summary.name),
      h("p", null, `${found.n} of ${summary.n_trials} trials failed${left ? `; the latest ${found.n_read} are grouped here` : ""}.`),
      found.n ? h("div", { class: "cards" }, found.groups.map((g) => card(study, g)))
        : note("No trial has failed."));
  }
  await update();
  return { node, update, every: 2000 };
}

/** @param {number} study @param {any} g */
function card(study, g) {
  const shown = g.number.slice(0, 12);
  return h("section", { class: "card warning" },
    h("h2", null, `${g.n} × ${g.error}`),
    h("p", null, shown.flatMap((n) => [trialLink(study, n), " "]), g.n > shown.length ? `and ${g.n - shown.length} more` : ""),
    g.last_s != null && h("p", { class: "faint" }, `First ${time(g.first_s)}, last ${time(g.last_s)}`),
    g.worker.length > 0 && h("p", { class: "faint" }, `On ${g.worker.join(", ")}`));
}
