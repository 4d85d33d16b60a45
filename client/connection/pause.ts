import type { Cancel, Ports } from "../util/ports.ts";

/** Hints come in bursts; nobody is asked again sooner than this after the last try. */
const MIN_BETWEEN_TRIES_MS = 1_000;

export interface Wait {
  readonly triedAt: number;
  readonly retryAfterMs: number;
  readonly backoffMs: number;
}

export interface PausePorts extends Pick<Ports, "clock" | "onWake"> {
  /** As `onWake`, with how long to wait still. */
  onReachable?(fn: (waitMs: number) => void): Cancel;
}

/**
 * Waits until the next try. A hint cuts the back-off short, but not what the server asked for. `onPlan` is told when
 * the wait ends, and again when that changes. Resolves at once when aborted.
 */
export function pause(
  { clock, onWake, onReachable }: PausePorts,
  { triedAt, retryAfterMs, backoffMs }: Wait,
  signal: AbortSignal,
  onPlan: (retryAt: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = clock.now();
    const earliestAt = Math.max(triedAt + MIN_BETWEEN_TRIES_MS, startedAt + retryAfterMs);
    let retryAt = startedAt + retryAfterMs + backoffMs;
    let cancelTimer: Cancel = () => {};
    const end = () => {
      cancelTimer();
      cancelWake();
      cancelReachable?.();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const arm = () => {
      cancelTimer();
      cancelTimer = clock.after(Math.max(0, retryAt - clock.now()), end);
    };
    const hurry = (waitMs: number) => {
      const planned = retryAt;
      retryAt = Math.min(planned, Math.max(clock.now() + waitMs, earliestAt));
      // Also where nothing changes: timers may have slept with the machine.
      arm();
      if (retryAt !== planned) onPlan(retryAt);
    };
    const cancelWake = onWake(() => hurry(0));
    const cancelReachable = onReachable?.(hurry);
    signal.addEventListener("abort", end);
    arm();
    onPlan(retryAt);
  });
}
