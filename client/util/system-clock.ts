import type { Cancel, Clock } from "./ports.ts";

/** Timers take a signed 32-bit number of milliseconds: a longer wait would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** In Node a timer is an object, which keeps the process running unless it is told not to. */
type Timer = number | { unref?(): unknown };

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs: number, fn: () => void, isIdle = false): Cancel {
    const timer = setTimeout(fn, Math.min(delayMs, MAX_TIMER_MS));
    if (isIdle) unref(timer);
    return () => clearTimeout(timer);
  },
};

function unref(timer: Timer): void {
  if (typeof timer === "object") timer.unref?.();
}
