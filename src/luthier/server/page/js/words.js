// @ts-check
// The words of the page in the reader's language. What is English in the code is the key of its translation.

/** The languages of the page, each in its own words. @type {Record<string, string>} */
export const LANGUAGES = { en: "English", ja: "日本語", ko: "한국어" };
const KEY = "luthier-language";

function readChoice() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // a browser may forbid it, as in a frame of another page
  }
}

/** The language that was chosen, or the first of the browser's that the page has. */
export const language = [readChoice(), ...navigator.languages].map((tag) => (tag ?? "").slice(0, 2))
  .find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";

/** For Intl; in English numbers and times are written as the browser does. */
export const locale = language === "en" ? undefined : language;

/** @type {Record<string, string>} */
const catalogue = language === "en" ? {}
  : await import(`./words/${language}.js`).then((found) => found.default, () => ({}));

/** Chooses another language, and draws all anew. @param {string} chosen */
export function chooseLanguage(chosen) {
  localStorage.setItem(KEY, chosen);
  location.reload();
}

const BIDI = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * A text of the data within a sentence: one that is written from right to left turns nothing but itself.
 * @param {any} value
 */
export function isolate(value) {
  const text = String(value);
  return BIDI.test(text) ? `\u2068${text.replace(/[\u2066-\u2069]/g, "")}\u2069` : text;
}

/**
 * A text in the reader's language: t`trial ${n}` is the translation of "trial {0}".
 * @param {TemplateStringsArray} parts
 * @param {...any} values
 */
export function t(parts, ...values) {
  const key = parts.reduce((all, part, i) => `${all}{${i - 1}}${part}`);
  return (catalogue[key] ?? key).replace(/\{(\d)\}/g, (_, i) => isolate(values[i]));
}

/** The attributes of what comes from the service in English. */
export const ENGLISH = { lang: "en" };
