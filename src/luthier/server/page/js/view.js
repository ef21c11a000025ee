// @ts-check
// Views that show one answer of the service, and draw it anew when it has changed.

import { read } from "./api.js";
import { h, present } from "./dom.js";
import { note } from "./parts.js";
import { ENGLISH } from "./words.js";

export const SLOW_MS = 5000; // between two answers for which a model is made

/**
 * A view of one answer.
 * @param {any} summary of the study
 * @param {number} every milliseconds between two looks at least
 * @param {() => {
 *   path: () => string,
 *   options?: (found: any) => any,
 *   parts: (found: any) => any[],
 *   again?: (found: any) => void,
 * }} build where the answer is read; choices, which stand there with a note as well; what is shown
 *   of it; and, where what is shown stays when the answer changes, what draws it, at first as well
 */
export async function answerView(summary, every, build) {
  const node = h("div");
  const { path, options, parts, again } = build();
  /** @type {any} */
  let before = null;

  async function update() {
    const found = await read(`studies/${summary.id}/${path()}`);
    if (found === before) return;
    const stays = again && before && !before.note;
    before = found;
    const isNote = found.note && !found.params;
    if (isNote || !stays) {
      node.replaceChildren(...present([h("h1", null, summary.name), options?.(found),
        isNote ? h("div", ENGLISH, note(found.note)) : parts(found)]));
    }
    if (!isNote && again) queueMicrotask(() => again(found));
  }
  await update();
  return { node, update, every };
}
