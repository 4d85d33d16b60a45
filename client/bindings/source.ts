// What a component shows, for all frameworks alike: a snapshot, and a call with each change of it.

import { declared } from "../events/declared.ts";
import type { AnyClient, AnyRoom, ConnectionState, EventMap, RoomHandle, RoomSnapshot } from "../index.ts";

type Cancel = () => void;

export interface Source<Snapshot> {
  readonly subscribe: (fn: () => void) => Cancel;
  readonly getSnapshot: () => Snapshot;
  /** What a server renders, and a browser until it has hydrated that: always the same object. */
  readonly serverSnapshot: Snapshot;
  /** Nothing is open, so that there is nothing to show yet. */
  readonly isIdle: () => boolean;
}

/** What a connection will be at first: a page from a server does not begin with "disconnected". */
const CONNECTING: ConnectionState = Object.freeze({ status: "connecting", attempt: 1 });

const NOTHING = Object.freeze([]);

type UntypedSnapshot = ReturnType<AnyRoom["getSnapshot"]>;

const ROOM_OF_SERVER: UntypedSnapshot = Object.freeze({
  state: CONNECTING,
  user: null,
  permission: "none",
  head: 0,
  messages: NOTHING,
  members: NOTHING,
  occupancy: Object.freeze({ members: 0, connections: 0 }),
  typing: NOTHING,
  unread: 0,
  outbox: NOTHING,
});

/** As `make`, once for each object. */
export function oncePer<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/** One cache for rooms of all event maps: a source shows what the room that it is asked for shows. */
interface RoomSource {
  <Events extends EventMap>(room: RoomHandle<Events>): Source<RoomSnapshot<Events>>;
  (room: AnyRoom): Source<UntypedSnapshot>;
}

export const roomSource = declared<(room: AnyRoom) => Source<UntypedSnapshot>, RoomSource>(
  oncePer((room) => ({
    getSnapshot: room.getSnapshot,
    isIdle: () => room.state.status === "disconnected",
    serverSnapshot: ROOM_OF_SERVER,
    subscribe: room.subscribe,
  })),
);

export interface UseMessagesOptions {
  /**
   * How many of the last messages `messages` is: `room.latest(n)`. What comes then takes the same time however many the room
   * holds. A page of `loadOlder` shows as this number grows.
   *
   * @default all that the room holds
   */
  readonly latest?: number | undefined;
}

/** The messages that a component shows. The latest are those of the room: a snapshot has all of them, or none. */
export const messagesIn = <Events extends EventMap>(
  snapshot: RoomSnapshot<Events>,
  room: () => RoomHandle<Events>,
  options: UseMessagesOptions | undefined,
): RoomSnapshot<Events>["messages"] =>
  options?.latest === undefined || Object.is(snapshot, ROOM_OF_SERVER)
    ? snapshot.messages
    : room().latest(options.latest);

export const roomConnection = oncePer(
  (room: AnyRoom): Source<ConnectionState> => ({
    getSnapshot: () => room.state,
    isIdle: roomSource(room).isIdle,
    serverSnapshot: CONNECTING,
    subscribe: roomSource(room).subscribe,
  }),
);

/** The best of a client's connections. */
export const clientConnection = oncePer(
  (client: AnyClient): Source<ConnectionState> => ({
    getSnapshot: () => client.state,
    isIdle: () => client.state.status === "disconnected",
    serverSnapshot: CONNECTING,
    subscribe: (fn) => client.on("state", fn),
  }),
);

/**
 * Whether two results of a selector show the same: they are the same, or lists or plain objects whose parts are, two levels
 * deep. What differs below is another object, and so counts as different.
 */
export function isSame(a: unknown, b: unknown, levels = 2): boolean {
  if (Object.is(a, b)) return true;
  if (levels === 0) return false;
  const isSamePart = (mine: unknown, other: unknown) => isSame(mine, other, levels - 1);
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    // From the end, where most changes of a list are: it may have 100,000 messages.
    for (let n = a.length; n-- > 0; ) if (a[n] !== b[n] && !isSamePart(a[n], b[n])) return false;
    return true;
  }
  if (!isPlain(a) || !isPlain(b)) return false;
  const [mine, others] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    mine.length === others.size &&
    mine.every(([name, part]) => others.has(name) && isSamePart(part, others.get(name)))
  );
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
