// Asks again and again while somebody can see the page.

/** @typedef {ReturnType<typeof startPolling>} Polling */

const LONGEST_MS = 60_000;

/**
 * How long to wait for the next poll. Pages that were opened together drift apart; after errors all wait longer, and
 * at least as long as the server says.
 *
 * @param {number} everyMs
 * @param {number} failures in a row
 * @param {number} random from 0 to 1
 * @param {number} [retryAfterMs]
 */
export function pollDelayMs(everyMs, failures, random, retryAfterMs = 0) {
  if (failures === 0) return everyMs * (0.9 + 0.2 * random);
  const longest = Math.max(everyMs, Math.min(LONGEST_MS, everyMs * 2 ** failures));
  return retryAfterMs + longest * (0.5 + 0.5 * random);
}

/**
 * Polls at once, and then again and again while the page is visible, until the signal. One poll ends before the next
 * one begins.
 *
 * @param {{
 *   everyMs: number, signal: AbortSignal, poll(): Promise<unknown>, onError?(error: unknown): void, random?(): number,
 * }} options
 */
export function startPolling({ everyMs, signal, poll, onError, random = Math.random }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  let isAsking = false;
  let isAskedAgain = false;
  const isOver = () => signal.aborted || document.visibilityState === "hidden";

  async function now() {
    if (isOver()) return;
    if (isAsking) {
      isAskedAgain = true;
      return;
    }
    clearTimeout(timer);
    isAsking = true;
    isAskedAgain = false;
    let retryAfterMs = 0;
    try {
      await poll();
      failures = 0;
    } catch (error) {
      failures++;
      retryAfterMs = Number(/** @type {{ retryAfterMs?: number }} */ (error).retryAfterMs ?? 0);
      if (!signal.aborted) onError?.(error);
    }
    isAsking = false;
    if (isOver()) return;
    const waitMs = isAskedAgain ? 0 : pollDelayMs(everyMs, failures, random(), retryAfterMs);
    timer = setTimeout(() => void now(), waitMs);
  }

  function onVisibility() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") void now();
  }

  document.addEventListener("visibilitychange", onVisibility, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  void now();
  return {
    /** Asks at once: after an act, or because somebody wants to know. */
    now: () => void now(),
  };
}
