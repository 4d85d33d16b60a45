// `npm run cost -- --crowd`: rooms of very many readers, as text.

import { type Crowd, type CrowdFigures, simulateCrowd } from "./crowd-model.ts";
import { usdAConnect, usdAnHour } from "./crowd-price.ts";
import { CROWD_TIMES, type CrowdTimes } from "./crowd-times.ts";
import { PRICES_AS_OF } from "./prices.ts";
import { RELAY_ABOVE, RELAY_CONNECTIONS } from "./relay-cost.ts";

/** As a room is by default. A relay makes a frame of each flush: src/relay/relay.ts. */
export const BY_DEFAULT: Omit<Crowd, "readers" | "messagesPerSecond"> = {
  atRoom: RELAY_ABOVE,
  atRelay: RELAY_CONNECTIONS,
  direct: 40,
  relaysOfHub: 50,
  callsAtOnce: Number.POSITIVE_INFINITY,
  joinsFlushes: true,
};

const READERS = [10_000, 100_000, 1_000_000] as const;
const RATES = [1, 10, 100] as const;
const WIDTHS = [10, 9, 12, 9, 9, 10, 10, 13, 12, 10] as const;
const HEAD = [
  "readers",
  "a second",
  "relays",
  "p50",
  "p99",
  "calls/s",
  "of all/s",
  "thread: room",
  "relay",
  "$ an hour",
];

export function crowdReport(times: CrowdTimes = CROWD_TIMES): string {
  const tables: readonly [string, Partial<Crowd>][] = [
    ["As it is by default:", {}],
    ["With no sockets at the room (RELAY_ABOVE = 0):", { atRoom: 0 }],
    ["By default, if only six calls of an object could wait at a time:", { callsAtOnce: 6 }],
  ];
  return [
    "A model: milliseconds until the last reader has a message of 100 bytes, and what its objects do for it.",
    ...tables.flatMap(([title, more]) => ["", title, line(HEAD), ...rows({ ...BY_DEFAULT, ...more }, times)]),
    "",
    ...NOTES(times),
  ].join("\n");
}

const rows = (shape: Omit<Crowd, "readers" | "messagesPerSecond">, times: CrowdTimes): readonly string[] =>
  READERS.flatMap((readers) =>
    RATES.map((messagesPerSecond) => {
      const crowd = { ...shape, readers, messagesPerSecond };
      return rowOf(crowd, simulateCrowd(crowd, times));
    }),
  );

function rowOf(crowd: Crowd, figures: CrowdFigures): string {
  const { relays, hubs, behind } = figures;
  const late = (ms: number) => (behind === "nothing" ? Math.round(ms).toLocaleString("en-US") : "grows");
  const busy = (part: number) => `${Math.round(part * 100)} %`;
  return line([
    crowd.readers.toLocaleString("en-US"),
    String(crowd.messagesPerSecond),
    hubs === 0 ? String(relays) : `${relays} + ${hubs}`,
    late(figures.p50Ms),
    late(figures.p99Ms),
    Math.round(figures.callsPerSecond).toLocaleString("en-US"),
    Math.round(figures.allCallsPerSecond).toLocaleString("en-US"),
    `${busy(figures.roomBusy)}${behind === "room" ? " !" : ""}`,
    `${busy(figures.relayBusy)}${behind === "relay" ? " !" : ""}`,
    `$${usdAnHour(crowd, figures).toFixed(2)}`,
  ]);
}

const NOTES = ({
  frameUs,
  seldomFrameUs,
  flushUs,
  callUs,
  durableMs,
  hopMs,
  edgeMs,
}: CrowdTimes): readonly string[] => [
  `Measured: ${frameUs} µs a frame and socket (${seldomFrameUs} after a second of silence), ${flushUs} µs a flush, ${callUs} µs at each end of a`,
  `call. Assumed: ${durableMs} ms until a row is durable, ${hopMs} ms between objects, ${edgeMs} ms to a browser. "+ 4": hubs,`,
  'which call the relays that the room does not call itself. "!": falls behind for good, so latency grows.',
  `The price is without connects, $${(usdAConnect(true) * 1e6).toFixed(2)} a million. Each object is taken to be awake. Prices of ${PRICES_AS_OF}.`,
];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, at) => cell.padStart(WIDTHS[at] ?? 0))
    .join("")
    .trimEnd();
