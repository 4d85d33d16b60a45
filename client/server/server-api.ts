import {
  type BROADCAST_BODY,
  BROADCAST_RESULT,
  type BroadcastEntry,
  type Infer,
  type NOTIFY_BODY,
  NOTIFY_RESULT,
  type NotifyEntry,
  ROOMS_RESULT,
  type RoomsResult,
  STATS_RESULT,
  type StatsResult,
  type TOKEN_BODY,
  TOKEN_RESULT,
  USERS_RESULT,
  type UsersResult,
} from "../../src/protocol/index.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import type { HttpMethod } from "../http/http-call.ts";
import { RoomsError, roomName } from "../util/errors.ts";
import { query } from "../util/url.ts";
import { checked, fits } from "../util/wire.ts";
import {
  type CallBelow,
  callForEach,
  callsBelow,
  type Repeat,
  type ServerCallOptions,
  type ServerContext,
} from "./server-call.ts";
import { type ServerApiOptions, serverContext } from "./server-context.ts";
import { ServerRoom } from "./server-room.ts";
import { ServerUser } from "./server-user.ts";

interface NotificationContent extends Omit<Infer<typeof NOTIFY_BODY>, "user" | "users"> {}

/** What {@link ServerApi.notify} sends, to one user or to up to 1,000. */
export type NotificationToSend =
  | (NotificationContent & { readonly user: string })
  | (NotificationContent & { readonly users: readonly string[] });

/** What {@link ServerApi.broadcast} says, in up to 100 rooms. */
export interface BroadcastToSend<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> extends Omit<Infer<typeof BROADCAST_BODY>, "event" | "data"> {
  readonly event: Name;
  /** JSON, of at most `limits.messageBytes` bytes of UTF-8. */
  readonly data: Events[Name];
}

/** What {@link ServerApi.token} puts into a token. */
export interface TokenRequest extends Infer<typeof TOKEN_BODY> {}

/** Which rooms {@link ServerApi.rooms} lists, or which users {@link ServerApi.users}. */
export interface ListOptions extends ServerCallOptions {
  /** Only names that begin with this. */
  readonly prefix?: string;
  /**
   * Only rooms that are occupied, or users who have a session open.
   *
   * @default false
   */
  readonly active?: boolean;
  /** The `next` of the page before. Default: from the first on. */
  readonly after?: string;
  /**
   * At most so many: 1 to 200.
   *
   * @default 50
   */
  readonly limit?: number;
}

/** A token, and when it expires, in milliseconds since 1970. */
export interface IssuedToken extends Infer<typeof TOKEN_RESULT> {}

/**
 * The deployment, for code that runs on a server: Node 20 and newer, Workers, Deno, Bun. It opens no connection; each
 * call is an HTTP request with the API key, which may do everything.
 *
 * A call that fails for the moment (the network, `rate_limited`, `overloaded`, `internal`) is tried again until it is
 * done or `timeoutMs` is over: at random times within 0.5 s, then 1 s, 2 s … up to 8 s, later where the server asks for
 * it. What must not be done twice carries the same `id` in each try; calls of which that is not enough say so.
 *
 * All calls reject with a `RoomsError`: `bad_request` (a field does not fit, see `path`), `unauthorized` (no such API
 * key), `offline` (the server could not be reached), `timeout`, `too_large`, and `rate_limited`, `overloaded` or
 * `internal` where that did not pass. After `offline` and `timeout` it is not known whether it was done.
 *
 * Throws `bad_request` where an option cannot be used, and in a page: everybody could read the key there. The methods
 * may be called unbound. `Events` types what is said and read, without a check at run time, as for the client: see
 * {@link EventMap}. Default: the map of {@link Register}, or any events.
 *
 * @example
 * const server = createServerApi({ url: "https://rooms.example.com", apiKey: process.env.EDGE_ROOMS_API_KEY });
 * await server.notify({ user: "usr_1", title: "Build completed", message: "All tests passed", id: "build-456" });
 * await server.room("project_123").publish({ event: "task.created", data: { id: 7, title: "Ship it" } });
 */
export const createServerApi = <Events extends EventMap = RegisteredEvents>(
  options: ServerApiOptions,
): ServerApi<Events> => new ServerApi(serverContext(options));

/** See {@link createServerApi}. */
export class ServerApi<Events extends EventMap = RegisteredEvents> {
  readonly #context: ServerContext;
  readonly #call: CallBelow;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#call = callsBelow(context, "");
  }

  /**
   * Sends a notification to the inbox of one user, or of up to 1,000: it is stored, shown on all their devices, and
   * pushed to those who are away.
   *
   * Resolves with one entry for each user, in their order: with `seq` (its place in the inbox) and `delivered` (how many
   * sessions heard it at once), or with an `error` where this user could not be reached. Only the users that failed for
   * the moment are tried again. Rejects where none could be reached.
   *
   * Each user gets it once: an `id` is made where none is given, and all tries carry the same. With an `id` of your own
   * a later call with the same `id` completes what is missing, and skips the users who have it (`duplicate`).
   *
   * @example
   * const [entry] = await server.notify({ user: "usr_1", title: "Build completed", message: "", link: "/builds/456" });
   */
  readonly notify = async (
    notification: NotificationToSend,
    options?: ServerCallOptions,
  ): Promise<readonly NotifyEntry[]> => {
    const { id = this.#context.ports.newId() } = notification;
    const one = "user" in notification;
    return callForEach<NotifyEntry>(
      this.#context,
      {
        path: "/v1/notify",
        names: one ? [notification.user] : notification.users,
        repeat: "always",
        body: (users) => ({ ...notification, id, ...(one ? {} : { users }) }),
        entries: (answer) => (fits(NOTIFY_RESULT, answer) ? answer.results : undefined),
        nameOf: ({ user }) => user,
      },
      options,
    );
  };

  /**
   * Says the same in up to 100 rooms: a message that is stored, or with `ephemeral` a signal that is not.
   *
   * Resolves with one entry for each room, in their order: with the `seq` of the message, or with an `error` where it
   * could not be said. Only the rooms that failed for the moment are tried again. Rejects where all failed. Each room
   * stores it once, as {@link ServerRoom.publish} does; a signal is sent at most once.
   *
   * All but its sender: a signal with `except` is not sent to that user. What is stored is in the log of all: say it
   * `from` the sender, whose listeners leave it out with `own: false` (`room.onEvent`).
   *
   * @example
   * await server.broadcast({ rooms: ["project_1", "project_2"], event: "maintenance", data: { at: "22:00" } });
   */
  readonly broadcast = async <Name extends EventName<Events>>(
    broadcast: BroadcastToSend<Events, Name>,
    options?: ServerCallOptions,
  ): Promise<readonly BroadcastEntry[]> => {
    const { id = this.#context.ports.newId(), ephemeral } = broadcast;
    return callForEach<BroadcastEntry>(
      this.#context,
      {
        path: "/v1/broadcast",
        names: broadcast.rooms,
        repeat: ephemeral ? "ifNotDone" : "always",
        body: (rooms) => ({ ...broadcast, id, rooms }),
        entries: (answer) => (fits(BROADCAST_RESULT, answer) ? answer.results : undefined),
        nameOf: ({ room }) => room,
      },
      options,
    );
  };

  /**
   * A token for a user, where your back end signs none itself. `rooms` maps room names, or beginnings with a `*`, to
   * `none`, `read`, `write` or `moderate`. Without `rooms` the token does not say, and your back end is asked
   * (`AUTHORIZE_URL`), or `DEFAULT_ROOM_ACCESS` decides. It is valid for `ttlSeconds`: 60 to 2,592,000 (30 days), 3,600
   * unless given.
   *
   * It is tried again after a lost answer: a token that did not arrive is known to no one.
   *
   * Rejects with `bad_request` where the deployment takes its tokens from an issuer (`JWT_JWKS_URL`).
   *
   * @example
   * const { token } = await server.token({ user: "usr_1", name: "Ada", rooms: { "project_*": "write" } });
   */
  readonly token = async (request: TokenRequest, options?: ServerCallOptions): Promise<IssuedToken> =>
    checked(this.#call("POST", "/v1/tokens", request, options), TOKEN_RESULT);

  /**
   * How much is going on: connections, members, sessions, rooms and users, and what was ever stored. Right within a
   * minute; `unconfirmed` says how many rooms and users could not be asked.
   *
   * Rejects with `not_found` where the deployment has no registry.
   *
   * @example
   * const { connections, rooms } = await server.stats();
   */
  readonly stats = async (options?: ServerCallOptions): Promise<StatsResult> =>
    checked(this.#call("GET", "/v1/stats", undefined, options), STATS_RESULT);

  /**
   * A page of the rooms, ascending by name, each with how many are in it and how many messages it has stored. Where there
   * may be more, the answer has `next`, the `after` of the next page.
   *
   * Rejects with `not_found` where the deployment has no registry.
   *
   * @example
   * const { rooms, next } = await server.rooms({ prefix: "project_", active: true });
   */
  readonly rooms = async (options: ListOptions = {}): Promise<RoomsResult> =>
    checked(this.#call("GET", listPath("/v1/rooms", options), undefined, options), ROOMS_RESULT);

  /**
   * A page of the users, ascending by id, each with how many sessions are open. Where there may be more, the answer has
   * `next`, the `after` of the next page. `active: true` leaves out those without a session: a user who only opens rooms,
   * on sockets of their own, has none. Who is in a room, `room(name).members()` says.
   *
   * Rejects with `not_found` where the deployment has no registry.
   *
   * @example
   * const { users } = await server.users({ active: true, limit: 200 });
   */
  readonly users = async (options: ListOptions = {}): Promise<UsersResult> =>
    checked(this.#call("GET", listPath("/v1/users", options), undefined, options), USERS_RESULT);

  /**
   * What server code may do in one room. Makes no request. Throws `bad_request` where `name` is no name of a room.
   *
   * @example
   * const { members } = await server.room("project_123").members();
   */
  readonly room = (name: string): ServerRoom<Events> => new ServerRoom(this.#context, roomName(name));

  /**
   * What server code may do with one user. Makes no request. Throws `bad_request` where `id` is no id of a user.
   *
   * @example
   * await server.user("usr_1").disconnect();
   */
  readonly user = (id: string): ServerUser<Events> => new ServerUser(this.#context, id);

  /**
   * Any other call of the HTTP API. `path` begins with `/v1/`, `body` is sent as JSON. The answer is not checked: look
   * at what it is. `GET`, `PUT` and `DELETE` are tried again after a lost answer, `POST` and `PATCH` are not.
   *
   * @example
   * const page: unknown = await server.call("GET", "/v1/rooms/project_123/events?wait=25");
   */
  readonly call = async (
    method: HttpMethod,
    path: string,
    body?: unknown,
    options?: ServerCallOptions,
  ): Promise<unknown> => {
    // Any other text behind the address could name another host.
    if (!path.startsWith("/v1/")) throw new RoomsError("bad_request", "The path must begin with /v1/.");
    const repeat: Repeat = method === "POST" || method === "PATCH" ? "ifNotDone" : "always";
    return this.#call(method, path, body, options, repeat);
  };
}

const listPath = (path: string, { prefix, active, after, limit }: ListOptions): string =>
  path + query({ prefix, active: active ? "true" : undefined, after, limit });
