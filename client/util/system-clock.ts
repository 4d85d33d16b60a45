import type { Cancel, Clock } from "./ports.ts";

/** Timers take a signed 32-bit number of milliseconds: a longer wait would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs: number, fn: () => void): Cancel {
    const timer = setTimeout(fn, Math.min(delayMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
