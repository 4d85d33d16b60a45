import type {
  Append,
  CaughtUp,
  Member,
  MemberJoined,
  MemberLeft,
  Members,
  MemberUpdated,
  Message,
  MessageDeleted,
  MessageUpdated,
  Occupancy,
  OccupancyChanged,
  Permission,
  Reaction,
  Receipt,
  RoomConnected,
  Signal,
  Status,
  Stop,
  Stream,
  Topics,
  User,
} from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { MessageOf, MessageUpdatedOf, SignalOf } from "../events/app-events.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import type { RoomsError } from "../util/errors.ts";
import type { NamedItem, NamedPending } from "./messages/outbox.ts";

/**
 * How a room is opened.
 *
 * @example
 * const tasks = client.room("project_123", { history: 0, topics: ["task"] });
 */
export interface RoomOptions {
  /**
   * How many of the latest messages a first connection brings, 0 to 200.
   *
   * @default 50
   */
  readonly history?: number;
  /**
   * Only events under these topics arrive, at most 20; `null` is all.
   *
   * @default null
   */
  readonly topics?: Topics;
  /**
   * How many stored messages `messages` holds, 0 or more: with each that comes, the oldest goes. For pages that stay open
   * for months. After `loadOlder` none goes, until `trim()`. A room with another value throws `bad_request`.
   *
   * @default all
   */
  readonly keep?: number;
  /**
   * Reads a room that everybody may read without a connection and without a token: by calls that all watchers share, so a
   * crowd of any size costs the room some calls a second. What happens shows 1 to 3 s later, or up to 8 s in a room where
   * nothing happens. Without members, signals, read positions and the text of open messages. Commands are `forbidden`. A
   * room that not everybody may read gets a connection, and so does one that is also opened without `watch`.
   *
   * @default false
   */
  readonly watch?: boolean;
}

/**
 * The presence of a user in a room. A field that is left out stays as it is; `data: null` clears it.
 *
 * @example
 * await room.setPresence({ status: "away", data: { cursor: [3, 14] } });
 */
export interface Presence {
  readonly status?: Status;
  /** At most 1 KiB as JSON. */
  readonly data?: unknown;
}

/** A message that is not known to be stored yet. `event` tells which data it has. */
export type OutboxItem<Events extends EventMap = RegisteredEvents> = {
  [Name in EventName<Events>]: NamedItem<Name, Events[Name]>;
}[EventName<Events>];

/** An own message that is not stored yet: it has no `seq`. `event` tells which data it has. */
export type PendingMessage<Events extends EventMap = RegisteredEvents> = {
  [Name in EventName<Events>]: NamedPending<Name, Events[Name]>;
}[EventName<Events>];

/** A message as `messages` holds it: stored, or `pending` and at the end. `event` tells which data it has. */
export type RoomMessage<Events extends EventMap = RegisteredEvents> =
  | Held<MessageOf<Events>>
  | PendingMessage<Events>;

/** As {@link RoomMessage}, with any data. */
export type UntypedRoomMessage = Held<Message> | NamedPending;

type Held<Stored> = Stored & { readonly pending?: never };

/** A room at one moment, with messages of any data. */
export interface UntypedSnapshot {
  readonly state: ConnectionState;
  /** `null` for an anonymous reader, and until the first connection. */
  readonly user: User | null;
  /** `"none"` until the first connection. */
  readonly permission: Permission;
  /** The `seq` of the last event of the room that this client knows of; 0 until the first connection. */
  readonly head: number;
  readonly messages: readonly UntypedRoomMessage[];
  /** Who is here. Empty in a room that is too big for a list. */
  readonly members: readonly Member[];
  readonly occupancy: Occupancy;
  /** Who types now, without this user. In a room that is too big for a list only the `id` is known. */
  readonly typing: readonly User[];
  /**
   * The messages of others after what this user has read, on all devices and under all topics, counted to at most
   * 1,000. The server counts at each connection, the client counts along in between. 0 for an anonymous reader, and
   * until the first connection.
   */
  readonly unread: number;
  readonly outbox: readonly NamedItem[];
}

/**
 * A room at one moment: frozen, and each field is the same object until something in it changes.
 *
 * @example
 * const { messages, members, state } = room.getSnapshot();
 * console.log(state.status, members.length, messages.at(-1)?.data);
 */
export interface RoomSnapshot<Events extends EventMap = RegisteredEvents>
  extends Omit<UntypedSnapshot, "messages" | "outbox"> {
  /**
   * Oldest first. Own changes show as if they were stored already. A deleted message stays, with `deletedAt` and
   * `data: null`. Own messages that are not stored yet are at the end, with `pending: true`. While connected the list
   * only grows, by events and by `loadOlder`, and shrinks by `keep` and `trim`; offline it stays. It is made when it is
   * first read after a change, which takes up to 0.5 ms where 100,000 are held: `room.latest` reads only the end.
   */
  readonly messages: readonly RoomMessage<Events>[];
  /** Own messages that are not known to be stored yet, in the order of `send`. */
  readonly outbox: readonly OutboxItem<Events>[];
}

/** What a room emits, with any data. */
export interface UntypedRoomEvents {
  message: Message;
  messageUpdated: MessageUpdated;
  messageDeleted: MessageDeleted;
  reaction: Reaction;
  signal: Signal;
  memberJoined: MemberJoined;
  memberUpdated: MemberUpdated;
  memberLeft: MemberLeft;
  members: Members;
  occupancy: OccupancyChanged;
  receipt: Receipt;
  /** An open message has grown: `messages` shows it already. */
  append: Append;
  /** An open message as it is now: `messages` shows it already. */
  stream: Stream;
  /** Somebody asks the producer of an open message to stop, which this user is: see `Answer.stopSignal`. */
  stop: Stop;
  /** A connection began. Its replay follows. */
  connected: RoomConnected;
  /** The replay is over: what follows is live. */
  caughtUp: CaughtUp;
  state: ConnectionState;
  /** The log no longer reaches back to what was held, or is another one: `messages` starts again. */
  lost: RoomConnected;
  /** `trim` dropped messages: `loadOlder` brings them again. */
  trimmed: undefined;
  /** A refusal that no promise rejects with, or why the connection ended for good. */
  error: RoomsError;
}

/**
 * What `room.on` listens to. An event of the log (`message`, `messageUpdated`, `messageDeleted`, `reaction`) is emitted
 * once, also when it comes from a replay: `EventMeta` says when it is history.
 *
 * @example
 * const stop = room.on("messageDeleted", ({ target, by }) => console.log(target, "was deleted by", by));
 * room.on("lost", () => render(room.getSnapshot()));
 * stop();
 */
export interface RoomEvents<Events extends EventMap = RegisteredEvents>
  extends Omit<UntypedRoomEvents, "message" | "messageUpdated" | "signal"> {
  message: MessageOf<Events>;
  messageUpdated: MessageUpdatedOf<Events>;
  signal: SignalOf<Events>;
}
