import type { Message, SequencedEvent } from "../../../src/protocol/index.ts";
import { changeIn, withChange } from "./message-changes.ts";

/** The messages that are held of a room's log, by `seq`, with later changes folded in. The newer version wins. */
export class MessageList {
  #messages: Message[] = [];
  #frozen: readonly Message[] | undefined;

  /** Oldest first; the same array until something changes. */
  get all(): readonly Message[] {
    this.#frozen ??= Object.freeze([...this.#messages]);
    return this.#frozen;
  }

  get(seq: number): Message | undefined {
    const held = this.#messages[this.#indexOf(seq)];
    return held?.seq === seq ? held : undefined;
  }

  /** Ignores a change to a message that is not held. */
  apply(event: SequencedEvent): void {
    if (event.type === "message") {
      this.add(event);
      return;
    }
    const { change, by } = changeIn(event);
    const held = this.get(change.seq);
    if (held === undefined) return;
    this.add(
      event.type === "messageUpdated"
        ? event.message
        : { ...withChange(held, change, event.at, by), changed: event.seq },
    );
  }

  /** Ignores a version that is not newer than the one that is held. */
  add(message: Message): void {
    const index = this.#indexOf(message.seq);
    const held = this.#messages[index];
    const isHeld = held?.seq === message.seq;
    if (!isHeld || version(message) > version(held)) this.#replace(index, isHeld ? 1 : 0, message);
  }

  /** Drops what stands at or below `floor`; by default everything. */
  dropUpTo(floor = Number.POSITIVE_INFINITY): void {
    const dropped = this.#indexOf(floor + 1);
    if (dropped > 0) this.#replace(0, dropped);
  }

  #replace(index: number, count: number, ...messages: Message[]): void {
    this.#messages.splice(index, count, ...messages);
    this.#frozen = undefined;
  }

  /** The index of the first message at or after `seq`. */
  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#messages[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The `seq` of the last change to a message, or its own. */
export const version = ({ seq, changed = seq }: Message): number => changed;
