import {
  DELIVERED_RESULT,
  type DISCONNECT_BODY,
  DISCONNECTED_RESULT,
  ERASURE_RESULT,
  type ErasureResult,
  type Infer,
  USER_EXPORT_LINES,
  USER_RESULT,
  type USER_SIGNAL_BODY,
} from "../../src/protocol/index.ts";
import type { SignalContent } from "../events/app-events.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import { RoomsError, roomName } from "../util/errors.ts";
import { userPath } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import { ExportedLines, type PortableOptions } from "./exported-lines.ts";
import {
  type CallBelow,
  callsBelow,
  type ServerCallOptions,
  type ServerContext,
  untilDone,
} from "./server-call.ts";

/** Whether a user is online, on how many connections, and how many notifications are unread. */
export interface UserPresence extends Infer<typeof USER_RESULT> {}

/** What {@link ServerUser.signal} sends. */
export type SignalToUser<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> = Omit<Infer<typeof USER_SIGNAL_BODY>, "event" | "data"> & SignalContent<Events, Name>;

export interface EraseOptions extends ServerCallOptions {
  /**
   * Asks again until nothing is left, for up to `timeoutMs`, which should then be minutes.
   *
   * @default false
   */
  readonly untilDone?: boolean;
}

export interface DisconnectOptions extends ServerCallOptions, Infer<typeof DISCONNECT_BODY> {}

/** What server code may do with one user: see {@link ServerApi.user}. */
export class ServerUser<Events extends EventMap = RegisteredEvents> {
  readonly #context: ServerContext;
  readonly #path: string;
  readonly #call: CallBelow;

  constructor(context: ServerContext, id: string) {
    this.#context = context;
    this.#path = `/v1/users/${userPath(id)}`;
    this.#call = callsBelow(context, this.#path);
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

  /**
   * All that the deployment has of the user, by `type`: preferences, notifications, pushes, the rooms that they were in, and
   * there their messages, receipts and scheduled messages. Makes no request before it is read. A room that could not be
   * reached is a line `missing`, and the last line counts these: with one, export again.
   *
   * @example
   * for await (const line of server.user("usr_1").export()) console.log(JSON.stringify(line));
   */
  readonly export = (options: PortableOptions = {}): ExportedLines<typeof USER_EXPORT_LINES> =>
    new ExportedLines(this.#context, `${this.#path}/export`, USER_EXPORT_LINES, options);

  /**
   * Erases the user for good: their inbox, pushes, follows and receipts, and their messages in all rooms that they were in.
   * Resolves with `done`, or with the number of `rooms` in which something is left; the deployment goes on by itself. The same
   * call again erases nothing more, and says how far it is.
   *
   * With `untilDone` it resolves when nothing is left, and rejects with `timeout` where that takes longer; the deployment goes
   * on all the same. Sign the user out for good before: one who comes back writes again.
   *
   * @example
   * await server.user("usr_1").disconnect();
   * await server.user("usr_1").erase({ untilDone: true, timeoutMs: 600_000 });
   */
  readonly erase = async ({
    untilDone: isAwaited,
    ...options
  }: EraseOptions = {}): Promise<ErasureResult> => {
    if (isAwaited !== true) return this.#erase(options);
    return untilDone(this.#context, options, async (signal) => {
      const result = await this.#erase({ ...options, signal });
      const error = new RoomsError("overloaded", `Something is left in ${result.rooms} rooms.`);
      return result.done ? { done: true, value: result } : { done: false, error };
    });
  };

  #erase(options: ServerCallOptions): Promise<ErasureResult> {
    return checked(this.#call("DELETE", "", undefined, options), ERASURE_RESULT);
  }
}
