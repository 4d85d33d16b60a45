import type { Message, MessageDeleted, Reaction, SequencedEvent } from "../src/protocol/index.ts";

/** What is held of a room's log, by `seq`, with later changes folded in. The greater `changed` is the newer version. */
export class MessageList {
  #messages: Message[] = [];
  #frozen: readonly Message[] | undefined;

  /** Oldest first; the same array until something changes. */
  get all(): readonly Message[] {
    this.#frozen ??= Object.freeze([...this.#messages]);
    return this.#frozen;
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
        this.#alter(event.target, event.seq, (held) => deleted(held, event));
        return;
      case "reaction":
        this.#alter(event.target, event.seq, (held) => reacted(held, event));
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
    if (held?.seq === seq && changed > version(held)) this.#replace(index, 1, change(held));
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

const version = ({ seq, changed }: Message): number => changed ?? seq;

function deleted({ mentions: _, reactions: __, ...held }: Message, { seq, at }: MessageDeleted): Message {
  return { ...held, data: null, deletedAt: at, changed: seq };
}

function reacted({ reactions = {}, ...held }: Message, { seq, emoji, user, op }: Reaction): Message {
  const { [emoji]: users, ...others } = reactions;
  // What every object inherits, such as `constructor`, is no list.
  const without = Object.hasOwn(reactions, emoji) ? (users ?? []).filter((id) => id !== user) : [];
  const now = op === "add" ? [...without, user] : without;
  const next = now.length > 0 ? { ...reactions, [emoji]: now } : others;
  return { ...held, ...(Object.keys(next).length > 0 && { reactions: next }), changed: seq };
}
