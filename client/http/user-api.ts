import {
  type FollowedRoom,
  isRoomName,
  type NotificationState,
  type NotificationsResult,
  type Preferences,
  type ReadResult,
} from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";
import { isNotificationsResult, isReadResult } from "../wire/shapes.ts";
import type { Call, CallOptions } from "./http-call.ts";
import { checked, isFollowedRoomsResult, isPreferences } from "./http-shapes.ts";
import { query } from "./query.ts";

export interface NotificationsOptions extends CallOptions {
  /** Only those in this state. Default: all but what is archived. */
  readonly state?: NotificationState;
  /** Only what stands before this `seq`. Default: from the newest on. */
  readonly before?: number;
  /** 1 to 200. Default 50. */
  readonly limit?: number;
}

/**
 * What a user asks over HTTP of what is theirs. Nothing here needs a socket, or opens one: it works offline of rooms and
 * inbox, also after `disconnect()`. All of it needs a user (`unauthorized` for an anonymous client), and rejects with a
 * `RoomsError`: `offline` where the server cannot be reached, `timeout` where it does not answer in time (see
 * `timeoutMs`), `closed` after `client.close()`, `unauthorized` and `token_expired` where no token is taken, and
 * `rate_limited` or `overloaded` with `retryAfterMs`. Nothing is queued, and nothing is tried again.
 */
export class UserApi {
  /**
   * Any call of the HTTP API, with the token of this client: for what has no method here. `path` begins with `/v1/`
   * (`bad_request`). The answer is not checked, so look at what it is.
   *
   * @example
   * const members: unknown = await client.call("GET", "/v1/rooms/project_123/members", { timeoutMs: 5_000 });
   */
  readonly call: Call;

  constructor(call: Call) {
    this.call = call;
  }

  /**
   * What this user wants to be told of, and how.
   *
   * @example
   * const { mutedRooms, quietHours } = await client.preferences();
   */
  readonly preferences = (options?: CallOptions): Promise<Preferences> =>
    checked(this.call("GET", PREFERENCES, options), isPreferences);

  /**
   * Changes what is given, the rest stays; resolves with all of them.
   *
   * @example
   * await client.setPreferences({ quietHours: { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" } });
   */
  readonly setPreferences = (body: Partial<Preferences>, options?: CallOptions): Promise<Preferences> =>
    checked(this.call("PUT", PREFERENCES, { ...options, body }), isPreferences);

  /**
   * The rooms that this user follows, by name, with what is unread in each: at most 500, asked for page by page. The
   * counts may be a minute old. `timeoutMs` bounds each page.
   *
   * @example
   * for (const { room, unread } of await client.followedRooms()) console.log(room, unread ?? "unknown");
   */
  readonly followedRooms = async (options?: CallOptions): Promise<readonly FollowedRoom[]> => {
    const all: FollowedRoom[] = [];
    for (let after: string | undefined; ; ) {
      const page = await checked(this.call("GET", ROOMS + query({ after }), options), isFollowedRoomsResult);
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
   * await client.follow("announcements");
   */
  readonly follow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.call("PUT", `${ROOMS}/${named(room)}`, options);
  };

  /**
   * Ends following a room, until it is opened again; without effect where it is not followed.
   *
   * @example
   * await client.unfollow("announcements");
   */
  readonly unfollow = async (room: string, options?: CallOptions): Promise<void> => {
    await this.call("DELETE", `${ROOMS}/${named(room)}`, options);
  };

  /**
   * As `markRead` of a room, for one that is not open here, such as one of `followedRooms()` up to its `head`. Resolves
   * with how far this user has read and how much is left, counted to at most 1,000. Needs `read` there.
   *
   * @example
   * for (const { room, head } of await client.followedRooms()) await client.markRoomRead(room, head);
   */
  readonly markRoomRead = async (room: string, seq: number, options?: CallOptions): Promise<ReadResult> => {
    const path = `/v1/rooms/${named(room)}/receipts/me`;
    return checked(this.call("PUT", path, { ...options, body: { seq } }), isReadResult);
  };

  /**
   * A page of the inbox, ascending, apart from `inbox.notifications`: such as what was archived. With `more` the next
   * older page is `before` the first of it.
   *
   * @example
   * const { notifications } = await client.notifications({ state: "archived", limit: 20 });
   */
  readonly notifications = ({
    state,
    before,
    limit,
    ...options
  }: NotificationsOptions = {}): Promise<NotificationsResult> => {
    const path = `/v1/me/notifications${query({ state, before, limit })}`;
    return checked(this.call("GET", path, options), isNotificationsResult);
  };
}

const PREFERENCES = "/v1/me/preferences";
const ROOMS = "/v1/me/rooms";

function named(room: string): string {
  if (isRoomName(room)) return room;
  throw new RoomsError("bad_request", "This is no name of a room.", { path: ["room"] });
}
