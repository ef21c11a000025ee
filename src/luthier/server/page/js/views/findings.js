// @ts-check
// What may be wrong with a study, and what to do about it.

import { read } from "../api.js";
import { h } from "../dom.js";

/** @param {number} study */
export async function showFindings(study) {
  const summary = await read(`studies/${study}/summary`);
  const node = h("div");
  const update = async () => {
    const { findings } = await read(`studies/${study}/findings`);
    node.replaceChildren(
      h("h1", null, summary.name),
      findings.length ? h("div", { class: "cards" }, findings.map(card))
        : h("p", null, "Nothing was found that is wrong."),
    );
  };
  await update();
  return { node, update, every: 5000 };
}

/** @param {any} f */
function card(f) {
  if (f.dismissed) {
    return h("section", { class: "card" },
      h("h2", { class: "faint" }, `dismissed: ${f.title}`),
      f.reason && h("p", { class: "faint" }, `Because: ${f.reason}.`));
  }
  const sure = f.p == null ? "" : ` (p = ${f.p.toPrecision(2)})`;
  return h("section", { class: `card ${f.severity}` },
    h("h2", null, `${f.severity}: ${f.title}${sure}`),
    h("p", null, f.advice),
    f.remedy && h("pre", { tabindex: 0 }, f.remedy),
    f.doubt && h("p", { class: "faint" }, `What would show that it is wrong: ${f.doubt}.`));
}
