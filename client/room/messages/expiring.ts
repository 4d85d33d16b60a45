// Messages that the room will delete at a known time. A room that is connected says so by an event. Without a connection the
// client shows such a message as deleted as soon as its time is over; what is stored of it stays until the event comes.

import type { Message } from "../../../src/protocol/index.ts";
import { withChange } from "./changes.ts";

/** Which messages of a list expire. Until the time of the next one a look takes no time, however many there are. */
export class Expiring {
  readonly #held: () => readonly (readonly Message[])[];
  /** In the server's time: nothing expires before it. */
  next = Number.POSITIVE_INFINITY;
  #over: readonly Message[] = [];

  /** `held`: the list, in pieces. */
  constructor(held: () => readonly (readonly Message[])[]) {
    this.#held = held;
  }

  /** The list has this message, or this version of it. */
  put({ expiresAt = this.next }: Message): void {
    this.next = Math.min(this.next, expiresAt);
  }

  /** Those whose time is over by `now`, in the server's time: the same list until there may be others. */
  over(now: number): readonly Message[] {
    if (now < this.next) return this.#over;
    this.next = Number.POSITIVE_INFINITY;
    const isOver = (message: Message): boolean => {
      if (message.expiresAt !== undefined && message.expiresAt <= now) return true;
      this.put(message);
      return false;
    };
    this.#over = this.#held().flatMap((piece) => piece.filter(isOver));
    return this.#over;
  }
}

/** The message as it is shown when its time is over. */
export const expired = (message: Message): Message =>
  withChange(message, { type: "delete", seq: message.seq }, message.expiresAt ?? 0, null);
