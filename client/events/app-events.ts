// What an event map makes of the contract's types: a message is a union of the map's events, told apart by `event`.

import type { Message, MessagesResult, MessageUpdated, Scheduled, Signal } from "../../src/protocol/index.ts";
import type { Covered, EventMap, EventName, OwnEvents, RegisteredEvents } from "./event-map.ts";

/** A map that names no events of its own, or others beside them: any name is possible, with any data. */
type IsOpen<Events extends EventMap> = string extends EventName<Events> ? true : false;

interface MessageFields extends Omit<Message, "event" | "data" | "deletedAt"> {}

/** A message with its data. */
export interface PresentMessage<Name extends string, Data> extends MessageFields {
  /** The application event. It tells which data the message has. */
  readonly event: Name;
  /** Any JSON, of at most `limits.messageBytes` bytes of UTF-8. */
  readonly data: Data;
  readonly deletedAt?: never;
}

/** A message that was deleted, and keeps its place. */
export interface DeletedMessage<Name extends string> extends MessageFields {
  readonly event: Name;
  readonly data: null;
  /** In milliseconds since 1970. */
  readonly deletedAt: number;
}

type MessageNamed<Name extends string, Data> = PresentMessage<Name, Data> | DeletedMessage<Name>;

/**
 * A stored message. `event` tells which data it has. A deleted one has `deletedAt` and `data: null`, also where it comes in
 * a replay.
 */
export type MessageOf<Events extends EventMap = RegisteredEvents> =
  IsOpen<Events> extends true ? Message : MessagesNamed<Events, EventName<Events>>;

export interface MessageUpdatedOf<Events extends EventMap = RegisteredEvents>
  extends Omit<MessageUpdated, "message"> {
  /** As it is now, with the `seq` that it always had. */
  readonly message: MessageOf<Events>;
}

/** A page of messages, oldest first. */
export interface MessagesResultOf<Events extends EventMap = RegisteredEvents>
  extends Omit<MessagesResult, "messages"> {
  readonly messages: readonly MessageOf<Events>[];
}

interface ScheduledNamed<Name extends string, Data> extends Omit<Scheduled, "event" | "data"> {
  /** The application event. It tells which data the message has. */
  readonly event: Name;
  /** Any JSON, of at most `limits.messageBytes` bytes of UTF-8. */
  readonly data: Data;
}

/** A message that waits to be sent. `event` tells which data it has. */
export type ScheduledOf<Events extends EventMap = RegisteredEvents> =
  IsOpen<Events> extends true
    ? Scheduled
    : { [Name in EventName<Events>]: ScheduledNamed<Name, Events[Name]> }[EventName<Events>];

/** A signal of one event. */
export interface SignalNamed<Name extends string, Data> extends Omit<Signal, "event" | "data"> {
  /** The application event. It tells which data the signal has. */
  readonly event: Name;
  /** Any JSON; `null` where none was given. */
  readonly data: Data;
}

/** Something that is not stored. `event` tells which data it has; `typing` is one that clients send by themselves. */
export type SignalOf<Events extends EventMap = RegisteredEvents> =
  IsOpen<Events> extends true ? Signal : SignalsNamed<Events, EventName<Events>> | OwnSignal<"*">;

type SignalsNamed<Events extends EventMap, Names extends EventName<Events>> = {
  [Name in Names]: SignalNamed<Name, Events[Name]>;
}[Names];

type MessagesNamed<Events extends EventMap, Names extends EventName<Events>> = {
  [Name in Names]: MessageNamed<Name, Events[Name]>;
}[Names];

type OwnSignal<Topic extends string> = SignalsNamed<OwnEvents, Covered<keyof OwnEvents, Topic>>;

/** What an event of a topic has as data where the map leaves other names open. */
type OpenData<Events extends EventMap, Topic extends string> = Topic extends keyof Events
  ? Events[Topic]
  : unknown;

/** The signals that a listener to a topic hears. */
export type SignalUnder<Events extends EventMap, Topic extends string> =
  IsOpen<Events> extends true
    ? SignalNamed<string, OpenData<Events, Topic>>
    : SignalsNamed<Events, Covered<EventName<Events>, Topic>> | OwnSignal<Topic>;

type MessageUnder<Events extends EventMap, Topic extends string> =
  IsOpen<Events> extends true
    ? MessageNamed<string, OpenData<Events, Topic>>
    : MessagesNamed<Events, Covered<EventName<Events>, Topic>>;

/**
 * What a listener to a topic hears: the messages and signals of the events that it covers. Without an event map `chat` and
 * `typing` have their data, and every other topic `unknown`.
 */
export type AppEvent<Events extends EventMap = RegisteredEvents, Topic extends string = "*"> =
  | MessageUnder<Events, Topic>
  | SignalUnder<Events, Topic>;

/** What a signal says: `data` may be left out where it may be `null`. */
export type SignalContent<Events extends EventMap, Name extends EventName<Events>> = {
  readonly event: Name;
} & (null extends Events[Name] ? { readonly data?: Events[Name] } : { readonly data: Events[Name] });
