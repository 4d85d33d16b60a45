import type { JournalEntry } from "../object/journal.ts";
import type { Traffic } from "../object/traffic.ts";
import { type CounterFamily, counterName } from "./families.ts";
import { closedAs, type EventLabels } from "./labels.ts";

/** What is scraped: sums by name, until somebody takes them. */
export class CounterTotals {
  readonly #events: EventLabels;
  #sums = new Map<string, number>();

  constructor(events: EventLabels) {
    this.#events = events;
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  add(family: CounterFamily, by: number, label = ""): void {
    const name = counterName(family, label);
    if (by !== 0) this.#sums.set(name, (this.#sums.get(name) ?? 0) + by);
  }

  /** Counts a flush, as if it had happened so many `times`. */
  traffic(traffic: Traffic, times: number): void {
    for (const [event, { messages, signals, changes }] of traffic.published) {
      const label = this.#events.labelOf(event);
      this.add("messages_total", messages * times, label);
      this.add("signals_total", signals * times, label);
      this.add("changes_total", changes * times, label);
    }
    this.add("deliveries_total", traffic.frames * times);
    this.add("delivered_bytes_total", traffic.bytes * times);
    this.add("replays_total", traffic.replays * times);
    this.add("replayed_bytes_total", traffic.replayBytes * times);
    this.add("flushes_total", traffic.frames > 0 || traffic.published.size > 0 ? times : 0);
  }

  journal(entries: readonly JournalEntry[], times: number): void {
    for (const entry of entries) {
      if (entry.kind === "opened") this.add("connections_opened_total", times);
      else if (entry.kind === "refused") this.add("refused_total", times, entry.refusal.code);
      else if (entry.kind === "closed") this.add("connections_closed_total", times, closedAs(entry));
    }
  }

  /** What was added since the last time. */
  take(): Record<string, number> {
    const sums = Object.fromEntries(this.#sums);
    this.#sums = new Map();
    return sums;
  }
}
