// The deployment: how much is going on, what was refused, and the rooms and users that there are.

import { element, setText, showProblem } from "../ui/dom.js";
import { countOf, timeWithSeconds } from "../ui/format.js";
import { createChart } from "./chart.js";
import { createBroadcast, createNotify } from "./forms.js";
import { createList, roomsOf, usersOf } from "./lists.js";
import { startPolling } from "./polling.js";
import { createRefusals, refusedInHealth, refusedInMetrics } from "./refusals.js";
import { outageText } from "./words.js";

/** @import { StatsResult } from "../../src/protocol/index.ts" */
/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

/** Each time costs a call of each of the 16 shards of the registry. An occupied room is asked once a minute at most. */
const STATS_MS = 5_000;
const REFUSALS_MS = 30_000;
/** Each time costs as much as two looks at the statistics. */
const LISTS_MS = 30_000;

/** @typedef {{ status: "connected" | "disconnected", text: string }} Reach whether the server answers */

/** @type {readonly (readonly [string, (stats: StatsResult) => number, (stats: StatsResult) => string])[]} */
const NUMBERS = [
  [
    "Connections",
    ({ connections }) => connections,
    ({ anonymous }) => `${countOf(anonymous)} without a token`,
  ],
  ["People in rooms", ({ members }) => members, () => "once for each room"],
  [
    "Occupied rooms",
    ({ rooms }) => rooms.occupied,
    ({ rooms }) => `of ${countOf(rooms.known)} that are known`,
  ],
  ["Users online", ({ users }) => users.online, ({ users }) => `of ${countOf(users.known)} that are known`],
  ["Sessions", ({ sessions }) => sessions, () => "of users who are online"],
  [
    "Messages",
    ({ totals }) => totals.messages,
    ({ totals }) => `${countOf(totals.notifications)} notifications`,
  ],
];

/** @param {{ api: Api, results: Results, signal: AbortSignal, onReach(reach: Reach): void }} page */
export function createOverview({ api, results, signal, onReach }) {
  const numbers = createNumbers();
  const chart = createChart();
  const refusals = createRefusals();
  const lists = [createList(roomsOf(api)), createList(usersOf(api))];
  const lead = element(
    "p",
    { class: "lead" },
    "Rooms and users are asked once a minute: a number may be that old.",
  );
  const problem = element("p", { class: "problem", role: "alert", hidden: "" });
  const unconfirmed = element("p", { class: "hint" });
  /** What the statistics said when the lists were read last. */
  let listed = { at: 0, as: "" };

  /** Only after a change. @param {string} as */
  function refreshLists(as) {
    const at = Date.now();
    if (as === listed.as || at - listed.at < LISTS_MS) return;
    listed = { at, as };
    for (const list of lists) list.refresh();
  }

  startPolling({
    everyMs: STATS_MS,
    signal,
    async poll() {
      const stats = await api.stats();
      if (signal.aborted) return;
      onReach({ status: "connected", text: `Answered at ${timeWithSeconds(Date.now())}` });
      showProblem(problem, "");
      numbers.show(stats);
      chart.add({ at: stats.at, messages: stats.totals.messages });
      setText(
        unconfirmed,
        stats.unconfirmed === 0
          ? ""
          : `${countOf(stats.unconfirmed)} of the rooms and users did not say how they are within the last minute: they count as before.`,
      );
      const { connections, members, sessions, rooms, users } = stats;
      refreshLists(JSON.stringify([connections, members, sessions, rooms, users]));
    },
    onError(error) {
      const { code } = /** @type {{ code?: string }} */ (error);
      const isLost = code === "offline" || code === "timeout";
      onReach({ status: isLost ? "disconnected" : "connected", text: isLost ? "No answer" : "Connected" });
      showProblem(problem, outageText(error));
      // Without a registry the lists say so too.
      if (!isLost) refreshLists("no statistics");
    },
  });

  let hasMetrics = true;
  startPolling({
    everyMs: REFUSALS_MS,
    signal,
    async poll() {
      // A server without them is not asked again: a browser logs each request that fails.
      const [health, metrics] = await Promise.all([api.health(), hasMetrics ? api.metrics() : undefined]);
      if (signal.aborted) return;
      hasMetrics = metrics !== undefined;
      const { tokens, connects } = health.refused ?? { tokens: [], connects: [] };
      refusals.show(refusedInMetrics(metrics ?? ""), refusedInHealth({ tokens, connects }));
    },
  });

  return element(
    "main",
    { class: "place" },
    element("div", {}, element("h1", { tabindex: -1 }, "Overview"), lead),
    problem,
    numbers.root,
    unconfirmed,
    element("div", { class: "columns" }, chart.root, refusals.root),
    element(
      "div",
      { class: "columns even" },
      lists.map(({ root }) => root),
    ),
    element("div", { class: "columns even" }, createBroadcast(api, results), createNotify(api, results)),
  );
}

function createNumbers() {
  const cells = NUMBERS.map(([name]) => {
    const value = element("strong", { class: "amount" }, "–");
    const note = element("span", { class: "details" });
    return {
      value,
      note,
      box: element("div", { class: "sheet" }, element("dt", {}, name), element("dd", {}, value, note)),
    };
  });
  return {
    root: element(
      "dl",
      { class: "numbers" },
      cells.map(({ box }) => box),
    ),
    /** @param {StatsResult} stats */
    show(stats) {
      for (const [index, [, amountOf, noteOf]] of NUMBERS.entries()) {
        const cell = cells[index];
        if (cell === undefined) continue;
        setText(cell.value, countOf(amountOf(stats)));
        setText(cell.note, noteOf(stats));
      }
    },
  };
}
