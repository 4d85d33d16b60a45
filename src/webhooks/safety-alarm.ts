// The alarm that sends after a crash what was under way, and that finds out who a crash has taken.

/** An alarm that is no further ahead is soon enough, so that a room that talks sets none for each message. */
const SOON_ENOUGH_MS = 15 * 60_000;
/** Otherwise one is set so far ahead. */
const AFTER_CRASH_MS = 60_000;

/** When the alarm has to go off at the latest; `null`: it is right as it is. `current`: when it does. */
export function safetyAlarm(needsAlarm: boolean, current: number | null, now: number): number | null {
  const isSafe = !needsAlarm || (current !== null && current <= now + SOON_ENOUGH_MS);
  return isSafe ? null : now + AFTER_CRASH_MS;
}
