// An object that cannot open says why to its caller. Over RPC an error keeps only its message, so that is where the
// reason stands; it holds nothing of a user, and the Worker counts it for `/health`.

import { log } from "../../log/log.ts";
import { StateIsNewer } from "../storage/migrate.ts";

const PREFIX = "this object cannot open: ";
const UNKNOWN = "failed, see the logs";
/** One line for the same reason in this time: clients come back again and again. */
const LOG_EVERY_MS = 60_000;

const loggedAt = new Map<string, number>();

/** Opens an object, or rejects with an error that `openingFault` knows. */
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

/** Why the object could not open that an error came from, if that is what it says. */
export function openingFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const at = error.message.indexOf(PREFIX);
  return at === -1 ? undefined : error.message.slice(at + PREFIX.length);
}

/** Whether it is the deployed code that is to blame, and no object of that kind will open; else perhaps a single one. */
export const isOfTheCode = (reason: string): boolean => !reason.endsWith(UNKNOWN);
