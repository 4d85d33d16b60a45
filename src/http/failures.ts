// Requests that failed and sockets that were refused: logged, and counted for `/health`. A Worker stores nothing, so
// the counts are of one isolate, since it started.

import type { LogEventName, LogFields, LogFieldValues } from "../log/catalogue.ts";
import { LimitedLog, type Seen } from "../log/limited-log.ts";
import { log } from "../log/log.ts";
import { openingFault } from "../object/runtime/opening.ts";
import type { Refusal } from "../protocol/index.ts";

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

const refusedOrigins = new LimitedLog("origin_refused");

/** Logs that a page of another origin was refused, which its browser does not explain. `origin` is printable. */
export const noteRefusedOrigin = (origin: string, now: number): void =>
  refusedOrigins.note("foreign", { origin }, now);

const refusedConnects = new LimitedLog("connect_refused");

/** Logs a refused upgrade: why, and of which kind of socket. Nothing of who wanted it. */
export function noteRefusedConnect(
  socket: LogFieldValues["socket"],
  { code, message }: Refusal,
  now: number,
): void {
  refusedConnects.note(code, { code, reason: message, socket }, now);
}

/** Refused upgrades by code, the latest first. */
export const refusedConnectsSeen = (): Seen[] => refusedConnects.seen();
