// Whom the room has closed at a relay. What such a connection sent may be on its way yet, and takes no effect any more.

import { closingFor, type Expelled, type Expulsion } from "../people/expulsion.ts";
import type { RoomConnectionState } from "../people/room-connection.ts";

/** One connection, or all whom an act of moderation closes. */
type End =
  | { readonly kind: "one"; readonly id: string }
  | { readonly kind: "many"; readonly whom: Expelled; readonly expulsion: Expulsion };

export class EndedThere {
  /** Of the next dispatch. */
  #next: End[] = [];
  /** By the number of the dispatch that says so. */
  readonly #ends = new Map<number, readonly End[]>();

  add(end: End): void {
    this.#next.push(end);
  }

  /** The dispatch with this number says it. */
  dispatched(number: number): void {
    if (this.#next.length === 0) return;
    this.#ends.set(number, this.#next);
    this.#next = [];
  }

  /** What comes from the relay from now on was made after this dispatch. */
  seen(number: number): void {
    for (const dispatched of this.#ends.keys()) if (dispatched <= number) this.#ends.delete(dispatched);
  }

  has(state: RoomConnectionState, now: number): boolean {
    const isMeant = (end: End): boolean => {
      if (end.kind === "one") return end.id === state.id;
      return closingFor(end.whom, end.expulsion, state, now) !== undefined;
    };
    if (this.#next.some(isMeant)) return true;
    for (const ends of this.#ends.values()) if (ends.some(isMeant)) return true;
    return false;
  }
}
