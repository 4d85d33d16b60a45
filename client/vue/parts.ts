import { type ComputedRef, computed, type MaybeRefOrGetter, toValue } from "vue";
import { type OlderPages, type OlderPagesSource, olderMessages } from "../bindings/older-pages.ts";
import { all, membersOf, outboxOf, typingOf, unreadOf } from "../bindings/parts.ts";
import { clientConnection, messagesIn, roomConnection, type UseMessagesOptions } from "../bindings/source.ts";
import type {
  ConnectionState,
  EventMap,
  Member,
  Occupancy,
  OutboxItem,
  RegisteredEvents,
  RoomHandle,
  RoomMessage,
  RoomsError,
  User,
} from "../index.ts";
import { useClient } from "./rooms-client.ts";
import { type MaybeRoom, useSnapshot } from "./use-room.ts";
import { useSource } from "./use-source.ts";

export interface OlderPart {
  /** `false` once the server said that nothing is older. */
  readonly hasOlder: ComputedRef<boolean>;
  readonly isLoadingOlder: ComputedRef<boolean>;
  /** Why the last page did not come, such as `offline`. */
  readonly olderError: ComputedRef<RoomsError | undefined>;
  /** Loads an older page. Never rejects: see `olderError`. */
  readonly loadOlder: (limit?: number) => Promise<void>;
}

export function usePages(pages: () => OlderPagesSource): OlderPart {
  const state = useSource<OlderPages, OlderPages>(pages, all);
  return {
    hasOlder: computed(() => state.value.hasOlder),
    isLoadingOlder: computed(() => state.value.isLoadingOlder),
    olderError: computed(() => state.value.olderError),
    loadOlder: (limit) => pages().loadOlder(limit),
  };
}

export interface MessagesPart<Events extends EventMap = RegisteredEvents> extends OlderPart {
  /** As `messages` of the room, or the latest of them: oldest first, own ones that are not stored yet at the end. */
  readonly messages: ComputedRef<readonly RoomMessage<Events>[]>;
}

/**
 * The messages of a room, and the pages before them. Presence and typing change nothing here.
 *
 * @example
 * const { messages, hasOlder, isLoadingOlder, loadOlder } = useMessages(room);
 * const { messages: lines } = useMessages(room, { latest: 20 }); // the end of a long list, at the same price as of a short one
 */
export const useMessages = <Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
  options?: MaybeRefOrGetter<UseMessagesOptions>,
): MessagesPart<Events> => ({
  messages: useSnapshot(room, (snapshot) => messagesIn(snapshot, () => toValue(room), toValue(options))),
  ...usePages(() => olderMessages(toValue(room))),
});

export interface MembersPart {
  /** Who is here. Empty in a room that is too big for a list. */
  readonly members: ComputedRef<readonly Member[]>;
  /** How many are here, also in a room that is too big for a list. */
  readonly occupancy: ComputedRef<Occupancy>;
}

/**
 * Who is in a room.
 *
 * @example
 * const { members, occupancy } = useMembers(room);
 */
export function useMembers<Events extends EventMap>(room: MaybeRoom<Events>): MembersPart {
  const part = useSnapshot(room, membersOf);
  return {
    members: computed(() => part.value.members),
    occupancy: computed(() => part.value.occupancy),
  };
}

export interface TypingPart {
  /** The others who type now. */
  readonly typing: ComputedRef<readonly User[]>;
  /** To be called with every key. */
  readonly startTyping: () => void;
  readonly stopTyping: () => void;
}

/**
 * Who types.
 *
 * @example
 * const { typing, startTyping } = useTyping(room);
 */
export const useTyping = <Events extends EventMap>(room: MaybeRoom<Events>): TypingPart => ({
  typing: useSnapshot(room, typingOf),
  startTyping: () => toValue(room).startTyping(),
  stopTyping: () => toValue(room).stopTyping(),
});

/**
 * How many messages of others this user has not read, counted to at most 1,000. `room.value.markRead()` moves it.
 *
 * @example
 * const unread = useUnread(room);
 */
export const useUnread = <Events extends EventMap>(room: MaybeRoom<Events>): ComputedRef<number> =>
  useSnapshot(room, unreadOf);

/**
 * The state of a room's connection; without `room`, the best of the client's connections.
 *
 * @example
 * const connection = useConnection(room);
 * const isInterrupted = () => connection.value.status === "reconnecting";
 */
export function useConnection<Events extends EventMap>(
  room?: MaybeRoom<Events>,
): ComputedRef<ConnectionState> {
  const client = useClient();
  return useSource(
    () => (room === undefined ? clientConnection(client) : roomConnection(toValue(room))),
    all,
  );
}

export interface SendPart<Events extends EventMap = RegisteredEvents>
  extends Pick<RoomHandle<Events>, "send" | "retry" | "discard"> {
  /** What waits for its turn or its answer, in the order of `send`. */
  readonly pending: ComputedRef<readonly OutboxItem<Events>[]>;
  /** What waits for `retry(id)` or `discard(id)`. */
  readonly failed: ComputedRef<readonly OutboxItem<Events>[]>;
}

/**
 * Sends messages, and shows those that are not stored yet. `send` is `room.send`: what is sent offline is `pending`, and
 * stored once. What `failed` waits for `retry(id)` or `discard(id)`.
 *
 * @example
 * const { send, pending, failed, retry } = useSend(room);
 */
export function useSend<Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
): SendPart<Events> {
  const part = useSnapshot(room, outboxOf<Events>);
  return {
    pending: computed(() => part.value.pending),
    failed: computed(() => part.value.failed),
    send: (data, options) => toValue(room).send(data, options),
    retry: (id) => toValue(room).retry(id),
    discard: (id) => toValue(room).discard(id),
  };
}
