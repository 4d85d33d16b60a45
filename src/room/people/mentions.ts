// Users who were mentioned in a message and are not connected: they are notified.

import { isThere } from "../../object/liveness.ts";
import type { RoomConnection } from "./room-connection.ts";

/** A user who was mentioned in a message, and had no socket at the room when it was delivered. */
export interface Mention {
  readonly user: string;
  readonly seq: number;
  readonly epoch: string;
  /** The sender; `null` is server code. */
  readonly from: { readonly id: string; readonly name?: string } | null;
  /** Sessions that the message went to: if the user's object finds one of them connected, it does not notify. */
  readonly sessions: readonly string[];
}

/** Whether a user is connected, or may be: with the sessions of which the user's object knows more. */
export function whereabouts(
  connections: Iterable<RoomConnection>,
  pingMs: number,
  now: number,
): "here" | { readonly sessions: readonly string[] } {
  const sessions: string[] = [];
  for (const connection of connections) {
    // Its relay is asked.
    if (connection.relay !== null) continue;
    const there = isThere(connection, pingMs, now);
    if (there === true) return "here";
    if (there === "elsewhere") sessions.push(connection.state.id);
  }
  return { sessions };
}

/**
 * The notification of a mention. Its id is that of the message, so a second try does not notify twice. Nothing of the
 * message goes along: the room does not know whether the user may read it.
 */
export const notificationOf = (room: string, { epoch, seq, from }: Mention) => ({
  id: `mention:${room}:${epoch}.${seq}`,
  title: from?.name ?? from?.id ?? "",
  message: "",
  priority: "medium" as const,
  topic: "mention",
  data: JSON.stringify({ room, seq }),
  room,
});
