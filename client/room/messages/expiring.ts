// Messages that the room will delete at a known time. A room that is connected says so by an event. Without a connection the
// client shows such a message as deleted as soon as its time is over; what is stored of it stays until the event comes.

import type { Message } from "../../../src/protocol/index.ts";
import { withChange } from "./changes.ts";

/** Which messages of a list expire. A look that finds nothing takes no time, however many there are. */
export class Expiring {
  readonly #held: (seq: number) => Message | undefined;
  readonly #seqs = new Set<number>();
  /** In the server's time: nothing expires before it. */
  next = Number.POSITIVE_INFINITY;
  #over: readonly Message[] = [];

  constructor(held: (seq: number) => Message | undefined) {
    this.#held = held;
  }

  /** The list has this message, or this version of it. */
  put({ seq, expiresAt }: Message): void {
    if (expiresAt === undefined) return;
    this.#seqs.add(seq);
    this.next = Math.min(this.next, expiresAt);
  }

  /** Those whose time is over by `now`, in the server's time: the same list until there may be others. */
  over(now: number): readonly Message[] {
    if (now < this.next) return this.#over;
    this.next = Number.POSITIVE_INFINITY;
    const over: Message[] = [];
    for (const seq of this.#seqs) {
      const held = this.#held(seq);
      if (held?.expiresAt === undefined) this.#seqs.delete(seq);
      else if (held.expiresAt > now) this.put(held);
      else over.push(held);
    }
    this.#over = over;
    return over;
  }
}

/** The message as it is shown when its time is over. */
export const expired = (message: Message): Message =>
  withChange(message, { type: "delete", seq: message.seq }, message.expiresAt ?? 0, null);
