// What may be called on the object of a user, over RPC: by the Worker for a request, and by the objects of rooms.
//
// An answer that may be a refusal is an `Outcome`. A call that rejects did not reach the object, or failed there: what
// it was to do may or may not have been done. Instants are in milliseconds, costs in millionths of a US dollar.

import type { Dated, VerifiedToken } from "../access/identity.ts";
import type { PolledCommands } from "../object/polled-socket.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import type {
  ErasureResult,
  FollowedRoomsResult,
  NotificationState,
  Outcome,
  Preferences,
} from "../protocol/index.ts";
import type { Report, UserCounts } from "../registry/counts.ts";
import type { ItemAnswer, SessionItem } from "../session-rooms/session-delivery.ts";
import type { ListQuery, MarkSelection, NotificationInput } from "./inbox/inbox-log.ts";
import type { PreferencesPatch } from "./inbox/preferences.ts";
import type { NewSubscription } from "./push/push-store.ts";
import type { Notified, UserStanding } from "./user-hub.ts";

/** An answer that some objects give at once: over RPC every answer is a promise. */
type Answer<T> = T | Promise<T>;

/** What `GET /v1/me/notifications` answers. */
export interface NotificationsPage {
  /** Each notification as JSON. */
  readonly events: readonly string[];
  readonly more: boolean;
  readonly unread: number;
}

/** Calls of the user, for whom the token is judged first: a revoked one is refused at once. */
interface CallsOfBearers {
  /** The followed rooms that the token may read, with what is unread there; `after`: those behind that room. */
  followedRooms(token: VerifiedToken, after: string | undefined): Answer<Outcome<FollowedRoomsResult>>;
  /** `token` is `null` if server code calls. */
  follow(room: string, token: Dated | null): Answer<Outcome<undefined>>;
  /** As `follow`. A room that is open stays open; with its next opening it is followed again. */
  unfollow(room: string, token: Dated | null): Answer<Outcome<undefined>>;
  preferences(token: Dated): Answer<Outcome<Preferences>>;
  /** Changes the preferences that the patch has. Answers all of them. */
  updatePreferences(token: Dated, patch: PreferencesPatch): Answer<Outcome<Preferences>>;
  /** Adds a device that gets pushes, or replaces what is known of its endpoint. */
  subscribe(token: Dated, subscription: NewSubscription): Answer<Outcome<undefined>>;
  unsubscribe(token: Dated, endpoint: string): Answer<Outcome<undefined>>;
  /** Marks notifications as seen, read or archived. A state never goes back. */
  mark(
    token: Dated,
    target: MarkSelection,
    state: NotificationState,
  ): Answer<Outcome<{ readonly unread: number }>>;
  notifications(token: Dated, query: ListQuery): Answer<Outcome<NotificationsPage>>;
}

/** Calls of server code, as the Worker has checked. */
interface CallsOfServers {
  /** Stores a notification and delivers it to the user's sessions. The same `id` again answers `duplicate`. */
  notify(input: NotificationInput): Answer<Notified>;
  /** Delivers an event to the user's sessions; `data` is JSON. Answers how many heard it. */
  signal(event: string, data: string): Answer<number>;
  /** Whether the user is connected, and how much is unread. */
  standing(): Answer<UserStanding>;
  /**
   * Closes the user's sessions, revokes all tokens that there are, and removes their push subscriptions unless
   * `keepPush`. Answers how many rooms know it by now; the alarm notifies the others.
   */
  disconnect(options: { readonly keepPush: boolean }): Answer<{ readonly rooms: number }>;
  /**
   * Erases the user here, and in the rooms that this object knows; the alarm goes on with those that are left. While an
   * erasure is under way, it says how far it is and begins no other.
   */
  erase(): Promise<ErasureResult>;
}

/** Calls of rooms, and of the Worker for a token that it is about to believe. */
interface CallsOfRooms {
  /**
   * The user opens `room` for the first time: answers which tokens are revoked, and from now on tells the room of
   * revocations. `undatedUntil`: when the token expires that it is opened with, if that has no date.
   */
  registerRoom(room: string, undatedUntil: number | null): Answer<Outcome<RevokedTokens>>;
  /**
   * As `registerRoom`, for callers that ask often. `act`: the user is about to leave something in a room; unless the token is
   * revoked the room is kept, for an export or erasure, and not followed. Creates the user only if there is something to
   * keep.
   */
  revokedTokens(
    undatedUntil: number | null,
    act?: { readonly room: string; readonly token: Dated },
  ): Answer<RevokedTokens>;
  /** The user is about to create a room. Refuses if they have used up what one may cost a day. */
  mayCreateRoom(): Answer<Outcome<undefined>>;
  /** What the user's acts in a room cost. Answers until when the user is held there; 0: they are not. */
  reportSpending(units: number): Answer<number>;
  /** What a room delivers to sessions of this user. Answers of each item, in the same order. */
  deliver(room: string, items: readonly SessionItem[]): Answer<ItemAnswer[]>;
  /**
   * Notifies of a message, unless one of `sessions`, which it was delivered to, is connected. Creates no user, as a
   * member of a room may mention any id.
   */
  mention(input: NotificationInput, sessions: readonly string[]): Answer<void>;
}

/** Calls of the Worker for clients that poll. */
interface CallsOfPolls {
  /** What such a client sends on its session. `false`: there is no such session. Settles when it was passed on. */
  receivePolled(commands: PolledCommands): Answer<boolean>;
}

/** Calls of the registry. */
interface CallsOfRegistry {
  /** How many sessions are open. Never creates the user: `counts` is `null` if they were never here. */
  reportNow(): Answer<Report<UserCounts>>;
}

/** The call whose answer is a stream of `Bytes`, a type of the runtime. */
export interface UserExportCalls<Bytes> {
  /** The lines of an export. It breaks off before its last line if the object fails, or the user is erased meanwhile. */
  exportUser(): Bytes | Promise<Bytes>;
}

export interface UserCalls
  extends CallsOfBearers,
    CallsOfServers,
    CallsOfRooms,
    CallsOfPolls,
    CallsOfRegistry {}
