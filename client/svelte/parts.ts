// Parts of a room as objects with getters: read them where they are used (`chat.messages`), a destructured one is a copy.

import { type OlderPages, type OlderPagesSource, olderMessages } from "../bindings/older-pages.ts";
import {
  all,
  type MembersPart,
  membersOf,
  type OutboxPart,
  outboxOf,
  typingOf,
  unreadOf,
} from "../bindings/parts.ts";
import { clientConnection, messagesIn, roomConnection, type UseMessagesOptions } from "../bindings/source.ts";
import type { ConnectionState, EventMap, RegisteredEvents, RoomHandle, RoomMessage, User } from "../index.ts";
import { Reader } from "./reader.ts";
import { useClient } from "./rooms-client.ts";
import { type Current, type MaybeRoom, readRoom, toRoom } from "./use-room.ts";

export interface OlderPart extends OlderPages {
  /** Loads an older page. Never rejects: see `olderError`. */
  readonly loadOlder: (limit?: number) => Promise<void>;
}

export function readPages(pages: () => OlderPagesSource): OlderPart {
  const reader = new Reader(pages, all<OlderPages>);
  return {
    get hasOlder() {
      return reader.current.hasOlder;
    },
    get isLoadingOlder() {
      return reader.current.isLoadingOlder;
    },
    get olderError() {
      return reader.current.olderError;
    },
    loadOlder: (limit) => pages().loadOlder(limit),
  };
}

/** As a spread of both, which would keep what each getter returned once. */
export function withGetters<A extends object, B extends object>(a: A, b: B): A & B {
  const both = Object.assign(a, b);
  Object.defineProperties(both, Object.getOwnPropertyDescriptors(b));
  return both;
}

export interface MessagesPart<Events extends EventMap = RegisteredEvents> extends OlderPart {
  /** As `messages` of the room, or the latest of them: oldest first, own ones that are not stored yet at the end. */
  readonly messages: readonly RoomMessage<Events>[];
}

/**
 * The messages of a room, and the pages before them. Presence and typing change nothing here. A function as `options`
 * follows state.
 *
 * @example
 * const chat = useMessages(room, { latest: 20 }); // without the number: all that the room holds
 * const last = $derived(chat.messages.at(-1));
 */
export function useMessages<Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
  options?: UseMessagesOptions | (() => UseMessagesOptions),
): MessagesPart<Events> {
  const reader = readRoom(room, (snapshot) =>
    messagesIn(snapshot, () => toRoom(room), typeof options === "function" ? options() : options),
  );
  const part = {
    get messages() {
      return reader.current;
    },
  };
  return withGetters(
    part,
    readPages(() => olderMessages(toRoom(room))),
  );
}

/**
 * Who is in a room.
 *
 * @example
 * const people = useMembers(room);
 * const count = $derived(people.occupancy.members);
 */
export function useMembers<Events extends EventMap>(room: MaybeRoom<Events>): MembersPart {
  const reader = readRoom(room, membersOf);
  return {
    get members() {
      return reader.current.members;
    },
    get occupancy() {
      return reader.current.occupancy;
    },
  };
}

export interface TypingPart {
  /** The others who type now. */
  readonly typing: readonly User[];
  /** To be called with every key. */
  readonly startTyping: () => void;
  readonly stopTyping: () => void;
}

/**
 * Who types.
 *
 * @example
 * const typists = useTyping(room);
 * const names = $derived(typists.typing.map(({ name }) => name));
 */
export function useTyping<Events extends EventMap>(room: MaybeRoom<Events>): TypingPart {
  const reader = readRoom(room, typingOf);
  return {
    get typing() {
      return reader.current;
    },
    startTyping: () => toRoom(room).startTyping(),
    stopTyping: () => toRoom(room).stopTyping(),
  };
}

/**
 * How many messages of others this user has not read, counted to at most 1,000. `room.current.markRead()` moves it.
 *
 * @example
 * const unread = useUnread(room); // in the template: {unread.current}
 */
export const useUnread = <Events extends EventMap>(room: MaybeRoom<Events>): Current<number> =>
  readRoom(room, unreadOf);

/**
 * The state of a room's connection; without `room`, the best of the client's connections.
 *
 * @example
 * const connection = useConnection(room);
 * const isInterrupted = $derived(connection.current.status === "reconnecting");
 */
export function useConnection<Events extends EventMap>(room?: MaybeRoom<Events>): Current<ConnectionState> {
  const client = useClient();
  return new Reader(
    () => (room === undefined ? clientConnection(client) : roomConnection(toRoom(room))),
    all<ConnectionState>,
  );
}

export interface SendPart<Events extends EventMap = RegisteredEvents>
  extends OutboxPart<Events>,
    Pick<RoomHandle<Events>, "send" | "retry" | "discard"> {}

/**
 * Sends messages, and shows those that are not stored yet. `send` is `room.send`: what is sent offline is `pending`, and
 * stored once. What `failed` waits for `retry(id)` or `discard(id)`.
 *
 * @example
 * const outbox = useSend(room);
 * const submit = (text: string) => outbox.send({ text });
 */
export function useSend<Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
): SendPart<Events> {
  const reader = readRoom(room, outboxOf<Events>);
  return {
    get pending() {
      return reader.current.pending;
    },
    get failed() {
      return reader.current.failed;
    },
    send: (data, options) => toRoom(room).send(data, options),
    retry: (id) => toRoom(room).retry(id),
    discard: (id) => toRoom(room).discard(id),
  };
}
