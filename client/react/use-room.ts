import { startTransition, useEffect, useLayoutEffect, useMemo, useRef } from "react";
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
import { useClient } from "./edge-rooms.ts";
import { useHydrating, useSource } from "./use-source.ts";

/**
 * Opens a room while this component is mounted, and returns its handle. Components that use one name share the room; the
 * options of the first one count. It renders nothing by itself: show parts of the room with `useMessages(room)` and the
 * like, or with `useSnapshot`. Another `name` leaves the old room. Hidden by an `<Activity>` it is as unmounted, suspended
 * again it stays. Throws `bad_request` if `name` is no name of a room. `Events` is the event map, by default that of
 * `Register`.
 *
 * @example
 * function Chat({ name }: { name: string }) {
 *   const room = useRoom(name, { history: 20 });
 *   const { messages } = useMessages(room);
 *   return <ol>{messages.map(({ id, from, data }) => <li key={id}>{from?.name}: {JSON.stringify(data)}</li>)}</ol>;
 * }
 */
export function useRoom<Events extends EventMap = RegisteredEvents>(
  name: string,
  options: UseRoomOptions = {},
): RoomHandle<Events> {
  const client = useClient<Events>();
  const hydrates = useHydrating();
  const isFirst = useRef(true);
  const latest = useRef(options);
  // biome-ignore lint/correctness/useExhaustiveDependencies: options count when a room opens, and may be made anew.
  const room = useMemo(() => peekRoom(client, name, options), [client, name]);

  const hold = () => holdRoom(room, latest.current);
  useLayoutEffect(() => {
    latest.current = options;
  });
  // Held twice: as of the first paint, and through a boundary that suspends again, which ends layout effects only.
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the room alone.
  useLayoutEffect(() => {
    let release = () => {};
    const isHydrated = isFirst.current && hydrates;
    isFirst.current = false;
    // What shows the room hears of it at once, and must not replace what has not been hydrated yet.
    if (isHydrated) {
      startTransition(() => {
        release = hold();
      });
    } else release = hold();
    return release;
  }, [room]);
  useEffect(hold, [room]);
  return room;
}

/**
 * A part of a room that no other hook returns. Renders when the part changes: lists and plain objects with the same entries,
 * two levels deep, count as the same, so `select` may filter, and be written inline.
 *
 * @example
 * const away = useSnapshot(room, ({ members }) => members.filter(({ status }) => status === "away"));
 */
export const useSnapshot = <Value, Events extends EventMap = RegisteredEvents>(
  room: RoomHandle<Events>,
  select: (snapshot: RoomSnapshot<Events>) => Value,
): Value => useSource(roomSource(room), select);

/**
 * Calls `fn` with messages and signals by application event while this component is mounted, as `room.onEvent` does. `fn`
 * may be made anew with each render: the latest is called.
 *
 * @example
 * useRoomEvent(room, "task.created", (event, { replay }) => replay || board.add(event.data), { own: false });
 */
export function useRoomEvent<Events extends EventMap, Topic extends EventTopic<Events>>(
  room: RoomHandle<Events>,
  topic: Topic,
  fn: (event: AppEvent<Events, Topic>, meta: EventMeta) => void,
  { own = true }: OnEventOptions = {},
): void {
  const latest = useRef(fn);
  useLayoutEffect(() => {
    latest.current = fn;
  });
  useEffect(
    () => room.onEvent(topic, (event, meta) => latest.current(event, meta), { own }),
    [room, topic, own],
  );
}
