// An object that cannot open tells its caller why. Over RPC an error keeps only its message, so the reason stands
// there. It holds nothing of a user, and the Worker counts it for `/health`.

import { log } from "../../log/log.ts";
import { StateIsNewer } from "../storage/migrate.ts";

const PREFIX = "this object cannot open: ";
const UNKNOWN = "failed, see the logs";
/** A reason is logged at most this often, as clients reconnect again and again. */
const LOG_EVERY_MS = 60_000;

const loggedAt = new Map<string, number>();

/** Opens an object, or throws an error that `openingFault` reads. */
export function opening<T>(kind: "room" | "user", name: string, open: () => T, now: number): T {
  try {
    return open();
  } catch (error) {
    const reason = `${kind}: ${error instanceof StateIsNewer ? error.message : UNKNOWN}`;
    if (Math.abs(now - (loggedAt.get(reason) ?? 0)) >= LOG_EVERY_MS) {
      loggedAt.set(reason, now);
      log("cannot_open", { reason, ...(kind === "room" ? { room: name } : { user: name }), error });
    }
    throw new Error(PREFIX + reason);
  }
}

/** Why an object could not open, if that is what the error says. */
export function openingFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const at = error.message.indexOf(PREFIX);
  return at === -1 ? undefined : error.message.slice(at + PREFIX.length);
}

/** Whether the deployed code is the cause, so that no such object opens. Otherwise it may be a single object. */
export const isOfTheCode = (reason: string): boolean => !reason.endsWith(UNKNOWN);
