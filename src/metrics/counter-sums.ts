import type { Traffic } from "../object/traffic.ts";
import { type CounterFamily, counterName } from "./families.ts";
import { type Countable, closedAs, type EventLabels, timesOf } from "./labels.ts";

interface Counted {
  readonly traffic: Traffic;
  readonly entries: readonly Countable[];
}

/** What a flush adds to the counters, as if it had happened so many `times`: sums by `counterName`. */
export function countersOf(
  { traffic, entries }: Counted,
  times: number,
  events: EventLabels,
): Record<string, number> {
  const sums = new Map<string, number>();
  const add = (family: CounterFamily, amount: number, label = "") => {
    const name = counterName(family, label);
    if (amount !== 0) sums.set(name, (sums.get(name) ?? 0) + amount * times);
  };
  for (const [event, { messages, signals, changes, notifications }] of traffic.published) {
    const label = events.labelOf(event);
    add("messages_total", messages, label);
    add("signals_total", signals, label);
    add("changes_total", changes, label);
    add("notifications_total", notifications, label);
  }
  add("deliveries_total", traffic.frames);
  add("delivered_bytes_total", traffic.bytes);
  add("replays_total", traffic.replays);
  add("replayed_bytes_total", traffic.replayBytes);
  add("flushes_total", traffic.frames > 0 || traffic.published.size > 0 ? 1 : 0);
  for (const entry of entries) {
    if (entry.kind === "opened") add("connections_opened_total", timesOf(entry));
    else if (entry.kind === "refused") add("refused_total", 1, entry.refusal.code);
    else if (entry.kind === "closed") add("connections_closed_total", timesOf(entry), closedAs(entry));
  }
  return Object.fromEntries(sums);
}
