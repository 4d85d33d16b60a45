import type {
  FollowedRoom,
  NotificationState,
  NotificationsResult,
  Preferences,
  ReadResult,
} from "../../src/protocol/index.ts";
import type { Client } from "../client.ts";
import { isNotificationsResult, isReadResult } from "../wire/shapes.ts";
import { type CallOptions, callApi, type HttpMethod } from "./http-call.ts";
import { checked, isFollowedRoomsResult, isPreferences } from "./http-shapes.ts";
import { query, roomName } from "./path.ts";

export interface NotificationsOptions extends CallOptions {
  /** Only those in this state. Default: all but what is archived. */
  readonly state?: NotificationState;
  /** Only what stands before this `seq`. Default: from the newest on. */
  readonly before?: number;
  /** 1 to 200. Default 50. */
  readonly limit?: number;
}

/**
 * The calls of the HTTP API about this user's own things. They need no socket and open none: they also work after
 * `disconnect()`. They are never queued, and tried a second time only with a new token where one was refused.
 *
 * All reject with a `RoomsError`: `unauthorized` (an anonymous client, or no token was taken), `token_expired`, `offline`
 * (the server cannot be reached), `timeout` (see `timeoutMs`), `closed` (after `client.close()`), and `rate_limited` or
 * `overloaded` with `retryAfterMs`. The methods may be called unbound.
 *
 * @example
 * const api = userApi(client);
 * for (const { room, unread } of await api.followedRooms()) console.log(room, unread ?? "unknown");
 */
export const userApi = (client: Client): UserApi => new UserApi(client);

/** See {@link userApi}. */
export class UserApi {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * What this user wants to be told of, and how.
   *
   * @example
   * const { mutedRooms, quietHours } = await userApi(client).preferences();
   */
  readonly preferences = (options?: CallOptions): Promise<Preferences> =>
    checked(this.#call("GET", PREFERENCES, undefined, options), isPreferences);

  /**
   * Changes what is given, the rest stays; resolves with all of them.
   *
   * @example
   * await userApi(client).setPreferences({ quietHours: { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" } });
   */
  readonly setPreferences = (body: Partial<Preferences>, options?: CallOptions): Promise<Preferences> =>
    checked(this.#call("PUT", PREFERENCES, body, options), isPreferences);

  /**
   * The rooms that this user follows, by name, with what is unread in each: at most 500, asked for page by page. The
   * counts may be a minute old. `timeoutMs` bounds each page.
   *
   * @example
   * for (const { room, unread } of await userApi(client).followedRooms()) console.log(room, unread ?? "unknown");
   */
  readonly followedRooms = async (options?: CallOptions): Promise<readonly FollowedRoom[]> => {
    const all: FollowedRoom[] = [];
    for (let after: string | undefined; ; ) {
      const page = await checked(
        this.#call("GET", ROOMS + query({ after }), undefined, options),
        isFollowedRoomsResult,
      );
      all.push(...page.rooms);
      // Names ascend: one that does not would have this go round for ever.
      if (page.next === undefined || page.next <= (after ?? "")) return all;
      after = page.next;
    }
  };

  /**
   * Follows a room, as opening it does. Needs `read` there; more than 500 are `too_large`.
   *
   * @example
   * await userApi(client).follow("announcements");
   */
  readonly follow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.#call("PUT", `${ROOMS}/${roomName(room)}`, undefined, options);
  };

  /**
   * Ends following a room, until it is opened again; without effect where it is not followed.
   *
   * @example
   * await userApi(client).unfollow("announcements");
   */
  readonly unfollow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.#call("DELETE", `${ROOMS}/${roomName(room)}`, undefined, options);
  };

  /**
   * As `markRead` of a room, for one that is not open here, such as one of `followedRooms()` up to its `head`. Resolves
   * with how far this user has read and how much is left, counted to at most 1,000. Needs `read` there.
   *
   * @example
   * for (const { room, head } of await userApi(client).followedRooms()) await userApi(client).markRoomRead(room, head);
   */
  readonly markRoomRead = async (room: string, seq: number, options?: CallOptions): Promise<ReadResult> => {
    const path = `/v1/rooms/${roomName(room)}/receipts/me`;
    return checked(this.#call("PUT", path, { seq }, options), isReadResult);
  };

  /**
   * A page of the inbox, ascending, apart from `inbox.notifications`: such as what was archived. With `more` the next
   * older page is `before` the first of it.
   *
   * @example
   * const { notifications } = await userApi(client).notifications({ state: "archived", limit: 20 });
   */
  readonly notifications = ({
    state,
    before,
    limit,
    ...options
  }: NotificationsOptions = {}): Promise<NotificationsResult> => {
    const path = `/v1/me/notifications${query({ state, before, limit })}`;
    return checked(this.#call("GET", path, undefined, options), isNotificationsResult);
  };

  #call(method: HttpMethod, path: string, body: unknown, options: CallOptions | undefined): Promise<unknown> {
    return callApi(this.#client, method, path, body, options);
  }
}

const PREFERENCES = "/v1/me/preferences";
const ROOMS = "/v1/me/rooms";
