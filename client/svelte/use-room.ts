import { holdRoom, peekRoom, type UseRoomOptions } from "../bindings/held-room.ts";
import { roomSource } from "../bindings/source.ts";
import type {
  AppEvent,
  EventMap,
  EventMeta,
  EventTopic,
  OnEventOptions,
  RegisteredEvents,
  RoomHandle,
  RoomSnapshot,
} from "../index.ts";
import { Reader, whileMounted } from "./reader.ts";
import { useClient } from "./rooms-client.ts";

/** What is read anew each time: in a template, a `$derived` or an effect it is reactive. */
export interface Current<Value> {
  readonly current: Value;
}

/** A room, as these functions take it: what `useRoom` returns, a handle, or a function that returns one. */
export type MaybeRoom<Events extends EventMap = RegisteredEvents> =
  | RoomHandle<Events>
  | Current<RoomHandle<Events>>
  | (() => RoomHandle<Events>);

export function toRoom<Events extends EventMap>(room: MaybeRoom<Events>): RoomHandle<Events> {
  if (typeof room === "function") return room();
  return "current" in room ? room.current : room;
}

/**
 * Opens a room while this component is mounted. Components that use one name share the room; the options of the first one
 * count. A function as `name` follows props and state: another name leaves the old room. A server opens nothing. To be
 * called as the component is made; throws `bad_request` if `name` is no name of a room. `Events` is the event map, by
 * default that of `Register`.
 *
 * @example
 * const { name }: { name: string } = $props();
 * const room = useRoom(() => name, { history: 20 });
 * const chat = useMessages(room); // in the template: {#each chat.messages as message (message.id)}
 * const say = (text: string) => room.current.send({ text });
 */
export function useRoom<Events extends EventMap = RegisteredEvents>(
  name: string | (() => string),
  options: UseRoomOptions = {},
): Current<RoomHandle<Events>> {
  const client = useClient<Events>();
  const nameNow = typeof name === "function" ? name : () => name;
  let room: RoomHandle<Events> | undefined;
  const roomNow = () => {
    const wanted = nameNow();
    if (room?.name !== wanted) room = peekRoom(client, wanted, options);
    return room;
  };
  whileMounted(roomNow, (current) => holdRoom(current, options));
  return {
    get current() {
      return roomNow();
    },
  };
}

export const readRoom = <Value, Events extends EventMap>(
  room: MaybeRoom<Events>,
  select: (snapshot: RoomSnapshot<Events>) => Value,
): Reader<RoomSnapshot<Events>, Value> => new Reader(() => roomSource(toRoom(room)), select);

/**
 * A part of a room that no other function returns. Changes when the part changes: lists and plain objects with the same
 * entries, two levels deep, count as the same, so `select` may filter. It may read state, and runs with each read.
 *
 * @example
 * const away = useSnapshot(room, ({ members }) => members.filter(({ status }) => status === "away"));
 * const names = $derived(away.current.map(({ name }) => name));
 */
export const useSnapshot = <Value, Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
  select: (snapshot: RoomSnapshot<Events>) => Value,
): Current<Value> => readRoom(room, select);

/**
 * Calls `fn` with messages and signals by application event while this component is mounted, as `room.onEvent` does.
 *
 * @example
 * useRoomEvent(room, "task.created", (event, { replay }) => replay || board.add(event.data), { own: false });
 */
export const useRoomEvent = <Events extends EventMap, Topic extends EventTopic<Events>>(
  room: MaybeRoom<Events>,
  topic: Topic,
  fn: (event: AppEvent<Events, Topic>, meta: EventMeta) => void,
  options?: OnEventOptions,
): void =>
  whileMounted(
    () => toRoom(room),
    (current) => current.onEvent(topic, fn, options),
  );
