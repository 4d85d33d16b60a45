// What an app sees of a room: the stored state, with what is not stored yet laid over it.

import { type Message, matchesTopics, type Topics, type User } from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import { memo } from "../util/snapshot-store.ts";
import type { Outbox } from "./messages/outbox.ts";
import { pendingMessage, type RoomMessage } from "./messages/outbox-entry.ts";
import { type PendingChange, withChanges } from "./messages/pending-changes.ts";
import type { RoomState } from "./room-state.ts";
import type { RoomSnapshot } from "./room-types.ts";

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
export function roomView(parts: RoomParts): () => RoomSnapshot {
  const { channel, state, changes, reads, outbox, typing } = parts;

  const storedMessages = memo(
    (messages: readonly Message[], shown: readonly PendingChange[], self: string | undefined) =>
      Object.freeze(withChanges(messages, shown, self)),
  );

  const allMessages = memo(
    (stored: readonly Message[], _items: Outbox["items"], user: User | null, wanted: Topics) => {
      const pending = outbox.entries.filter(({ said }) => matchesTopics(wanted, said.event));
      if (pending.length === 0) return stored;
      const all: RoomMessage[] = [...stored, ...pending.map((entry) => pendingMessage(entry, user))];
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
