// Refusals and closes by reason: from the metrics of the deployment, where it has some, and from `/health`.

import { element } from "../ui/dom.js";
import { countOf, timeAgo } from "../ui/format.js";

/** @import { Seen } from "./api.js" */

/** @typedef {{ what: string, reason: string, count: number, lastAt?: number }} Refused */

const SAMPLE = /^(\w+)(?:\{\w+="((?:[^"\\]|\\.)*)"\})? (\d+(?:\.\d+)?(?:e\+?\d+)?)$/i;
const FAMILIES = new Map([
  ["edge_rooms_refused_total", "Refused"],
  ["edge_rooms_connections_closed_total", "Connection closed"],
]);

const SCOPE_OF_ALL =
  "“Refused” and “Connection closed” are estimates for the whole deployment. “Token” and “Connection” are what the one process that answered has seen since it started.";
const SCOPE_OF_ONE =
  "Counted in the one process that answered, since it started: another one may know others. The setting COUNTERS counts the whole deployment, and the log has each.";

/** The refusals and closes in the text of `/v1/metrics`. @param {string} text @returns {Refused[]} */
export const refusedInMetrics = (text) =>
  text.split("\n").flatMap((line) => {
    const [, family = "", label = "", count] = SAMPLE.exec(line) ?? [];
    const what = FAMILIES.get(family);
    if (what === undefined || Number(count) === 0) return [];
    return [{ what, reason: label.replaceAll(/\\(.)/g, "$1") || "no code", count: Number(count) }];
  });

/** What `/health` counts. @param {{ tokens: readonly Seen[], connects: readonly Seen[] }} refused @returns {Refused[]} */
export const refusedInHealth = ({ tokens, connects }) => [
  ...tokens.map(({ kind, ...seen }) => ({ what: "Token", reason: kind, ...seen })),
  ...connects.map(({ kind, ...seen }) => ({ what: "Connection", reason: kind, ...seen })),
];

export function createRefusals() {
  const rows = element("tbody");
  const table = element(
    "table",
    { hidden: "" },
    element("caption", { class: "visually-hidden" }, "Refusals by reason"),
    element("thead", {}, element("tr", {}, ["What", "Reason", "Times", "Last"].map(heading))),
    rows,
  );
  const note = element("p", { class: "hint" }, "Loading…");

  return {
    root: element(
      "section",
      { class: "sheet refusals", "aria-label": "Refusals" },
      element("h2", {}, "Refusals"),
      table,
      note,
    ),
    /** @param {readonly Refused[]} counted by the deployment @param {readonly Refused[]} seen by one process */
    show(counted, seen) {
      const all = [...counted, ...seen].sort((one, other) => other.count - one.count);
      table.hidden = all.length === 0;
      rows.replaceChildren(...all.map(renderRow));
      const scope = counted.length > 0 ? SCOPE_OF_ALL : SCOPE_OF_ONE;
      note.textContent = all.length === 0 ? `Nothing was refused. ${scope}` : scope;
    },
  };
}

/** @param {string} text */
const heading = (text) => element("th", { scope: "col" }, text);

/** @param {Refused} refused */
const renderRow = ({ what, reason, count, lastAt }) =>
  element(
    "tr",
    {},
    element("td", {}, what),
    element("td", {}, element("code", {}, reason)),
    element("td", { class: "number" }, countOf(count)),
    element("td", {}, lastAt === undefined ? "" : timeAgo(lastAt)),
  );
