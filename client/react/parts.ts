import type { OlderPages } from "../bindings/older-pages.ts";
import { olderMessages } from "../bindings/older-pages.ts";
import {
  all,
  type MembersPart,
  membersOf,
  type OutboxPart,
  outboxOf,
  typingOf,
  unreadOf,
} from "../bindings/parts.ts";
import {
  clientConnection,
  messagesIn,
  roomConnection,
  roomSource,
  type UseMessagesOptions,
} from "../bindings/source.ts";
import type {
  AnyRoom,
  ConnectionState,
  EventMap,
  RegisteredEvents,
  RoomHandle,
  RoomMessage,
  User,
} from "../index.ts";
import { useClient } from "./edge-rooms.ts";
import { useSource } from "./use-source.ts";

export interface MessagesPart<Events extends EventMap = RegisteredEvents> extends OlderPages {
  /** As `messages` of the room, or the latest of them: oldest first, own ones that are not stored yet at the end. */
  readonly messages: readonly RoomMessage<Events>[];
  /** Puts an older page in front: see `room.loadOlder`. Never rejects: see `olderError`. */
  readonly loadOlder: (limit?: number) => Promise<void>;
}

/**
 * The messages of a room, and the pages before them. Presence and typing render nothing here.
 *
 * @example
 * const { messages, hasOlder, isLoadingOlder, loadOlder } = useMessages(room);
 * const { messages: lines } = useMessages(room, { latest: 20 }); // the end of a long list, at the same price as of a short one
 * const older = hasOlder && <button disabled={isLoadingOlder} onClick={() => loadOlder()}>Older</button>;
 */
export function useMessages<Events extends EventMap = RegisteredEvents>(
  room: RoomHandle<Events>,
  options?: UseMessagesOptions,
): MessagesPart<Events> {
  const pages = olderMessages(room);
  return {
    messages: useSource(roomSource(room), (snapshot) => messagesIn(snapshot, () => room, options)),
    ...useSource(pages, all),
    loadOlder: pages.loadOlder,
  };
}

/**
 * Who is in a room.
 *
 * @example
 * const { members, occupancy } = useMembers(room);
 * const here = members.length > 0 ? members.map(({ name }) => name).join(", ") : `${occupancy.members} people`;
 */
export const useMembers = (room: AnyRoom): MembersPart => useSource(roomSource(room), membersOf);

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
 * const { typing, startTyping } = useTyping(room);
 * const input = <input onChange={startTyping} title={typing.map(({ name }) => name).join(", ")} />;
 */
export const useTyping = (room: AnyRoom): TypingPart => ({
  typing: useSource(roomSource(room), typingOf),
  startTyping: room.startTyping,
  stopTyping: room.stopTyping,
});

/**
 * How many messages of others this user has not read, counted to at most 1,000. `room.markRead()` moves it.
 *
 * @example
 * const unread = useUnread(room);
 * const badge = unread > 0 && <b>{unread}</b>;
 */
export const useUnread = (room: AnyRoom): number => useSource(roomSource(room), unreadOf);

/**
 * The state of a room's connection; without `room`, the best of the client's connections.
 *
 * @example
 * const { status } = useConnection(room);
 * const banner = status === "reconnecting" && <p>The connection is interrupted.</p>;
 */
export function useConnection(room?: AnyRoom): ConnectionState {
  const client = useClient();
  return useSource(room === undefined ? clientConnection(client) : roomConnection(room), all);
}

export interface SendPart<Events extends EventMap = RegisteredEvents>
  extends OutboxPart<Events>,
    Pick<RoomHandle<Events>, "send" | "retry" | "discard"> {}

/**
 * Sends messages, and shows those that are not stored yet. `send` is `room.send`: what is sent offline is `pending`, and
 * stored once. What `failed` waits for `retry(id)` or `discard(id)`.
 *
 * @example
 * const { send, failed, retry } = useSend(room);
 * const button = <button onClick={() => send({ text: "Hello" })}>Send</button>;
 * const again = failed.map(({ id, error }) => <button key={id} onClick={() => retry(id)}>{error?.message}</button>);
 */
export const useSend = <Events extends EventMap = RegisteredEvents>(
  room: RoomHandle<Events>,
): SendPart<Events> => ({
  ...useSource(roomSource(room), outboxOf<Events>),
  send: room.send,
  retry: room.retry,
  discard: room.discard,
});
