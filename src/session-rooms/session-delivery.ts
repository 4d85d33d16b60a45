// What rooms and users tell each other of rooms on a session: one call of a room to a user's object for all of the user's
// sessions, one call of a session to a room for all that it said meanwhile.

import type { Actor } from "../access/identity.ts";
import type { VoidTokens } from "../object/revocation.ts";
import type { Closing, Topics } from "../protocol/index.ts";

/** What one session hears of a room, in order. */
export interface SessionItem {
  readonly connection: string;
  /** Which `join` of that session it belongs to, as it may join again. */
  readonly join: string;
  /** The session has been told everything of its topics up to here; `null`: it begins, or asks for its pages itself. */
  readonly after: number | null;
  readonly upTo: number;
  /** Encoded, without `room`. */
  readonly frames: readonly string[];
  /** The room has ended for this session. */
  readonly left?: Closing;
}

/**
 * What became of an item: passed on (or of no interest any more); the session is gone, or has left; or it was told less
 * than the item follows on, and was not given it.
 */
export type ItemAnswer =
  | {
      readonly kind: "taken";
      /** In how long it will be closed unless a heartbeat comes, in milliseconds; left out where it never sent one. */
      readonly silentInMs?: number;
    }
  | { readonly kind: "gone" }
  | { readonly kind: "behind"; readonly seq: number };

export interface SessionJoin {
  readonly connection: string;
  readonly join: string;
  /** Of the command that is answered before the first frames. */
  readonly id: string;
  readonly actor: Actor;
  readonly topics: Topics;
  readonly presence: boolean;
  readonly since?: string;
  readonly history: number;
  readonly voidTokens: VoidTokens;
  /** The largest frame that the session wants to be sent, in bytes; left out where it takes any. */
  readonly frameBytes?: number;
  /** The connection to this room that its client gave up. */
  readonly replaces?: string;
  /** The session that its client gave up. */
  readonly replacesSession?: string;
}

/** How far a user has read in a room, and how much that leaves; `unread` is `null` where the room did not answer. */
export interface RoomUnread {
  readonly head: number;
  readonly readSeq: number;
  readonly unread: number | null;
}
