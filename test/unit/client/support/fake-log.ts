// What a room stores: messages and their changes, in one order. Each change returns its event, or why there is none. To
// add a kind of change, add a case in `change`.

import type { Message } from "../../../../src/protocol/index.ts";
import type { Frame } from "./fake-sockets.ts";

export type LogFrame = Frame & { readonly seq: number };

/** The result of a change: its event, `unchanged`, or a code. */
export type Change = LogFrame | "unchanged" | "not_found" | "forbidden";

export interface Author {
  /** `null` is server code. */
  readonly user: string | null;
  readonly mayModerate: boolean;
}

export class FakeLog {
  readonly #retention: number;
  readonly #messages = new Map<number, Message>();
  #head = 0;

  constructor(retention: number) {
    this.#retention = retention;
  }

  get head(): number {
    return this.#head;
  }

  /** The seq just below the oldest message that is held. */
  get floor(): number {
    return ([...this.#messages.keys()].at(-this.#retention) ?? 1) - 1;
  }

  /** Everything ever stored, in its current state. */
  get messages(): readonly Message[] {
    return [...this.#messages.values()];
  }

  /** The messages that a change can find. */
  get open(): readonly Message[] {
    return this.messages.filter(({ seq, deletedAt }) => seq > this.floor && deletedAt === undefined);
  }

  add(id: string, user: string, data: unknown): Message {
    const seq = ++this.#head;
    const message: Message = { type: "message", seq, id, event: "chat", from: { id: user }, at: seq, data };
    this.#messages.set(seq, message);
    return message;
  }

  change(target: number, { type, data, emoji, op }: Frame, by: Author): Change {
    if (type === "edit") return this.#edit(target, data, by);
    if (type === "delete") return this.#delete(target, by);
    if (type === "react") return this.#react(target, String(emoji), op === "add", String(by.user));
    throw new Error(`no case for ${String(type)}`);
  }

  /** Messages after this seq that are neither deleted nor this user's own. */
  unread(after: number, user: string): number {
    return this.open.filter(({ seq, from }) => seq > after && from?.id !== user).length;
  }

  replay(after: number): LogFrame[] {
    const frames: LogFrame[] = [];
    for (const message of this.messages) {
      const { seq, changed = 0, deletedAt: at = 0 } = message;
      if (seq > Math.max(after, this.floor)) frames.push({ ...message });
      else if (changed > after && deletedAtLast(message)) {
        frames.push({ type: "messageDeleted", seq: changed, at, target: seq, by: null });
      } else if (changed > after) {
        frames.push({ type: "messageUpdated", seq: changed, at: changed, message, by: null });
      }
    }
    return frames.sort((a, b) => a.seq - b.seq);
  }

  #edit(target: number, data: unknown, by: Author): Change {
    const held = this.#open(target, by);
    if (typeof held === "string") return held;
    const seq = ++this.#head;
    const { editedBy: _, ...before } = held;
    const editedBy = by.user !== held.from?.id && { editedBy: by.user };
    const message = { ...before, data, editedAt: seq, changed: seq, ...editedBy };
    this.#messages.set(target, message);
    return { type: "messageUpdated", seq, at: seq, message, by: by.user };
  }

  #delete(target: number, by: Author): Change {
    const known = this.#messages.get(target);
    if (known?.deletedAt !== undefined && target > this.floor) return "unchanged";
    const held = this.#open(target, by);
    if (typeof held === "string") return held;
    const { reactions: _, editedAt: __, editedBy: ___, ...rest } = held;
    const seq = ++this.#head;
    this.#messages.set(target, { ...rest, data: null, deletedAt: seq, changed: seq });
    return { type: "messageDeleted", seq, at: seq, target, by: by.user };
  }

  #react(target: number, emoji: string, adds: boolean, user: string): Change {
    const held = this.open.find(({ seq }) => seq === target);
    if (held === undefined) return "not_found";
    const { reactions: { [emoji]: users = [], ...others } = {}, ...rest } = held;
    if (users.includes(user) === adds) return "unchanged";
    const seq = ++this.#head;
    const now = adds ? [...users, user] : users.filter((id) => id !== user);
    const reactions = { ...others, ...(now.length > 0 && { [emoji]: now }) };
    const has = Object.keys(reactions).length > 0;
    this.#messages.set(target, { ...rest, ...(has && { reactions }), changed: seq });
    return { type: "reaction", seq, at: seq, target, emoji, user, op: adds ? "add" : "remove" };
  }

  #open(target: number, { user, mayModerate }: Author): Message | "not_found" | "forbidden" {
    const held = this.open.find(({ seq }) => seq === target);
    if (held === undefined) return "not_found";
    return user === null || mayModerate || held.from?.id === user ? held : "forbidden";
  }
}

const deletedAtLast = ({ deletedAt, changed }: Message): boolean =>
  deletedAt !== undefined && deletedAt === changed;
