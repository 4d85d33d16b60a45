// Rows of a log: what is written to one, and what its queries read.

import { VOICES } from "./room-schema.ts";

export interface StoredMessage {
  readonly seq: number;
  readonly event: string;
  /** User id; "" is server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
  readonly id: string;
  readonly at: number;
  /** The whole message as it goes over the wire. */
  readonly body: string;
  /** The id was given over HTTP: it is remembered as long as the log holds the message. */
  readonly keyed: boolean;
  /** The messages that are open, with this one if it is. */
  readonly open: readonly number[];
  /** When the room deletes it, in milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** What a change writes to the row of its message. */
export interface StoredChange {
  readonly target: number;
  /** The slot of the message, as `find` returned it. */
  readonly slot: number;
  readonly body: string;
  readonly seq: number;
  readonly at: number;
  /** User id; `null` is server code. */
  readonly by: string | null;
  readonly deleted: boolean;
  /** When the message expires, in milliseconds, if it does: not any more once it is deleted. */
  readonly expiresAt?: number | undefined;
}

export type PlaceRow = { seq: number; slot: number };
export type BodyRow = { seq: number; event: string; body: string };
export type TargetRow = BodyRow & {
  slot: number;
  author: string;
  voice: number | null;
  deleted: number | null;
};
/** All that an export has of a message. */
export type WholeRow = BodyRow & {
  author: string;
  voice: number | null;
  changed: number | null;
  changed_at: number | null;
  changed_by: string | null;
};
export type ChangedRow = BodyRow & {
  changed: number;
  changed_at: number;
  changed_by: string | null;
  deleted: number | null;
};
export type AuthorRow = { seq: number; author: string; at: number; voice: number | null };
export type ChangerRow = { seq: number; changer: string; at: number };
export type LatestRow = { seq: number; author: string; deleted: number | null };
export type IdRow = { seq: number; author: string; id: string; at: number; voice: number | null };
export type StateRow = {
  epoch: string;
  created_at: number;
  ring: number;
  head: number;
  messages: number;
  importing: number | null;
  timed: number | null;
};
/** A message, with its last change. */
export type UntoldRow = BodyRow & {
  at: number;
  changed: number | null;
  changed_at: number | null;
  changed_by: string | null;
};
export const UNTOLD = "seq, event, body, at, changed, changed_at, changed_by";

export const WHOLE = "seq, event, author, voice, body, changed, changed_at, changed_by";

/** Whether the id of a message was given over HTTP. */
export const isKeyed = ({ voice }: { readonly voice: number | null }): boolean =>
  voice === VOICES.keyed || voice === VOICES.keyedByServer;

/** Whether server code sent a message. Only server code in its own name has no author. */
export const isByServer = ({
  author,
  voice,
}: {
  readonly author: string;
  readonly voice: number | null;
}): boolean => author === "" || voice === VOICES.keyedByServer || voice === VOICES.byServer;
