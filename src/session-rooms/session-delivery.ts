// What the objects of rooms and users send each other for rooms on a session: a room delivers to all sessions of a user
// with one call, and a session sends to a room what gathered meanwhile with one call.

import type { Actor } from "../access/identity.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import type { Closing, Topics } from "../protocol/index.ts";

/** What a room sends to one session, in order. */
export interface SessionItem {
  readonly connection: string;
  /** The `join` of the session that it belongs to, as the session may join again. */
  readonly join: string;
  /** Precondition: the highest `seq` delivered before. `null`: none, as these are the first frames. */
  readonly after: number | null;
  readonly upTo: number;
  /** Encoded, without `room`. */
  readonly frames: readonly string[];
  /** The room has ended for this session. */
  readonly left?: Closing;
}

/**
 * What became of an item. `taken`: it was sent, or is obsolete. `gone`: the session is closed or has left. `behind`: the
 * session has received up to `seq`, which is less than `after`, and was sent nothing.
 */
export type ItemAnswer =
  | {
      readonly kind: "taken";
      /** The session will be closed in this long unless a heartbeat comes, in milliseconds; left out: it never sent one. */
      readonly silentInMs?: number;
    }
  | { readonly kind: "gone" }
  | { readonly kind: "behind"; readonly seq: number };

export interface SessionJoin {
  readonly connection: string;
  readonly join: string;
  /** The id of the command, which is answered before the first frames. */
  readonly id: string;
  readonly actor: Actor;
  readonly topics: Topics;
  readonly presence: boolean;
  readonly since?: string;
  readonly history: number;
  /** How far its client has open messages, as it said. */
  readonly have?: string;
  readonly revokedTokens: RevokedTokens;
  /** The largest frame that the session wants to be sent, in bytes; left out: any. */
  readonly frameBytes?: number;
  /** The connection to this room that its client gave up. */
  readonly replaces?: string;
  /** The session that its client gave up. */
  readonly replacesSession?: string;
}

/** How far a user has read in a room, and how much is unread; `null`: the room did not answer. */
export interface RoomUnread {
  readonly head: number;
  readonly readSeq: number;
  readonly unread: number | null;
}
