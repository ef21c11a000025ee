// @ts-check
// Buttons that change something, and what came of it.

import { whyNot } from "./api.js";
import { h, short } from "./dom.js";
import { ENGLISH, t } from "./words.js";

const SURE_MS = 5000; // for how long a second click counts

/** Says that nothing can be changed here, and why. */
export const onlyReads = () => h("p", { class: "faint" }, t`This page only reads.`, " ", h("span", ENGLISH, `(${whyNot()})`));

/** A line that says what was done, or why not. */
export function makeOutcome() {
  const node = h("p", { role: "status" });
  /** @param {() => Promise<string>} work returns what to say */
  const run = async (work) => {
    node.textContent = "…";
    node.className = "";
    try {
      node.textContent = await work();
      node.className = "done";
    } catch (error) {
      node.textContent = String(/** @type {any} */ (error).message || t`Log in again.`);
      node.className = "error";
    }
  };
  return { node, run };
}

/**
 * A button that acts.
 * @param {string} text
 * @param {() => any} work
 * @param {string} [question] asked before, where nothing takes it back
 */
export function actButton(text, work, question) {
  const button = h("button", { type: "button" }, text);
  let until = 0;
  const calm = () => {
    until = 0;
    button.textContent = text;
    button.classList.remove("sure");
  };
  button.addEventListener("click", async () => {
    if (question && Date.now() > until) {
      until = Date.now() + SURE_MS;
      button.textContent = question;
      button.classList.add("sure");
      setTimeout(calm, SURE_MS);
      return;
    }
    calm();
    /** @type {HTMLButtonElement} */ (button).disabled = true;
    await work();
    /** @type {HTMLButtonElement} */ (button).disabled = false;
  });
  return button;
}

/**
 * The field of one parameter, empty for what the sampler is to choose.
 * @param {string} name
 * @param {any} dist as the service describes it
 * @param {any} value what it holds at first
 */
export function paramField(name, dist, value) {
  const id = `param-${name}`;
  const label = h("label", { for: id }, name);
  if (Array.isArray(dist.choices)) {
    const field = h("select", { id }, h("option", { value: "" }, t`any`),
      dist.choices.map((/** @type {any} */ choice, /** @type {number} */ i) => h("option", {
        value: i, selected: JSON.stringify(choice) === JSON.stringify(value) },
        typeof choice === "string" ? choice : JSON.stringify(choice))));
    const get = () => {
      const at = /** @type {HTMLSelectElement} */ (field).value;
      return at === "" ? undefined : dist.choices[Number(at)];
    };
    return { label, field, get };
  }
  const field = h("input", { id, type: "number", step: "any", min: dist.low, max: dist.high,
    value: value ?? "", placeholder: t`any from ${short(dist.low)} to ${short(dist.high)}` });
  const get = () => {
    const text = /** @type {HTMLInputElement} */ (field).value;
    return text === "" ? undefined : Number(text);
  };
  return { label, field, get };
}
