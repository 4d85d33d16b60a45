// Everything that may happen to an answer, at every token of it, in the rules of a room: without a runtime that takes seconds.

import { atEvery, type Played, sleep } from "../../support/streams/stream-faults.ts";
import type { StreamWorld } from "../../support/streams/stream-world.ts";
import type { Anomaly } from "../anomaly.ts";

const TOKENS = 2_000;
/** Between two kills all come back: each of so many answers is killed at other tokens. */
const EVERY = 20;

export interface EveryToken {
  readonly anomalies: readonly Anomaly[];
  readonly kills: number;
  readonly cuts: number;
}

const crash = (world: StreamWorld) => world.restart("crash");

const cutReaders = (awayMs?: number) => (world: StreamWorld) => {
  for (const one of world.readers) if (one.seat.isConnected) world.cut(one, awayMs);
};

/** What happens, and whether the next one waits until all are back. */
const FAULTS: readonly (readonly [what: string, (world: StreamWorld) => void, every: number])[] = [
  ["the object is killed", crash, EVERY],
  ["the object is killed again and again", crash, 1],
  ["the object sleeps", sleep, EVERY],
  ["the producer is cut", (world) => world.cutProducer(), 1],
  ["readers are cut", cutReaders(), EVERY],
  ["readers are cut again and again", cutReaders(0), 1],
];

/** Plays all of it. `report` is called after each kind of fault. */
export function everyToken(seed: number, report: (line: string) => void): EveryToken {
  const anomalies: Anomaly[] = [];
  let [kills, cuts] = [0, 0];
  for (const [what, happens, every] of FAULTS) {
    const before = anomalies.length;
    let times = 0;
    for (let from = every === 1 ? 1 : 0; from < every || from === 1; from += 1) {
      const where = `an answer with seed ${seed + from}, where ${what} from token ${from} on`;
      const played = play(seed + from, happens, { from, every });
      kills += played.kills;
      cuts += played.cuts;
      times += played.kills + played.cuts;
      anomalies.push(...anomaliesOf(played, where));
      if (every === 1) break;
    }
    report(`${what}: ${times} times, ${anomalies.length - before} anomalies`);
  }
  return { anomalies, kills, cuts };
}

function play(
  seed: number,
  happens: (world: StreamWorld) => void,
  when: { readonly from: number; readonly every: number },
): Played {
  try {
    return atEvery({ seed, tokens: TOKENS }, happens, when);
  } catch (error) {
    return { faults: [error], rows: 0, mayWrite: 0, kills: 0, cuts: 0 };
  }
}

function anomaliesOf({ faults, rows, mayWrite }: Played, where: string): readonly Anomaly[] {
  const found: Anomaly[] = faults.map((what) => ({ kind: "diverged", where, what: String(what) }));
  if (rows > mayWrite)
    found.push({ kind: "error", where, what: `${rows} rows were written in place of ${mayWrite} at most` });
  return found;
}
