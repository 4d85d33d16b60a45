// What happened in one object, or one isolate of the Worker, until it is written as data points. A point has one event,
// one refusal and one close: the first point of a report has all other numbers, and a further one is made only for
// another event, refusal or close. So each column may be summed, and most reports are a single point. What is scraped
// (`counters`) is counted along.

import type { JournalEntry } from "../object/journal.ts";
import type { Published, Traffic } from "../object/traffic.ts";
import { type DataPoint, dataPoint, type Labels, type Numbers } from "./columns.ts";
import { Counters } from "./counters.ts";
import { type CounterFamily, counterName } from "./families.ts";

/** First segments of events that an object tells apart. Further ones count as `other`. */
const MAX_EVENTS = 100;
/** Reasons of refusals in one report. Further ones count as `other`. */
const MAX_REASONS = 20;
export const OTHER = "other";

interface Refused {
  readonly code: string;
  readonly reason: string;
  count: number;
}

type Sums = { -readonly [name in keyof Numbers]: number };

/** Close codes of clients that are told apart: they may choose any. */
const CLOSE_CODES: readonly number[] = [1000, 1001, 1005, 1006, 1009];

export class Gathered {
  /** What is reported to the registry. */
  readonly counters = new Counters();
  /** All that it has ever seen. */
  readonly #known = new Set<string>();
  #published = new Map<string, Published>();
  #refused = new Map<string, Refused>();
  #closed = new Map<string, number>();
  #sums: Sums = {};

  get isEmpty(): boolean {
    return Object.keys(this.#sums).length === 0;
  }

  journal(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === "opened") {
        this.#add("opened", 1);
        this.counters.add(counterName("connections_opened_total"), 1);
      } else if (entry.kind === "refused") this.refused(entry.refusal.code, entry.refusal.message);
      else if (entry.kind === "closed") {
        const closed = entry.closing?.code ?? codeOf(entry.closeCode);
        this.#add("closed", 1);
        this.counters.add(counterName("connections_closed_total", closed), 1);
        this.#closed.set(closed, (this.#closed.get(closed) ?? 0) + 1);
      }
    }
  }

  refused(code: string, reason: string): void {
    this.#add("refused", 1);
    this.counters.add(counterName("refused_total", code), 1);
    const full = this.#refused.size >= MAX_REASONS && !this.#refused.has(`${code} ${reason}`);
    const told = full ? OTHER : reason;
    const known = this.#refused.get(`${code} ${told}`) ?? { code, reason: told, count: 0 };
    known.count += 1;
    this.#refused.set(`${code} ${told}`, known);
  }

  /** One flush. */
  traffic({ published, frames, bytes, replays, replayBytes }: Traffic): void {
    if (frames === 0 && published.size === 0) return;
    for (const [event, one] of published) this.#publish(this.#labelOf(event), one);
    this.#count("frames", "deliveries_total", frames);
    this.#count("bytes", "delivered_bytes_total", bytes);
    this.#count("replays", "replays_total", replays);
    this.#count("replayBytes", "replayed_bytes_total", replayBytes);
    this.#count("flushes", "flushes_total", 1);
    this.#sums.flushFrames = frames;
    this.#sums.flushBytes = bytes;
  }

  /** The points since the last time. `gauges`: as it is now. */
  take(place: Pick<Labels, "source" | "room">, gauges: Numbers): DataPoint[] {
    const events = [...this.#published];
    const refusals = [...this.#refused.values()];
    const closes = [...this.#closed];
    const length = Math.max(1, events.length, refusals.length, closes.length);
    const points = Array.from({ length }, (_, at) => {
      const [event, published] = events[at] ?? ["", {}];
      const { code = "", reason = "", count: refused = 0 } = refusals[at] ?? {};
      const [closed, count] = closes[at] ?? ["", 0];
      const sums = at === 0 ? this.#sums : {};
      return dataPoint(
        { ...place, event, code, reason, closed },
        { ...sums, ...gauges, ...published, refused, closed: count },
      );
    });
    this.#published = new Map();
    this.#refused = new Map();
    this.#closed = new Map();
    this.#sums = {};
    return points;
  }

  #publish(event: string, { messages, signals, changes }: Readonly<Published>): void {
    this.counters.add(counterName("messages_total", event), messages);
    this.counters.add(counterName("signals_total", event), signals);
    this.counters.add(counterName("changes_total", event), changes);
    const known = this.#published.get(event) ?? { messages: 0, signals: 0, changes: 0 };
    known.messages += messages;
    known.signals += signals;
    known.changes += changes;
    this.#published.set(event, known);
  }

  #labelOf(event: string): string {
    const segment = firstSegment(event);
    if (this.#known.has(segment)) return segment;
    if (this.#known.size >= MAX_EVENTS) return OTHER;
    this.#known.add(segment);
    return segment;
  }

  #count(name: keyof Numbers, family: CounterFamily, by: number): void {
    this.#add(name, by);
    this.counters.add(counterName(family), by);
  }

  #add(name: keyof Numbers, by: number): void {
    this.#sums[name] = (this.#sums[name] ?? 0) + by;
  }
}

const codeOf = (closeCode: number): string => (CLOSE_CODES.includes(closeCode) ? String(closeCode) : OTHER);

/** `task` of `task.created`. */
function firstSegment(event: string): string {
  const end = event.search(/[.:]/);
  return end === -1 ? event : event.slice(0, end);
}
