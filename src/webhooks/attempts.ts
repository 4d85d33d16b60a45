// When the back end is tried again, and with how many events at once.

/** What came of one request. Never holds anything of an answer but its status. */
export type WebhookOutcome =
  | { readonly kind: "told" }
  | {
      readonly kind: "failed";
      /** Why, for the log. */
      readonly why: string;
      /** What the answer asks for; 0: nothing. */
      readonly retryAfterMs: number;
      /** The receiver refuses what it was sent: fewer events may say which of them it refuses. */
      readonly isRefusal: boolean;
    };

/** As it is stored; a field that is left out has the value of a new one. */
export interface StoredAttempts {
  readonly tries?: number;
  readonly retryAt?: number;
  readonly size?: number;
}

const MAX_BATCH_EVENTS = 100;
/** A batch begins no sooner after the one before. */
const BATCH_EVERY_MS = 1_000;
const FIRST_WAIT_MS = 5_000;
/** The longest wait is twice as long, as up to the same again is added by chance. */
const MAX_BASE_MS = 150_000;
const MAX_RETRY_AFTER_MS = 15 * 60_000;
/** The wait while nothing is left but to say what was lost, and up to twice as long. A room of which nobody hears any more costs no more. */
const LOSS_BASE_MS = 3 * 3_600_000;

export class Attempts {
  #tries: number;
  #retryAt: number | null;
  #size: number;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor({ tries = 0, retryAt, size = MAX_BATCH_EVENTS }: StoredAttempts) {
    this.#tries = tries;
    this.#retryAt = retryAt ?? null;
    this.#size = size;
  }

  /** How many events the next batch has at most. */
  get size(): number {
    return this.#size;
  }

  /** How many failed in a row. */
  get tries(): number {
    return this.#tries;
  }

  get stored(): StoredAttempts {
    return {
      ...(this.#tries > 0 && { tries: this.#tries }),
      ...(this.#retryAt !== null && { retryAt: this.#retryAt }),
      ...(this.#size < MAX_BATCH_EVENTS && { size: this.#size }),
    };
  }

  /**
   * When the alarm has to try again; `null`: it may be tried now. If the clock was set back, it does not wait for the old
   * time; nor does an event that comes while only losses were left. `hasEvents`: whether there is anything but losses.
   */
  putOffUntil(now: number, hasEvents: boolean): number | null {
    const at = this.#retryAt;
    const longest = hasEvents ? MAX_RETRY_AFTER_MS : 2 * LOSS_BASE_MS;
    return at !== null && at > now && at <= now + longest ? at : null;
  }

  /** How long the next one has to wait for the one before, at most a second. */
  pauseMs(now: number): number {
    const sinceMs = now - this.#begunAt;
    return sinceMs >= 0 && sinceMs < BATCH_EVERY_MS ? BATCH_EVERY_MS - sinceMs : 0;
  }

  begin(now: number): void {
    this.#begunAt = now;
  }

  succeeded(): void {
    this.#tries = 0;
    this.#retryAt = null;
    this.#size = Math.min(MAX_BATCH_EVENTS, this.#size * 2);
  }

  /** `events`: how many there were, and `losses` of them say what was lost. `random`: from 0 to below 1. */
  failed(
    { retryAfterMs, isRefusal }: WebhookFailure,
    { count: events, losses }: { readonly count: number; readonly losses: number },
    now: number,
    random: number,
  ): void {
    const growingMs = Math.min(MAX_BASE_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#tries, 16));
    const baseMs = losses === events && growingMs === MAX_BASE_MS ? LOSS_BASE_MS : growingMs;
    const askedMs = Math.min(MAX_RETRY_AFTER_MS, retryAfterMs * (1 + random / 10));
    this.#tries += 1;
    this.#retryAt = now + Math.round(Math.max(baseMs * (1 + random), askedMs));
    if (isRefusal) this.#size = Math.max(1, Math.floor(events / 2));
  }
}

export type WebhookFailure = Extract<WebhookOutcome, { readonly kind: "failed" }>;

/** `status` of an answer, and its `Retry-After` in seconds or as a date. */
export function outcomeOf(status: number, retryAfter: string | null, now: number): WebhookOutcome {
  if (status >= 200 && status < 300) return { kind: "told" };
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return { kind: "failed", why: `answered ${status}`, retryAfterMs: waitOf(retryAfter, now), isRefusal };
}

function waitOf(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  const ms = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
