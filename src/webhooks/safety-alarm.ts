// The alarm that sends after a crash what was under way, and that finds out who a crash has taken.

/** An alarm that is no further ahead is soon enough, so that a room that talks sets none for each message. */
const SOON_ENOUGH_MS = 15 * 60_000;
/** Otherwise one is set so far ahead, if a request may be under way. */
const AFTER_CRASH_MS = 60_000;

export interface Safeguarded {
  readonly isPending: boolean;
  /** Whether a crash must not leave the object without an alarm. */
  readonly needsAlarm: boolean;
  wakeAt(now: number): number | null;
}

/**
 * When the alarm has to go off at the latest; `null`: it is right as it is. `current`: when it does. What has its own time
 * needs no other, so that a receiver that is down wakes nobody between two attempts.
 */
export function safetyAlarm(of: Safeguarded, current: number | null, now: number): number | null {
  const isSafe = current !== null && current <= now + SOON_ENOUGH_MS;
  const wakeAt = of.wakeAt(now);
  if (wakeAt !== null || !of.needsAlarm || isSafe) return wakeAt;
  return now + (of.isPending ? AFTER_CRASH_MS : SOON_ENOUGH_MS);
}
