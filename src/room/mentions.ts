// Who was named in messages and was not there: they are notified.

import { isThere } from "../object/liveness.ts";
import type { RoomConnection } from "./people/room-connection.ts";

/** A user who was named in a message, and was not there to hear it. */
export interface Mention {
  readonly user: string;
  readonly seq: number;
  readonly epoch: string;
  /** Whom it is from; `null` is server code. */
  readonly from: { readonly id: string; readonly name?: string } | null;
  /** Sessions that the message went to: where one of them lives, as the user's object knows, nobody is notified. */
  readonly sessions: readonly string[];
}

/** Where the connections of a user are: `away` with the sessions that may be there. */
export function whereabouts(
  connections: Iterable<RoomConnection>,
  pingMs: number,
  now: number,
): "here" | { readonly sessions: readonly string[] } {
  const sessions: string[] = [];
  for (const connection of connections) {
    const there = isThere(connection, pingMs, now);
    if (there === true) return "here";
    if (there === "elsewhere") sessions.push(connection.state.id);
  }
  return { sessions };
}
