// What happened in one object, or one isolate of the Worker, until it is written as data points. A point has one event,
// one refusal and one close: the first point of a report has all other numbers, and a further one is made only for
// another event, refusal or close. So each column may be summed, and most reports are a single point.

import type { Published, Traffic } from "../object/traffic.ts";
import { type DataPoint, dataPoint, type Labels, type Numbers } from "./columns.ts";
import { type Countable, closedAs, type EventLabels, OTHER, timesOf } from "./labels.ts";

/** Reasons of refusals in one report. Further ones count as `other`. */
const MAX_REASONS = 20;

interface Refused {
  readonly code: string;
  readonly reason: string;
  count: number;
}

type Sums = { -readonly [name in keyof Numbers]: number };

export class Gathered {
  readonly #events: EventLabels;
  #published = new Map<string, Published>();
  #refused = new Map<string, Refused>();
  #closed = new Map<string, number>();
  #sums: Sums = {};

  constructor(events: EventLabels) {
    this.#events = events;
  }

  get isEmpty(): boolean {
    return Object.keys(this.#sums).length === 0;
  }

  journal(entries: readonly Countable[]): void {
    for (const entry of entries) {
      if (entry.kind === "opened") this.#add("opened", timesOf(entry));
      else if (entry.kind === "refused") this.#refuse(entry.refusal.code, entry.refusal.message);
      else if (entry.kind === "closed") {
        const closed = closedAs(entry);
        const times = timesOf(entry);
        this.#add("closed", times);
        this.#closed.set(closed, (this.#closed.get(closed) ?? 0) + times);
      }
    }
  }

  #refuse(code: string, reason: string): void {
    this.#add("refused", 1);
    const full = this.#refused.size >= MAX_REASONS && !this.#refused.has(`${code} ${reason}`);
    const told = full ? OTHER : reason;
    const known = this.#refused.get(`${code} ${told}`) ?? { code, reason: told, count: 0 };
    known.count += 1;
    this.#refused.set(`${code} ${told}`, known);
  }

  /** One flush. */
  traffic({ published, frames, bytes, replays, replayBytes }: Traffic): void {
    if (frames === 0 && published.size === 0) return;
    for (const [event, one] of published) this.#publish(this.#events.labelOf(event), one);
    this.#add("frames", frames);
    this.#add("bytes", bytes);
    this.#add("replays", replays);
    this.#add("replayBytes", replayBytes);
    this.#add("flushes", 1);
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

  #publish(event: string, { messages, signals, changes, notifications }: Readonly<Published>): void {
    const known = this.#published.get(event) ?? { messages: 0, signals: 0, changes: 0, notifications: 0 };
    known.messages += messages;
    known.signals += signals;
    known.changes += changes;
    known.notifications += notifications;
    this.#published.set(event, known);
  }

  #add(name: keyof Numbers, by: number): void {
    this.#sums[name] = (this.#sums[name] ?? 0) + by;
  }
}
