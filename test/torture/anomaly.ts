/**
 * What may not be, in the words of Jepsen.
 *
 * - `lost write`: it was acknowledged, and is neither in the log nor in a view that must have it
 * - `duplicate`: one send stands twice in a log or a view, or two things have the same place
 * - `skip`: a reader passed a message that it never heard, and was not told so
 * - `non-monotonic`: a reader, its cursor or a sender's messages went back
 * - `phantom`: what nobody sent, or what was refused, is there
 * - `diverged`: in the end a view, the unread count or the members are not those of the server
 * - `unanswered`: a call has no outcome although everything has been healed
 * - `error`: the server logged one
 */
export type AnomalyKind =
  | "lost write"
  | "duplicate"
  | "skip"
  | "non-monotonic"
  | "phantom"
  | "diverged"
  | "unanswered"
  | "error";

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** A room, an inbox or a reader. */
  readonly where: string;
  readonly what: string;
}
