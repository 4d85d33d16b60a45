import {
  DELIVERED_RESULT,
  type DISCONNECT_BODY,
  DISCONNECTED_RESULT,
  type Infer,
  USER_RESULT,
  type USER_SIGNAL_BODY,
} from "../../src/protocol/index.ts";
import type { SignalContent } from "../events/app-events.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import { roomName } from "../util/errors.ts";
import { userPath } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import { type CallBelow, callsBelow, type ServerCallOptions, type ServerContext } from "./server-call.ts";

/** Whether a user is online, on how many connections, and how many notifications are unread. */
export interface UserPresence extends Infer<typeof USER_RESULT> {}

/** What {@link ServerUser.signal} sends. */
export type SignalToUser<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> = Omit<Infer<typeof USER_SIGNAL_BODY>, "event" | "data"> & SignalContent<Events, Name>;

export interface DisconnectOptions extends ServerCallOptions, Infer<typeof DISCONNECT_BODY> {}

/** What server code may do with one user: see {@link ServerApi.user}. */
export class ServerUser<Events extends EventMap = RegisteredEvents> {
  readonly #call: CallBelow;

  constructor(context: ServerContext, id: string) {
    this.#call = callsBelow(context, `/v1/users/${userPath(id)}`);
  }

  /**
   * Whether the user is online: whether a client of theirs has its session open, which the inbox and shared rooms use.
   *
   * @example
   * const { online } = await server.user("usr_1").presence();
   */
  readonly presence = async (options?: ServerCallOptions): Promise<UserPresence> =>
    checked(this.#call("GET", "", undefined, options), USER_RESULT);

  /**
   * Sends something that is not stored to all open sessions of the user. Resolves with how many there were.
   *
   * It is sent at most once: after a lost answer it is not tried again.
   *
   * @example
   * const delivered = await server.user("usr_1").signal({ event: "credits.changed", data: { left: 3 } });
   */
  readonly signal = async <Name extends EventName<Events>>(
    signal: SignalToUser<Events, Name>,
    options?: ServerCallOptions,
  ): Promise<number> =>
    (await checked(this.#call("POST", "/signals", signal, options, "ifNotDone"), DELIVERED_RESULT)).delivered;

  /**
   * Closes all that the user has open and revokes all tokens of up to now, such as at a sign-out or a theft. Push
   * subscriptions end too, unless `keepPush` is true. Resolves with how many rooms know by now; the others follow.
   *
   * For about a minute new tokens are refused as well. The call is tried again after a lost answer: that minute then
   * begins with the last try.
   *
   * @example
   * await server.user("usr_1").disconnect();
   */
  readonly disconnect = async ({ keepPush, ...options }: DisconnectOptions = {}): Promise<number> =>
    (await checked(this.#call("POST", "/disconnect", { keepPush }, options), DISCONNECTED_RESULT)).rooms;

  /**
   * Makes the user follow a room, as opening it does: it stands in their list of rooms with what is unread.
   *
   * @example
   * await server.user("usr_1").follow("announcements");
   */
  readonly follow = async (room: string, options?: ServerCallOptions): Promise<void> => {
    await this.#call("PUT", `/rooms/${roomName(room)}`, undefined, options);
  };

  /**
   * The user follows the room no more, until they open it again; without effect where they do not follow it.
   *
   * @example
   * await server.user("usr_1").unfollow("announcements");
   */
  readonly unfollow = async (room: string, options?: ServerCallOptions): Promise<void> => {
    await this.#call("DELETE", `/rooms/${roomName(room)}`, undefined, options);
  };
}
