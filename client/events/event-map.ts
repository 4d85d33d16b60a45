// The application's own events, as types. They exist for the compiler alone: what arrives was sent by other clients and
// is not checked against them.

import type { ChatData, TypingData } from "../../src/protocol/index.ts";

/**
 * What an application says in its rooms: the type of `data` by the name of the event. Data are JSON, so a `Date` is a
 * `string` here, and an event that carries nothing has `null`.
 *
 * A map is complete: an event that is not in it cannot be sent. `chat`, which `send` sends by default, is in it only
 * where the map names it.
 *
 * @example
 * interface Events {
 *   chat: { text: string };
 *   "task.created": { id: number; title: string };
 *   "task.deleted": { id: number };
 *   cursor: { x: number; y: number };
 * }
 * const typed = createClient<Events>({ url: "" });
 * typed.room("project_123").onEvent("task.created", ({ data }) => console.log(data?.title));
 */
export type EventMap = object;

/**
 * Names the event map of the whole application once, so that clients, rooms, hooks and servers have it without a type
 * argument. A type argument that is given counts in its place.
 *
 * @example
 * declare module "edge-rooms" {
 *   interface Register {
 *     events: { chat: { text: string }; "task.created": { id: number; title: string } };
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it.
export interface Register {}

/** The events of an application without a map: `chat` and `typing` as the client knows them, any other with any data. */
export interface DefaultEvents {
  chat: ChatData;
  typing: TypingData;
  [event: string]: unknown;
}

/** The map of {@link Register}, or {@link DefaultEvents}. */
export type RegisteredEvents = Register extends { readonly events: infer Events extends EventMap }
  ? Events
  : DefaultEvents;

/** The names of a map's events. */
export type EventName<Events extends EventMap = RegisteredEvents> = keyof Events & string;

/** The data of any event of a map. */
export type EventData<Events extends EventMap = RegisteredEvents> = Events[EventName<Events>];

/** The event that `send` sends by default; nothing where the map does not name it. */
export type DefaultEvent<Events extends EventMap> = "chat" & EventName<Events>;

/** The events that a client sends by itself. */
export interface OwnEvents {
  readonly typing: TypingData;
}

/**
 * What `onEvent` listens to: the name of an event, one or more of its first segments (`.` and `:` end one), or `*` for all.
 * `task` is a topic of `task.created`; `task.*` is none.
 */
export type EventTopic<Events extends EventMap = RegisteredEvents> =
  | "*"
  | TopicOf<EventName<Events> | keyof OwnEvents>;

type TopicOf<Name extends string, Before extends string = ""> =
  | `${Before}${Name}`
  | (Name extends `${infer Head}.${infer Rest}`
      ? TopicOf<Head, Before> | TopicOf<Rest, `${Before}${Head}.`>
      : Name extends `${infer Head}:${infer Rest}`
        ? TopicOf<Head, Before> | TopicOf<Rest, `${Before}${Head}:`>
        : never);

/** Those of these names that a topic covers. */
export type Covered<Name extends string, Topic extends string> = Topic extends "*"
  ? Name
  : Extract<Name, Topic | `${Topic}.${string}` | `${Topic}:${string}`>;
