// What each reader heard, beside what there was to hear. A reader owes nothing for what lies before it caught up first, and
// for what it was told that it lost.

import type { Anomaly, AnomalyKind } from "./anomaly.ts";
import type { HistoryRecord, Reader } from "./history-record.ts";

export function checkReaders(record: HistoryRecord): readonly Anomaly[] {
  const messages = new Map([...record.logs.keys()].map((log) => [log, messagesOf(record, log)]));
  return record.readers.flatMap((reader) => checkReader(record, reader, messages.get(reader.log) ?? []));
}

/** The places of all messages that there ever were, as far as anybody can tell, ascending. */
function messagesOf({ logs, readers, sends }: HistoryRecord, name: string): readonly number[] {
  const seqs = new Set(logs.get(name)?.items.map(({ seq }) => seq));
  for (const { log, outcome } of sends) if (log === name && outcome.is === "stored") seqs.add(outcome.seq);
  for (const { log, sights } of readers) {
    if (log !== name) continue;
    for (const sight of sights) if (sight.is === "heard" && sight.text !== undefined) seqs.add(sight.seq);
  }
  return [...seqs].sort((a, b) => a - b);
}

function checkReader({ logs }: HistoryRecord, reader: Reader, messages: readonly number[]): Anomaly[] {
  const found: Anomaly[] = [];
  const add = (kind: AnomalyKind, what: string) => found.push({ kind, where: reader.name, what });
  const floor = logs.get(reader.log)?.floor ?? 0;
  // The app hears of its place a moment after the events that follow it.
  const unechoed = new Set(reader.sights.flatMap((sight) => (sight.is === "unechoed" ? [sight.seq] : [])));
  const heard = new Set<number>();
  /** Up to here nothing is owed any more; `undefined`: nothing is owed yet. */
  let position: number | undefined;
  let cursor = 0;
  let last = 0;
  const moveTo = (until: number) => {
    const from = position;
    if (from !== undefined)
      for (const seq of messages)
        if (seq > from && seq <= until && !heard.has(seq) && !unechoed.has(seq))
          add("skip", `passed ${seq} on the way to ${until}`);
    position = Math.max(from ?? 0, until);
  };
  for (const sight of reader.sights) {
    switch (sight.is) {
      case "lost":
        position = undefined;
        break;
      case "cursor":
        if (sight.seq < cursor) add("non-monotonic", `the cursor went from ${cursor} back to ${sight.seq}`);
        cursor = sight.seq;
        break;
      case "caughtUp":
        moveTo(sight.seq);
        break;
      case "heard": {
        const { seq } = sight;
        if (heard.has(seq) || unechoed.has(seq)) add("duplicate", `heard ${seq} twice`);
        else if (seq <= last) add("non-monotonic", `heard ${seq} after ${last}`);
        heard.add(seq);
        last = Math.max(last, seq);
        moveTo(seq);
        break;
      }
    }
  }
  // Who is there in the end has everything.
  const from = position;
  if (reader.view !== undefined && from !== undefined)
    for (const seq of messages)
      if (seq > Math.max(from, floor) && !unechoed.has(seq))
        add("lost write", `${seq} is stored, and was never heard`);
  return found;
}
