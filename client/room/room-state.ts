// The stored state of a room, which is its events, folded; and what an app sees of it, with what is not stored yet laid
// over it.

import {
  type Message,
  matchesTopics,
  type Permission,
  type RoomConnected,
  type RoomEvent,
  type SequencedEvent,
  type Topics,
  type User,
} from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { ResumeKind } from "../connection/types.ts";
import { memo } from "../util/listeners.ts";
import { type MemberEvent, MemberList } from "./member-list.ts";
import { changeIn, type PendingChange, version, withChange, withChanges } from "./messages/changes.ts";
import { type Outbox, pendingMessage } from "./messages/outbox.ts";
import type { UntypedRoomMessage, UntypedSnapshot } from "./room-types.ts";

export class RoomState {
  readonly messages = new MessageList();
  #members = new MemberList();
  #user: User | null = null;
  #permission: Permission = "none";
  #head = 0;
  #floor = 0;

  get user(): User | null {
    return this.#user;
  }

  get permission(): Permission {
    return this.#permission;
  }

  get head(): number {
    return this.#head;
  }

  get members() {
    return this.#members.members;
  }

  get occupancy() {
    return this.#members.occupancy;
  }

  /** The users of these ids; only the `id` of one that is not among the members. */
  readonly usersOf = memo((ids: readonly string[], members: readonly User[]): readonly User[] => {
    const byId = new Map(members.map((member) => [member.id, member]));
    return Object.freeze(ids.map((id) => byId.get(id) ?? { id }));
  });

  begin(frame: RoomConnected, resume: ResumeKind): void {
    if (resume !== "kept") this.messages.dropUpTo();
    this.dropUpTo(frame.floor);
    this.#user = frame.user;
    this.#permission = frame.permission;
    this.#head = frame.head;
    this.#members.begin(frame);
  }

  /** What is held is what a former user may read. */
  forget(): void {
    this.messages.dropUpTo();
    this.#user = null;
    this.#permission = "none";
    this.#head = 0;
    this.#members = new MemberList();
  }

  /** The log begins after `floor`: what is held at or below it may have changed without an event. */
  dropUpTo(floor: number): void {
    this.#floor = floor;
    this.messages.dropUpTo(floor);
  }

  setPermission(permission: Permission): void {
    this.#permission = permission;
  }

  reached(seq: number): void {
    this.#head = Math.max(this.#head, seq);
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case "message":
      case "messageUpdated":
      case "messageDeleted":
      case "reaction":
        this.reached(event.seq);
        this.messages.apply(event);
        return;
      case "signal":
      case "receipt":
        return;
      default:
        this.#members.apply(event satisfies MemberEvent);
    }
  }

  addOlder(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq > this.#floor) this.messages.add(message);
  }
}

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

/** The parts of a room that a snapshot is read from. */
export interface RoomParts {
  readonly channel: { readonly state: ConnectionState; readonly topics: { readonly wanted: Topics } };
  readonly state: RoomState;
  readonly changes: { readonly shown: readonly PendingChange[] };
  readonly reads: { readonly unread: number };
  readonly outbox: Outbox;
  readonly typing: { readonly users: readonly string[] };
}

/** Returns what reads the snapshot. Each field is the same object until something in it changes. */
export function roomView(parts: RoomParts): () => UntypedSnapshot {
  const { channel, state, changes, reads, outbox, typing } = parts;

  const storedMessages = memo(
    (messages: readonly Message[], shown: readonly PendingChange[], self: string | undefined) =>
      Object.freeze(withChanges(messages, shown, self)),
  );

  const allMessages = memo(
    (stored: readonly Message[], _items: Outbox["items"], user: User | null, wanted: Topics) => {
      const pending = outbox.entries.filter(({ said }) => matchesTopics(wanted, said.event));
      if (pending.length === 0) return stored;
      const all: UntypedRoomMessage[] = [...stored, ...pending.map((entry) => pendingMessage(entry, user))];
      return Object.freeze(all);
    },
  );

  return () => {
    const stored = storedMessages(state.messages.all, changes.shown, state.user?.id);
    return {
      state: channel.state,
      user: state.user,
      permission: state.permission,
      head: state.head,
      messages: allMessages(stored, outbox.items, state.user, channel.topics.wanted),
      members: state.members,
      occupancy: state.occupancy,
      typing: state.usersOf(typing.users, state.members),
      unread: reads.unread,
      outbox: outbox.items,
    };
  };
}
