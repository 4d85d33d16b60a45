// What an app says of a message beside its data.

import type { LifetimeContent, MessageContent } from "../../../src/protocol/index.ts";
import type { EventName } from "../../events/event-map.ts";

/** What a message may say beside `data`. */
export interface SendExtras extends Omit<MessageContent, "data">, LifetimeContent {}

/** How `room.send` sends a message. */
export interface SendOptions<Name extends string = EventName> extends SendExtras {
  /**
   * The application event of the message.
   *
   * @default "chat"
   */
  readonly event?: Name;
  /**
   * What the `id` of the message will be, of 1 to 64 characters: what this user sends again under it is stored once. While
   * the first is in the outbox, the second waits for it too, and tries it again if it failed.
   *
   * @default a random one
   */
  readonly key?: string;
  /**
   * `false`: `message` is not emitted for it on this connection. It is in `messages` all the same.
   *
   * @default true
   */
  readonly echo?: boolean;
}

/** How `room.stream` opens a message. */
export interface StreamOptions<Name extends string = EventName> extends SendExtras {
  /**
   * The application event of the message.
   *
   * @default "chat"
   */
  readonly event?: Name;
  /**
   * The field of `data` whose text grows.
   *
   * @default "text"
   */
  readonly field?: string;
}
