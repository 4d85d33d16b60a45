// What server code says to a room, and what it hears.

import type {
  APPEND_BODY,
  FINISH_BODY,
  Infer,
  MEMBERS_RESULT,
  MESSAGE_BODY,
  MESSAGE_STORED,
  ScheduleBody,
  SIGNAL_BODY,
  Topics,
} from "../../src/protocol/index.ts";
import type { SignalContent } from "../events/app-events.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import type { ServerCallOptions } from "./server-call.ts";

/** What {@link ServerRoom.publish} stores. */
export interface MessageToPublish<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> extends Omit<Infer<typeof MESSAGE_BODY>, "event" | "data" | "retryOf"> {
  /** Default: `chat`. */
  readonly event?: Name;
  /** JSON, of at most `limits.messageBytes` bytes of UTF-8. */
  readonly data: Events[Name];
}

/** What {@link ServerRoom.schedule} sends later. */
export interface MessageToSchedule<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> extends Omit<ScheduleBody, "event" | "data" | "sendAt"> {
  /** Default: `chat`. */
  readonly event?: Name;
  /** JSON, of at most `limits.messageBytes` bytes of UTF-8. */
  readonly data: Events[Name];
  /** When to send it: a date, or milliseconds since 1970. At most a year ahead; what is past is sent at once. */
  readonly sendAt: number | Date;
}

/** What {@link ServerRoom.signal} sends. */
export type SignalToRoom<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> = Omit<Infer<typeof SIGNAL_BODY>, "event" | "data"> & SignalContent<Events, Name>;

/** A message that is stored: `seq` is its place in the room, `at` when it was stored, in milliseconds since 1970. */
export interface PublishedMessage extends Infer<typeof MESSAGE_STORED> {}

/** What {@link ServerRoom.append} adds. */
export interface AppendToMessage extends Infer<typeof APPEND_BODY> {}

/** How {@link ServerRoom.finish} ends a message. */
export interface MessageEnding extends Infer<typeof FINISH_BODY> {}

/** Who is in a room. */
export interface RoomMembers extends Infer<typeof MEMBERS_RESULT> {}

export interface MessagesOptions extends ServerCallOptions {
  /** Only messages before this `seq`. Default: from the newest on. */
  readonly before?: number;
  /** How many a page has: 1 to 200. Default 50. */
  readonly limit?: number;
  /** Only messages under these topics, at most 20. Default `null`: all. */
  readonly topics?: Topics;
}

export interface ServerKickOptions extends ServerCallOptions {
  /** How long the user is kept out, in seconds: 0 (not at all) to a year. Default 3,600. */
  readonly banSeconds?: number;
  /** For moderators, in the list of bans. At most 500 characters. */
  readonly reason?: string;
  /** For the user: part of `state.error.message`. At most 100 characters, of which 100 bytes of UTF-8 arrive. */
  readonly message?: string;
}

export interface ServerBansOptions extends ServerCallOptions {
  /** The last user of the page before. Default: from the beginning. */
  readonly after?: string;
}
