// When what was gathered is written: with the flush or the event that caused it, so that nothing waits that a sleep
// would take. Under load it is gathered: 30 reports at once, then one a second. A report has further points only for what
// took a command, a refusal or a close each.

import type { JournalEntry } from "../object/journal.ts";
import { TokenBuckets } from "../object/token-bucket.ts";
import type { Traffic } from "../object/traffic.ts";
import type { DataPoint, Labels, Numbers } from "./columns.ts";
import { Gathered } from "./gathered.ts";

const REPORTS_A_SECOND = 1;
const REPORTS_AT_ONCE = 30;
/** A room with connections in which nothing happens is written this often, if it flushes. */
const HEARD_OF_EVERY_MS = 10 * 60_000;

/** The part of the binding that is used. */
export interface PointWriter {
  writeDataPoint(point: DataPoint): void;
}

export class Metrics {
  readonly #gathered = new Gathered();
  readonly #writer: PointWriter | undefined;
  readonly #place: Pick<Labels, "source" | "room">;
  readonly #bucket = new TokenBuckets({ perSecond: REPORTS_A_SECOND, burst: REPORTS_AT_ONCE });
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** `writer`: `undefined` where there is no binding. */
  constructor(writer: PointWriter | undefined, place: Pick<Labels, "source" | "room">) {
    this.#writer = writer;
    this.#place = place;
  }

  /** What is to be reported to the registry. */
  get counters() {
    return this.#gathered.counters;
  }

  flushed(traffic: Traffic, entries: readonly JournalEntry[], gauges: Numbers, now: number): void {
    this.#gathered.journal(entries);
    this.#gathered.traffic(traffic);
    this.#write(gauges, now);
  }

  refused(code: string, reason: string, now: number): void {
    this.#gathered.refused(code, reason);
    this.#write({}, now);
  }

  #write(gauges: Numbers, now: number): void {
    if (this.#writer === undefined) return;
    const isDue = (gauges.connections ?? 0) > 0 && Math.abs(now - this.#writtenAt) >= HEARD_OF_EVERY_MS;
    if (this.#gathered.isEmpty && !isDue) return;
    if (this.#bucket.take("", 1, now) > 0) return;
    this.#writtenAt = now;
    for (const point of this.#gathered.take(this.#place, gauges)) this.#writer.writeDataPoint(point);
  }
}
