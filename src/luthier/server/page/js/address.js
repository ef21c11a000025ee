// @ts-check
// The address: which view is shown and how, so that it can be kept, sent and gone back to.

/** What the address says: "#/s/3/history?log=1". */
export function readAddress() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, study, view, rest] = path.split("/");
  const isStudy = kind === "s" && /^\d+$/.test(study ?? "");
  return {
    study: isStudy ? Number(study) : null,
    view: isStudy ? view || "summary" : kind || "studies",
    rest: rest ?? "",
    query: new URLSearchParams(query ?? ""),
  };
}

/**
 * The address of a view of a study; the filter goes along.
 * @param {number} study
 * @param {string} view
 * @param {string} filter
 */
export function addressOf(study, view, filter) {
  return `#/s/${study}/${view}${filter ? `?${new URLSearchParams({ f: filter })}` : ""}`;
}

/**
 * Notes in the address how a view is looked at, without going anywhere.
 * @param {number} study
 * @param {string} view
 * @param {URLSearchParams} query what is empty is left out
 */
export function remember(study, view, query) {
  for (const [name, value] of [...query]) if (value === "") query.delete(name);
  const text = query.toString();
  history.replaceState(null, "", `#/s/${study}/${view}${text ? `?${text}` : ""}`);
  for (const link of document.querySelectorAll("#nav a")) {
    const name = /** @type {HTMLElement} */ (link).dataset.view ?? "";
    link.setAttribute("href", addressOf(study, name, query.get("f") ?? ""));
  }
}
