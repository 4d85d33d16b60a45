// A notification as it is stored, and what counts of it.

import { NOTIFICATION_STATES, type NotificationState } from "../../protocol/index.ts";

export interface NotificationRow {
  readonly number: number;
  readonly seq: number;
  readonly id: string;
  readonly topic: string | null;
  /** The notification as JSON, without `state`. */
  readonly body: string;
  readonly expiresAt: number | null;
  readonly muted: boolean;
  readonly state: NotificationState;
}

/** The fields that decide whether a notification counts as unread. */
export type CountedFields = Pick<NotificationRow, "seq" | "state" | "expiresAt" | "muted">;

/** A notification that a newer one replaces. */
export type RetiredRow = CountedFields & Pick<NotificationRow, "topic">;

/** How many are unread, and until when that is right: then one of them expires. `null`: none of them expires. */
export interface Tally {
  readonly count: number;
  readonly until: number | null;
}

/** Slots of the ring, both included. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

export type Row = {
  number: number;
  seq: number;
  id: string;
  topic: string | null;
  expires_at: number | null;
  body: string;
  muted: number;
  state: number;
};

export const stateAt = (position: number): NotificationState => NOTIFICATION_STATES[position] ?? "archived";

export const COLUMNS = "number, seq, id, topic, expires_at, body, muted, state";

export const decode = ({ expires_at, state, muted, ...row }: Row): NotificationRow => ({
  ...row,
  expiresAt: expires_at,
  muted: muted === 1,
  state: stateAt(state),
});

export const sooner = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);
