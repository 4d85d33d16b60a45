/** No timer is further ahead than this. */
const MAX_TIMER_MS = 5_000;

/** The one timer of a room: it starts a flush, some seconds ahead at most, as the object is paid for meanwhile. */
export class FlushTimer {
  readonly #flush: () => void;
  #timer: number | null = null;
  /** When it goes off, in milliseconds; `Infinity`: there is none. */
  #at = Number.POSITIVE_INFINITY;

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Sets it to `at`, sooner or later than it was; `null`: there is none any more. */
  set(at: number | null): void {
    clearTimeout(this.#timer);
    this.#at = at ?? Number.POSITIVE_INFINITY;
    if (at === null) return;
    // If the clock was set back, it would be further ahead, and keep the object awake till then.
    const inMs = Math.min(MAX_TIMER_MS, Math.max(0, at - Date.now()));
    // A pending timer keeps the object in memory by itself.
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#flush();
    }, inMs);
  }

  /** Makes sure that it goes off by `at`; `null`: it stays as it is. */
  by(at: number | null): void {
    if (at !== null && at < this.#at) this.set(at);
  }
}
