// @ts-check
// Files of a trial: images are shown, the log as text, all are downloads. None is run or framed.

import { read } from "../api.js";
import { h } from "../dom.js";
import { t } from "../words.js";

const IMAGES = /\.(png|jpe?g|gif|webp)$/i;
const MOST_SHOWN = 4 * 2 ** 20; // bytes of an image that is shown unasked
const MOST_LOG = 20000; // characters of a log, the last
const EVERY_MS = 3000; // while the trial runs: files come without a change of the study

/**
 * The part of a trial's view with its files.
 * @param {number} study
 * @param {number} number
 */
export function attachments(study, number) {
  const path = `studies/${study}/trials/${number}/attachments`;
  const list = h("div");
  const node = h("section", { hidden: true }, h("h2", null, t`Files`), list);
  /** @type {string[]} */
  let urls = [];
  let shown = "";
  let timer = 0;

  async function load() {
    const { attachments: found } = await read(path);
    const now = JSON.stringify(found);
    if (now === shown) return;
    shown = now;
    node.hidden = found.length === 0;
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
    list.replaceChildren(...found.map((/** @type {any} */ file) => line(file)));
  }

  /** @param {any} file */
  function line(file) {
    const address = `ui/${path}/${encodeURIComponent(file.name)}`;
    const place = h("div");
    const isImage = IMAGES.test(file.name) && file.n_bytes <= MOST_SHOWN;
    if (isImage || file.name === "log.txt") show(address, file.name, place).catch(() => {});
    return h("div", null, h("p", null,
      h("a", { href: address, download: file.name }, file.name),
      h("span", { class: "faint", title: `SHA-256 ${file.sha256}` }, ` ${size(file.n_bytes)}`)), place);
  }

  /** @param {string} address @param {string} name @param {HTMLElement} place */
  async function show(address, name, place) {
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok) return;
    if (name === "log.txt") {
      const text = await response.text();
      place.replaceChildren(h("pre", { tabindex: 0, "aria-label": name }, text.slice(-MOST_LOG)));
      return;
    }
    const blob = await response.blob();
    if (!blob.type.startsWith("image/")) return; // the service looks at what it is, not at its name
    const url = URL.createObjectURL(blob);
    urls.push(url);
    place.replaceChildren(h("img", { src: url, alt: name, class: "attached" }));
  }

  /** @param {any} trial */
  async function update(trial) {
    await load();
    const runs = trial.state === "running";
    if (runs && !timer) {
      timer = window.setInterval(() => {
        if (!node.isConnected) return clearInterval(timer);
        if (!document.hidden) load().catch(() => {});
      }, EVERY_MS);
    } else if (!runs && timer) {
      clearInterval(timer);
      timer = 0;
    }
  }
  return { node, update };
}

/** @param {number} n */
function size(n) {
  if (n < 1e3) return t`${n} bytes`;
  return n < 1e6 ? `${(n / 1e3).toPrecision(3)} kB` : `${(n / 1e6).toPrecision(3)} MB`;
}
