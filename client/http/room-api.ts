import {
  type BansResult,
  isUserId,
  type MessagesResult,
  type OwnSettings,
  type ReceiptEntry,
  type Topics,
} from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";
import type { Call, CallOptions } from "./http-call.ts";
import {
  checked,
  isBansResult,
  isMessagesResult,
  isReceiptsResult,
  isSettingsResult,
} from "./http-shapes.ts";
import { query } from "./query.ts";

export interface HistoryOptions extends CallOptions {
  /** Only what stands before this `seq`. Default: from the newest on. */
  readonly before?: number;
  /** 1 to 200. Default 50. */
  readonly limit?: number;
  /** Only messages under these topics, at most 20. Default `null`: all. */
  readonly topics?: Topics;
}

export interface BansOptions extends CallOptions {
  /** The last user of the page before. Default: from the beginning. */
  readonly after?: string;
}

export interface KickOptions extends CallOptions {
  /** For how long the user cannot come back, in seconds: 0 (not at all) to a year. Default 3,600. */
  readonly banSeconds?: number;
  /** For moderators, in the list of bans. At most 500 characters. */
  readonly reason?: string;
}

/**
 * What a room answers over HTTP. Nothing here needs the socket: it works while the room connects, after `disconnect()`
 * and after `leave()`. All of it rejects with a `RoomsError`: `offline` where the server cannot be reached, `timeout`
 * where it does not answer in time (see `timeoutMs`), `closed` after `client.close()`, `unauthorized` and
 * `token_expired` where no token is taken, `forbidden` where the permission is not enough, and `rate_limited` or
 * `overloaded` with `retryAfterMs`. Nothing is queued, and nothing is tried again.
 */
export class RoomApi {
  readonly name: string;
  readonly #call: Call;

  constructor(call: Call, name: string) {
    this.name = name;
    this.#call = call;
  }

  /**
   * How far each user has read: the 1,000 who read last. Needs `read`, and a user: an anonymous reader is
   * `unauthorized`.
   *
   * @example
   * const seenBy = (await room.receipts()).filter(({ seq }) => seq >= message.seq).map(({ user }) => user);
   */
  readonly receipts = async (options?: CallOptions): Promise<readonly ReceiptEntry[]> =>
    (await checked(this.#call("GET", this.#path("/receipts"), options), isReceiptsResult)).receipts;

  /**
   * A page of messages, ascending, apart from `messages` of this room: to search or export, where `loadOlder` would fill
   * the screen. With `more` the next older page is `before` its `seq`. Needs `read`.
   *
   * @example
   * let page = await room.history({ limit: 200, topics: ["chat"] });
   * while (page.more) page = await room.history({ before: page.seq, limit: 200, topics: ["chat"] });
   */
  readonly history = ({
    before,
    limit,
    topics,
    ...options
  }: HistoryOptions = {}): Promise<MessagesResult> => {
    const path = this.#path(`/messages${query({ before, limit, topics })}`);
    return checked(this.#call("GET", path, options), isMessagesResult);
  };

  /**
   * Who is kept out, the next to end first: at most 1,000, and with `more` the next page is `after` the last user. That
   * one may have ended meanwhile: then `not_found`, so begin anew. Needs `moderate`.
   *
   * @example
   * const { bans } = await room.bans();
   * for (const { user, until, reason } of bans) console.log(user, new Date(until), reason);
   */
  readonly bans = ({ after, ...options }: BansOptions = {}): Promise<BansResult> =>
    checked(this.#call("GET", this.#path(`/bans${query({ after })}`), options), isBansResult);

  /**
   * Closes all that the user has open in this room, and keeps them out for `banSeconds`. Needs `moderate`.
   *
   * @example
   * await room.kick("usr_2", { banSeconds: 600, reason: "spam" });
   */
  readonly kick = async (
    user: string,
    { banSeconds, reason, ...options }: KickOptions = {},
  ): Promise<void> => {
    const body = { user, banSeconds, reason };
    await this.#call("POST", this.#path("/kick"), { ...options, body });
  };

  /**
   * Lets a user back in; without effect where they are not kept out. Needs `moderate`.
   *
   * @example
   * await room.unban("usr_2");
   */
  readonly unban = async (user: string, options?: CallOptions): Promise<void> => {
    // An id such as `..` would make another path of it.
    if (!isUserId(user)) throw new RoomsError("bad_request", "This is no id of a user.", { path: ["user"] });
    await this.#call("DELETE", this.#path(`/bans/${encodeURIComponent(user)}`), options);
  };

  /**
   * The settings of this room as they are now. Needs `read`.
   *
   * @example
   * const { slowModeMs } = await room.settings();
   */
  readonly settings = async (options?: CallOptions): Promise<OwnSettings> =>
    (await checked(this.#call("GET", this.#path(""), options), isSettingsResult)).settings;

  /**
   * Changes what is given, and resolves with all of them. Needs `moderate`; `historyLimit` is for server code
   * only (`forbidden`).
   *
   * @example
   * await room.setSettings({ slowModeMs: 10_000 });
   */
  readonly setSettings = async (body: Partial<OwnSettings>, options?: CallOptions): Promise<OwnSettings> =>
    (await checked(this.#call("PATCH", this.#path(""), { ...options, body }), isSettingsResult)).settings;

  #path(rest: string): string {
    return `/v1/rooms/${this.name}${rest}`;
  }
}
