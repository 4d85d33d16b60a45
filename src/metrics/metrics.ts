// When what was gathered is written: with the flush or the event that caused it, so that nothing waits that a sleep
// would take. Under load it is gathered: 30 reports at once, then one a second. A report has further points only for what
// took a command, a refusal or a close each.
//
// Counters that are scraped cost a call and a row each time, as much as a message. So one flush in 16 is counted, by
// chance, as 16, and fewer under load: see `CountingPace`.

import type { JournalEntry } from "../object/journal.ts";
import { TokenBuckets } from "../object/token-bucket.ts";
import { NO_TRAFFIC, type Traffic } from "../object/traffic.ts";
import type { DataPoint, Labels, Numbers } from "./columns.ts";
import { countersOf } from "./counter-sums.ts";
import { CountingPace } from "./counting-pace.ts";
import { Gathered } from "./gathered.ts";
import { type Countable, EventLabels } from "./labels.ts";

const REPORTS_A_SECOND = 1;
const REPORTS_AT_ONCE = 30;
/** A room with connections in which nothing happens is written this often, if it flushes. */
const HEARD_OF_EVERY_MS = 10 * 60_000;

/** The part of the binding that is used. */
export interface PointWriter {
  writeDataPoint(point: DataPoint): void;
}

export interface CounterPorts {
  /** From 0 to below 1. */
  random(): number;
  /** Adds to the counters of the deployment; `undefined`: nothing is counted. */
  readonly report: ((sums: Readonly<Record<string, number>>) => void) | undefined;
}

export class Metrics {
  readonly #gathered: Gathered;
  readonly #events = new EventLabels();
  readonly #pace = new CountingPace();
  readonly #writer: PointWriter | undefined;
  readonly #place: Pick<Labels, "source" | "room">;
  readonly #ports: CounterPorts;
  readonly #bucket = new TokenBuckets({ perSecond: REPORTS_A_SECOND, burst: REPORTS_AT_ONCE });
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** `writer`: `undefined` where there is no binding. */
  constructor(writer: PointWriter | undefined, place: Pick<Labels, "source" | "room">, ports: CounterPorts) {
    this.#gathered = new Gathered(this.#events);
    this.#writer = writer;
    this.#place = place;
    this.#ports = ports;
  }

  /** What a flush has done. `gauges`: as it is now. */
  flushed(traffic: Traffic, entries: readonly Countable[], gauges: Numbers, now: number): void {
    if (this.#ports.report !== undefined) this.#count(this.#ports.report, traffic, entries, now);
    if (this.#writer === undefined) return;
    this.#gathered.journal(entries);
    this.#gathered.traffic(traffic);
    this.#write(this.#writer, gauges, now);
  }

  /** For what is no flush. */
  noted(entry: JournalEntry, now: number): void {
    this.flushed(NO_TRAFFIC, [entry], {}, now);
  }

  #write(writer: PointWriter, gauges: Numbers, now: number): void {
    const isDue = (gauges.connections ?? 0) > 0 && Math.abs(now - this.#writtenAt) >= HEARD_OF_EVERY_MS;
    if (this.#gathered.isEmpty && !isDue) return;
    if (this.#bucket.take("", 1, now) > 0) return;
    this.#writtenAt = now;
    for (const point of this.#gathered.take(this.#place, gauges)) writer.writeDataPoint(point);
  }

  #count(
    report: NonNullable<CounterPorts["report"]>,
    traffic: Traffic,
    entries: readonly Countable[],
    now: number,
  ): void {
    if (traffic === NO_TRAFFIC && entries.length === 0) return;
    const times = this.#pace.takes(this.#ports.random(), now);
    if (times === 0) return;
    const sums = countersOf({ traffic, entries }, times, this.#events);
    if (Object.keys(sums).length > 0) report(sums);
  }
}
