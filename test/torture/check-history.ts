// Judges a history. It is pure, and knows nothing of how the history came to be.

import type { Anomaly } from "./anomaly.ts";
import { checkChanges } from "./check-changes.ts";
import { checkEnd } from "./check-end.ts";
import { checkReaders } from "./check-readers.ts";
import { checkSends } from "./check-sends.ts";
import type { Entry } from "./history.ts";
import { readRecord } from "./history-record.ts";

export function checkHistory(entries: readonly Entry[]): readonly Anomaly[] {
  const record = readRecord(entries);
  return [...checkSends(record), ...checkReaders(record), ...checkChanges(record), ...checkEnd(record)];
}
