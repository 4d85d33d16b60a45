import {
  FOLLOWED_ROOMS_RESULT,
  type FollowedRoom,
  NOTIFICATIONS_RESULT,
  type NotificationState,
  type NotificationsResult,
  PREFERENCES,
  type Preferences,
  READ_RESULT,
  type ReadResult,
} from "../../src/protocol/index.ts";
import type { AnyClient } from "../core/client.ts";
import { roomName } from "../util/errors.ts";
import { query } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import { type CallOptions, callApi, type HttpMethod } from "./http-call.ts";

export interface NotificationsOptions extends CallOptions {
  /** Only notifications in this state. Without it all but the archived ones. */
  readonly state?: NotificationState;
  /** Only notifications before this `seq`. Without it the page is the newest one. */
  readonly before?: number;
  /**
   * How many notifications at most, 1 to 200.
   *
   * @default 50
   */
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
export const userApi = (client: AnyClient): UserApi => new UserApi(client);

/** See {@link userApi}. */
export class UserApi {
  readonly #client: AnyClient;

  constructor(client: AnyClient) {
    this.#client = client;
  }

  /**
   * What notifies this user: muted topics and rooms, quiet hours, push.
   *
   * @example
   * const { mutedRooms, quietHours } = await userApi(client).preferences();
   */
  readonly preferences = (options?: CallOptions): Promise<Preferences> =>
    checked(this.#call("GET", PREFERENCES_PATH, undefined, options), PREFERENCES);

  /**
   * Changes the preferences that are given, and resolves with all of them.
   *
   * @example
   * await userApi(client).setPreferences({ quietHours: { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" } });
   */
  readonly setPreferences = (body: Partial<Preferences>, options?: CallOptions): Promise<Preferences> =>
    checked(this.#call("PUT", PREFERENCES_PATH, body, options), PREFERENCES);

  /**
   * The rooms that this user follows, by name: `{ room, head, readSeq, unread }`, at most 500. `unread` is `null` where
   * it is not known, and may be a minute old. There is a call for each page, and `timeoutMs` is the time of one.
   *
   * @example
   * for (const { room, unread } of await userApi(client).followedRooms()) console.log(room, unread ?? "unknown");
   */
  readonly followedRooms = async (options?: CallOptions): Promise<readonly FollowedRoom[]> => {
    const all: FollowedRoom[] = [];
    for (let after: string | undefined; ; ) {
      const page = await checked(
        this.#call("GET", ROOMS + query({ after }), undefined, options),
        FOLLOWED_ROOMS_RESULT,
      );
      all.push(...page.rooms);
      // Names ascend: one that does not would have this go round for ever.
      if (page.next === undefined || page.next <= (after ?? "")) return all;
      after = page.next;
    }
  };

  /**
   * Follows a room, as opening it does. Needs `read` there. More than 500 rooms are `too_large`.
   *
   * @example
   * await userApi(client).follow("announcements");
   */
  readonly follow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.#call("PUT", `${ROOMS}/${roomName(room)}`, undefined, options);
  };

  /**
   * Ends following a room, until it is opened again. Has no effect where it is not followed.
   *
   * @example
   * await userApi(client).unfollow("announcements");
   */
  readonly unfollow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.#call("DELETE", `${ROOMS}/${roomName(room)}`, undefined, options);
  };

  /**
   * As `markRead` of a room, for a room that is not open here. Resolves with `{ seq, unread }`: how far this user has
   * read, and how many messages are left, counted to at most 1,000. Needs `read` there.
   *
   * @example
   * for (const { room, head } of await userApi(client).followedRooms()) await userApi(client).markRoomRead(room, head);
   */
  readonly markRoomRead = async (room: string, seq: number, options?: CallOptions): Promise<ReadResult> => {
    const path = `/v1/rooms/${roomName(room)}/receipts/me`;
    return checked(this.#call("PUT", path, { seq }, options), READ_RESULT);
  };

  /**
   * A page of the inbox, oldest first, that does not enter `inbox.notifications`. With `more` there is an older page:
   * `before` the `seq` of its first one.
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
    return checked(this.#call("GET", path, undefined, options), NOTIFICATIONS_RESULT);
  };

  #call(method: HttpMethod, path: string, body: unknown, options: CallOptions | undefined): Promise<unknown> {
    return callApi(this.#client, method, path, body, options);
  }
}

const PREFERENCES_PATH = "/v1/me/preferences";
const ROOMS = "/v1/me/rooms";
