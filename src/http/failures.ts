// Failures that nobody was told the reason of: logged, and those of objects that could not open counted for `/health`. A
// Worker keeps nothing, so an isolate knows what it has seen itself.

import type { LogEvent, LogFields } from "../log/catalogue.ts";
import { log } from "../log/log.ts";
import { openingFault } from "../object/runtime/opening.ts";

/** So long after the last one they are told of. */
const TOLD_FOR_MS = 10 * 60_000;

/** Why objects could not open, without a word of whose they are. */
export interface OpeningFault {
  readonly reason: string;
  readonly count: number;
  /** In milliseconds. */
  readonly lastAt: number;
}

/** By reason; there are few of them. */
const faults = new Map<string, OpeningFault>();

/** Logs an error that a caller is only told `internal` of. */
export function reportFailure<Event extends LogEvent>(
  event: Event,
  fields: LogFields<Event> & { readonly error: unknown },
): void {
  log(event, fields);
  const reason = openingFault(fields.error);
  if (reason === undefined) return;
  faults.set(reason, { reason, count: (faults.get(reason)?.count ?? 0) + 1, lastAt: Date.now() });
}

/** What kept objects from opening lately, as far as this isolate has seen. */
export function openingFaults(now: number): OpeningFault[] {
  for (const { reason, lastAt } of [...faults.values()])
    if (Math.abs(now - lastAt) >= TOLD_FOR_MS) faults.delete(reason);
  return [...faults.values()];
}
