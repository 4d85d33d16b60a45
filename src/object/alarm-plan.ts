// One alarm serves what has to be done while the object sleeps. Setting it is a row written, so it is left alone where
// it will do.

/** How often a sleeping object with connections looks for ghosts. */
export const SWEEP_EVERY_MS = 15 * 60_000;
/** A room in which nothing was ever stored is forgotten this long after its last connection or call. */
export const FORGET_AFTER_MS = 60 * 60_000;
/** How much later than that at most, so that not every touch of such a room sets the alarm again. */
const FORGET_SLACK_MS = 5 * 60_000;

export interface ObjectLife {
  readonly connections: number;
  /** Whether there is anything that must not be forgotten. Asked last, as it may take reading. */
  isKept(): boolean;
}

/** When the alarm has to go off, or `null` to leave it as it is. */
export function planAlarm(
  { connections, isKept }: ObjectLife,
  current: number | null,
  now: number,
): number | null {
  if (connections >= 2) return soonerThan(current, now + SWEEP_EVERY_MS);
  if (current !== null && current >= now + FORGET_AFTER_MS) return null;
  if (isKept()) return null;
  return now + FORGET_AFTER_MS + FORGET_SLACK_MS;
}

const soonerThan = (current: number | null, at: number): number | null =>
  current === null || current > at ? at : null;
