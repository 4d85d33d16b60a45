import type { Message, SequencedEvent } from "../../../src/protocol/index.ts";
import { deletedMessage, reactedMessage } from "./message-changes.ts";

/** What is held of a room's log, by `seq`, with later changes folded in. The greater `changed` is the newer version. */
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

  /** Changes to what is not held are ignored. */
  apply(event: SequencedEvent): void {
    switch (event.type) {
      case "message":
        this.add(event);
        return;
      case "messageUpdated":
        this.#alter(event.message.seq, version(event.message), () => event.message);
        return;
      case "messageDeleted":
        this.#alter(event.target, event.seq, (held) => deletedMessage(held, event.at));
        return;
      case "reaction":
        this.#alter(event.target, event.seq, (held) => reactedMessage(held, event));
        return;
      default:
        event satisfies never;
    }
  }

  add(message: Message): void {
    const index = this.#indexOf(message.seq);
    const held = this.#messages[index];
    if (held?.seq !== message.seq) this.#replace(index, 0, message);
    else if (version(message) > version(held)) this.#replace(index, 1, message);
  }

  /** Forgets what the log no longer answers for. */
  dropUpTo(floor: number): void {
    const kept = this.#indexOf(floor + 1);
    if (kept > 0) this.#replace(0, kept);
  }

  clear(): void {
    if (this.#messages.length > 0) this.#replace(0, this.#messages.length);
  }

  #alter(seq: number, changed: number, change: (held: Message) => Message): void {
    const index = this.#indexOf(seq);
    const held = this.#messages[index];
    if (held?.seq === seq && changed > version(held)) this.#replace(index, 1, { ...change(held), changed });
  }

  #replace(index: number, count: number, ...messages: Message[]): void {
    this.#messages.splice(index, count, ...messages);
    this.#frozen = undefined;
  }

  /** Of the first message at or after `seq`. */
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

export const version = ({ seq, changed }: Message): number => changed ?? seq;
