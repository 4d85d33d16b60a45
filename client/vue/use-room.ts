import { type ComputedRef, computed, type MaybeRefOrGetter, type Ref, toRef, toValue } from "vue";
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
import { useClient } from "./rooms-client.ts";
import { useSource, whileActive } from "./use-source.ts";

/** A room, as composables take it: what `useRoom` returns, or a handle. */
export type MaybeRoom<Events extends EventMap = RegisteredEvents> = MaybeRefOrGetter<RoomHandle<Events>>;

/**
 * Opens a room while this component is mounted. Components that use one name share the room; the options of the first one
 * count. Another `name` leaves the old room. While kept alive and not shown it is as unmounted; a server opens nothing.
 * Throws outside of `setup`, and `bad_request` if `name` is no name of a room. `Events` is the event map, by default that
 * of `Register`.
 *
 * @example
 * const props = defineProps<{ name: string }>();
 * const room = useRoom(() => props.name, { history: 20 });
 * const { messages, loadOlder } = useMessages(room);
 * const say = (text: string) => room.value.send({ text });
 */
export function useRoom<Events extends EventMap = RegisteredEvents>(
  name: MaybeRefOrGetter<string>,
  options: UseRoomOptions = {},
): Readonly<Ref<RoomHandle<Events>>> {
  const client = useClient<Events>();
  // What a getter reads may change, and the name stay.
  const wanted = computed(() => toValue(name));
  // A `computed` that throws would throw into whatever changed the name.
  const made = computed(() => {
    try {
      const room = peekRoom(client, wanted.value, options);
      return () => room;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  });
  const room = toRef(() => made.value());
  whileActive(
    () => room.value,
    (current) => holdRoom(current, options),
  );
  return room;
}

/**
 * A part of a room that no other composable returns. Changes when the part changes: lists and plain objects with the same
 * entries, two levels deep, count as the same, so `select` may filter. It may read refs.
 *
 * @example
 * const away = useSnapshot(room, ({ members }) => members.filter(({ status }) => status === "away"));
 */
export const useSnapshot = <Value, Events extends EventMap = RegisteredEvents>(
  room: MaybeRoom<Events>,
  select: (snapshot: RoomSnapshot<Events>) => Value,
): ComputedRef<Value> => useSource(() => roomSource(toValue(room)), select);

/**
 * Calls `fn` with messages and signals by application event while this component is shown, as `room.onEvent` does.
 *
 * @example
 * useRoomEvent(room, "task.created", (event, { replay }) => replay || board.add(event.data), { own: false });
 */
export function useRoomEvent<Events extends EventMap, Topic extends EventTopic<Events>>(
  room: MaybeRoom<Events>,
  topic: Topic,
  fn: (event: AppEvent<Events, Topic>, meta: EventMeta) => void,
  options?: OnEventOptions,
): void {
  whileActive(
    () => toValue(room),
    (current) => current.onEvent(topic, fn, options),
  );
}
