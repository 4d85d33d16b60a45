import {
  BANS_RESULT,
  type BansResult,
  MESSAGES_RESULT,
  type OwnSettings,
  RECEIPTS_RESULT,
  type ReceiptEntry,
  SETTINGS_RESULT,
  type Topics,
} from "../../src/protocol/index.ts";
import type { Client } from "../core/client.ts";
import type { MessagesResultOf } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import { roomName } from "../util/errors.ts";
import { query, userPath } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import { type CallOptions, callApi, type HttpMethod } from "./http-call.ts";

export interface HistoryOptions extends CallOptions {
  /** Only messages before this `seq`. Without it the page is the newest one. */
  readonly before?: number;
  /**
   * How many messages at most, 1 to 200.
   *
   * @default 50
   */
  readonly limit?: number;
  /**
   * Only messages under these topics, at most 20; `null` is all.
   *
   * @default null
   */
  readonly topics?: Topics;
}

export interface BansOptions extends CallOptions {
  /** The last user of the page before. Without it the page is the first one. */
  readonly after?: string;
}

export interface KickOptions extends CallOptions {
  /**
   * For how many seconds the user cannot come back, 0 (they may at once) to a year.
   *
   * @default 3_600
   */
  readonly banSeconds?: number;
  /** Shown to moderators in the list of bans. At most 500 characters. */
  readonly reason?: string;
  /** For the user: part of `state.error.message`. At most 100 characters, of which 100 bytes of UTF-8 arrive. */
  readonly message?: string;
}

/**
 * The calls of the HTTP API about one room, which need not be open. They need no socket and open none: they also work
 * while the room connects, after `disconnect()` and after `leave()`. They are never queued, and tried a second time only
 * with a new token where one was refused. Throws `bad_request` where `name` is no name of a room.
 *
 * All reject with a `RoomsError`: `forbidden` (the permission is not enough), `unauthorized` and `token_expired` (no
 * token was taken), `offline` (the server cannot be reached), `timeout` (see `timeoutMs`), `closed` (after
 * `client.close()`), and `rate_limited` or `overloaded` with `retryAfterMs`. The methods may be called unbound.
 *
 * @example
 * const api = roomApi(client, "project_123");
 * await api.kick("usr_2", { banSeconds: 600, reason: "spam" });
 */
export const roomApi = <Events extends EventMap = RegisteredEvents>(
  client: Client<Events>,
  name: string,
): RoomApi<Events> => new RoomApi(client, roomName(name));

/** See {@link roomApi}. */
export class RoomApi<Events extends EventMap = RegisteredEvents> {
  readonly #client: Client<Events>;
  readonly #name: string;

  constructor(client: Client<Events>, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * How far each user has read: `{ user, seq, at }` of the 1,000 who read last, `at` in milliseconds since 1970. Needs
   * `read` and a user: an anonymous reader is `unauthorized`.
   *
   * @example
   * const seenBy = (await roomApi(client, "project_123").receipts()).filter(({ seq }) => seq >= message.seq).map(({ user }) => user);
   */
  readonly receipts = async (options?: CallOptions): Promise<readonly ReceiptEntry[]> =>
    (await checked(this.#call("GET", "/receipts", undefined, options), RECEIPTS_RESULT)).receipts;

  /**
   * A page of messages, oldest first, that does not enter `messages` of the room: to search or to export. With `more`
   * there is an older page: `before` the `seq` of this one. Needs `read`.
   *
   * @example
   * let page = await roomApi(client, "project_123").history({ limit: 200, topics: ["chat"] });
   * while (page.more) page = await roomApi(client, "project_123").history({ before: page.seq, limit: 200, topics: ["chat"] });
   */
  readonly history = ({
    before,
    limit,
    topics,
    ...options
  }: HistoryOptions = {}): Promise<MessagesResultOf<Events>> => {
    const path = `/messages${query({ before, limit, topics })}`;
    return declared(checked(this.#call("GET", path, undefined, options), MESSAGES_RESULT));
  };

  /**
   * Who is kept out: `{ user, until, at, by, reason? }`, the ban that ends first comes first, times in milliseconds since
   * 1970. At most 1,000; with `more` the next page is `after` the last user. If that ban has ended meanwhile the call
   * rejects with `not_found`: begin with the first page again. Needs `moderate`.
   *
   * @example
   * const { bans } = await roomApi(client, "project_123").bans();
   * for (const { user, until, reason } of bans) console.log(user, new Date(until), reason);
   */
  readonly bans = ({ after, ...options }: BansOptions = {}): Promise<BansResult> =>
    checked(this.#call("GET", `/bans${query({ after })}`, undefined, options), BANS_RESULT);

  /**
   * Closes every connection of the user to this room, and keeps them out for `banSeconds`. Needs `moderate`.
   *
   * @example
   * await roomApi(client, "project_123").kick("usr_2", { banSeconds: 600, reason: "spam" });
   */
  readonly kick = async (
    user: string,
    { banSeconds, reason, message, ...options }: KickOptions = {},
  ): Promise<void> => {
    const body = { user, banSeconds, reason, message };
    await this.#call("POST", "/kick", body, options);
  };

  /**
   * Lets a user back in. Has no effect where they are not kept out. Needs `moderate`.
   *
   * @example
   * await roomApi(client, "project_123").unban("usr_2");
   */
  readonly unban = async (user: string, options?: CallOptions): Promise<void> => {
    await this.#call("DELETE", `/bans/${userPath(user)}`, undefined, options);
  };

  /**
   * The settings of this room: `{ slowModeMs, maxConnections, historyLimit }`. Needs `read`.
   *
   * @example
   * const { slowModeMs } = await roomApi(client, "project_123").settings();
   */
  readonly settings = async (options?: CallOptions): Promise<OwnSettings> =>
    (await checked(this.#call("GET", "", undefined, options), SETTINGS_RESULT)).settings;

  /**
   * Changes the settings that are given, and resolves with all of them. Needs `moderate`. Only server code may set
   * `historyLimit` (else `forbidden`).
   *
   * @example
   * await roomApi(client, "project_123").setSettings({ slowModeMs: 10_000 });
   */
  readonly setSettings = async (body: Partial<OwnSettings>, options?: CallOptions): Promise<OwnSettings> =>
    (await checked(this.#call("PATCH", "", body, options), SETTINGS_RESULT)).settings;

  #call(method: HttpMethod, path: string, body: unknown, options: CallOptions | undefined): Promise<unknown> {
    return callApi(this.#client, method, `/v1/rooms/${this.#name}${path}`, body, options);
  }
}
