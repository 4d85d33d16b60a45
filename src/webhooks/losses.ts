// What the back end will never be told, until it was told that much.

export type LossReason = "expired" | "overflow" | "purged";

export interface Loss {
  /** Of the event `events.lost`. */
  readonly id: string;
  readonly at: number;
  readonly reason: LossReason;
  readonly count: number;
}

/** An outage that goes on adds one an attempt: further ones are counted with the last of their reason. */
const MAX_LOSSES = 20;

export class Losses {
  #all: Loss[];
  /** How many of them have been sent, perhaps: what an id stands for does not change. */
  #sent: number;

  constructor(stored: readonly Loss[]) {
    this.#all = [...stored];
    this.#sent = stored.length;
  }

  get all(): readonly Loss[] {
    return this.#all;
  }

  add(loss: Loss): void {
    const isFull = this.#all.length >= MAX_LOSSES;
    const at = this.#all.findLastIndex(
      ({ reason }, place) => reason === loss.reason && (isFull || place >= this.#sent),
    );
    const before = this.#all[at];
    if (before === undefined) this.#all.push(loss);
    else this.#all[at] = { ...loss, count: before.count + loss.count };
  }

  /** They are about to be sent. Answers how many there are. */
  send(): number {
    this.#sent = this.#all.length;
    return this.#sent;
  }

  /** The first `count` have arrived. */
  told(count: number): void {
    this.#all.splice(0, count);
    this.#sent = Math.max(0, this.#sent - count);
  }
}
