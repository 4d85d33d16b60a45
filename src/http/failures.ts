// Requests that failed: logged, and counted for `/health`. A Worker stores nothing, so the counts are of one isolate,
// since it started.

import type { LogEventName, LogFields } from "../log/catalogue.ts";
import { log } from "../log/log.ts";
import { openingFault } from "../object/runtime/opening.ts";

/** `/health` tells of a fault for this long after it was last seen. */
const TOLD_FOR_MS = 10 * 60_000;

/** Why objects could not open. It does not say which ones. */
export interface OpeningFault {
  readonly reason: string;
  readonly count: number;
  /** In milliseconds. */
  readonly lastAt: number;
}

/** By reason; there are few of them. */
const faults = new Map<string, OpeningFault>();

/** Logs an error whose caller is answered `internal`. */
export function reportFailure<Event extends LogEventName>(
  event: Event,
  fields: LogFields<Event> & { readonly error: unknown },
): void {
  log(event, fields);
  const reason = openingFault(fields.error);
  if (reason === undefined) return;
  faults.set(reason, { reason, count: (faults.get(reason)?.count ?? 0) + 1, lastAt: Date.now() });
}

/** What kept objects from opening in the last ten minutes. */
export function openingFaults(now: number): OpeningFault[] {
  for (const { reason, lastAt } of [...faults.values()])
    if (Math.abs(now - lastAt) >= TOLD_FOR_MS) faults.delete(reason);
  return [...faults.values()];
}
