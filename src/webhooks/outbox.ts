// The events of one room, or of one inbox, on their way to the back end: which are sent next, and what came of them.
// One batch at a time, in order, at least once. Where the events stand is the affair of a source.

import { Attempts, type StoredAttempts, type WebhookOutcome } from "./attempts.ts";
import { type Loss, Losses, type LossReason } from "./losses.ts";

/** What is stored beside the place up to which the back end was told. */
export interface StoredOutbox extends StoredAttempts {
  readonly losses?: readonly Loss[];
}

export interface BatchSize {
  readonly events: number;
  readonly bytes: number;
}

/** Events in order, each as JSON; or those that are too old, and then no others. */
export interface TakenEvents<Mark> {
  readonly events: readonly string[];
  /** The last of them, or the last that nobody is told of. */
  readonly mark: Mark;
  /** Whether there may be more. */
  readonly more: boolean;
  /** How many are given up, as they are a day old. */
  readonly expired: number;
}

/** Where events stand, and how far the back end was told. */
export interface WebhookSource<Mark> {
  /** Whether anything may be untold. */
  readonly isBehind: boolean;
  take(size: BatchSize, now: number): TakenEvents<Mark>;
  /** All up to `mark` are told, or not to be told. It does nothing if they have been purged meanwhile. */
  told(mark: Mark): void;
  /** Writes how far the back end was told. */
  write(outbox: StoredOutbox): void;
  /** What the event `events.lost` says of its origin: the room, or the user. */
  readonly origin: object;
  /** A name for good: of what was lost for this reason, as noted at this time. */
  lossId(reason: LossReason, now: number): string;
}

export interface WebhookBatch<Mark> {
  /** What is sent. */
  readonly body: string;
  readonly count: number;
  readonly mark: Mark;
  /** How many events of it say what was lost. */
  readonly losses: number;
}

export type NextStep<Mark> =
  | { readonly kind: "nothing" }
  | { readonly kind: "send"; readonly batch: WebhookBatch<Mark> }
  /** So long the next batch has to wait, at most a second. */
  | { readonly kind: "pause"; readonly ms: number }
  /** The alarm goes on then. */
  | { readonly kind: "alarm"; readonly at: number };

export interface OutboxPorts {
  /** From 0 to below 1. */
  random(): number;
  /** For the log. */
  lost(reason: LossReason, count: number): void;
}

const MAX_BYTES = 262_144;
/** The text around the events. */
const FRAME_BYTES = 64;
/** What is lost without end is said in steps, as each is a row and a line of the log. */
const SAID_AFTER = 100;
/** What is older is given up. */
export const GIVE_UP_AFTER_MS = 86_400_000;

export class WebhookOutbox<Mark> {
  readonly #source: WebhookSource<Mark>;
  readonly #ports: OutboxPorts;
  readonly #attempts: Attempts;
  readonly #losses: Losses;

  constructor(source: WebhookSource<Mark>, stored: StoredOutbox, ports: OutboxPorts) {
    this.#source = source;
    this.#ports = ports;
    this.#attempts = new Attempts(stored);
    this.#losses = new Losses(stored.losses ?? []);
  }

  /** Whether anything may be untold. */
  get isPending(): boolean {
    return this.#source.isBehind || this.#losses.all.length > 0;
  }

  /** When the alarm has to try again; `null`: nothing waits for it. */
  retryAt(now: number): number | null {
    return this.isPending ? this.#attempts.putOffUntil(now, this.#source.isBehind) : null;
  }

  /** How many attempts failed in a row. */
  get tries(): number {
    return this.#attempts.tries;
  }

  save(): void {
    const { all: losses } = this.#losses;
    this.#source.write({ ...this.#attempts.stored, ...(losses.length > 0 && { losses }) });
  }

  /** What to do now. A batch that is answered must be settled before this is asked again. */
  next(now: number): NextStep<Mark> {
    if (!this.isPending) return NOTHING;
    const at = this.#attempts.putOffUntil(now, this.#source.isBehind);
    if (at !== null) return { kind: "alarm", at };
    const ms = this.#attempts.pauseMs(now);
    if (ms > 0) return { kind: "pause", ms };
    for (;;) {
      const taken = this.#source.take({ events: this.#room, bytes: MAX_BYTES - FRAME_BYTES }, now);
      if (taken.expired > 0) this.#giveUp(taken, now);
      else if (taken.events.length > 0 || (this.#losses.all.length > 0 && !taken.more))
        return this.#send(taken, now);
      else this.#source.told(taken.mark);
      if (!taken.more && this.#losses.all.length === 0) return NOTHING;
    }
  }

  /** What came of a batch. It is written, and the alarm has to be set in the same turn. */
  settle(batch: WebhookBatch<Mark>, outcome: WebhookOutcome, now: number): void {
    if (outcome.kind === "told") {
      this.#attempts.succeeded();
      this.#losses.told(batch.losses);
      this.#source.told(batch.mark);
    } else this.#attempts.failed(outcome, batch, now, this.#ports.random());
    this.save();
  }

  /** Whether so many more have to be written down at once: the first one, and then each hundredth. */
  isWorthSaying(reason: LossReason, count: number): boolean {
    const isSaid = this.#losses.all.some((loss) => loss.reason === reason);
    return count >= (isSaid ? SAID_AFTER : 1);
  }

  /** Events that nobody will be told of. The caller saves. */
  lose(reason: LossReason, count: number, now: number): void {
    if (count === 0) return;
    this.#losses.add({ id: this.#source.lossId(reason, now), at: now, reason, count });
    this.#ports.lost(reason, count);
  }

  /** Places for events of the source in a batch that also says what was lost. */
  get #room(): number {
    return Math.max(1, this.#attempts.size - this.#losses.all.length);
  }

  /** In one turn, so that a crash counts them once. */
  #giveUp({ expired, mark }: TakenEvents<Mark>, now: number): void {
    this.lose("expired", expired, now);
    this.#source.told(mark);
    this.save();
  }

  #send({ events, mark }: TakenEvents<Mark>, now: number): NextStep<Mark> {
    const lost = this.#losses.all.map(({ id, at, reason, count }) =>
      JSON.stringify({ id, type: "events.lost", at, ...this.#source.origin, reason, count }),
    );
    const all = [...lost, ...events];
    this.#attempts.begin(now);
    const batch = {
      body: `{"events":[${all.join(",")}]}`,
      count: all.length,
      mark,
      losses: this.#losses.send(),
    };
    return { kind: "send", batch };
  }
}

const NOTHING = { kind: "nothing" } as const;

/** When an event of this JSON happened. `at` stands in it before all that a user chose. */
export const instantIn = (json: string): number => Number(/"at":(\d+)/.exec(json)?.[1] ?? 0);
