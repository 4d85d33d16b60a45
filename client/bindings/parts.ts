// The parts of a room that a component shows: each framework selects by the same functions, so that a change of one part
// renders no component that shows another.

import {
  type AnyRoom,
  type Client,
  type EventMap,
  type Inbox,
  type InboxSnapshot,
  inboxOf,
  type Member,
  type Occupancy,
  type OutboxItem,
  type RegisteredEvents,
  type RoomSnapshot,
  type User,
} from "../index.ts";
import { oncePer, type Source } from "./source.ts";

type AnySnapshot = ReturnType<AnyRoom["getSnapshot"]>;

export interface MembersPart {
  /** Who is here. Empty in a room that is too big for a list. */
  readonly members: readonly Member[];
  /** How many are here, also in a room that is too big for a list. */
  readonly occupancy: Occupancy;
}

export interface OutboxPart<Events extends EventMap = RegisteredEvents> {
  /** What waits for its turn or its answer, in the order of `send`. */
  readonly pending: readonly OutboxItem<Events>[];
  /** What waits for `retry(id)` or `discard(id)`. */
  readonly failed: readonly OutboxItem<Events>[];
}

export const membersOf = ({ members, occupancy }: AnySnapshot): MembersPart => ({ members, occupancy });

export const typingOf = ({ typing }: AnySnapshot): readonly User[] => typing;

export const unreadOf = ({ unread }: AnySnapshot): number => unread;

export const outboxOf = <Events extends EventMap>({ outbox }: RoomSnapshot<Events>): OutboxPart<Events> => ({
  pending: outbox.filter(({ status }) => status !== "failed"),
  failed: outbox.filter(({ status }) => status === "failed"),
});

export const all = <Snapshot>(snapshot: Snapshot): Snapshot => snapshot;

const INBOX_OF_SERVER: InboxSnapshot = Object.freeze({
  state: Object.freeze({ status: "connecting", attempt: 1 }),
  notifications: Object.freeze([]),
  unread: 0,
});

/** The inbox of a client. It opens with the first subscription. */
export const inboxSource = oncePer((client: Client): Source<InboxSnapshot> & { readonly inbox: Inbox } => {
  const inbox = inboxOf(client);
  return {
    inbox,
    getSnapshot: inbox.getSnapshot,
    isIdle: () => inbox.state.status === "disconnected",
    subscribe: inbox.subscribe,
    serverSnapshot: INBOX_OF_SERVER,
  };
});
