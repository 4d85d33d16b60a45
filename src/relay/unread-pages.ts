// How much of pages waits in the sockets of a relay. Its room watches what it sends itself only until it has come here, so a
// crowd that reads slowly is bounded where its sockets are.

import type { RoomConnection } from "../room/people/room-connection.ts";

/** So much waits at most, in bytes. One more page may come on top. */
export const MAX_UNREAD_BYTES = 32 * 1_048_576;
/** What is smaller is not watched, in bytes: a join with a short history costs no look at the socket. */
const WATCHED_BYTES = 16_384;

export class UnreadPages {
  readonly #of = new Set<RoomConnection>();
  #bytes = 0;
  #hasLooked = false;

  /** A call of the room begins: each socket is looked at once in it, if at all. */
  begin(): void {
    this.#hasLooked = false;
  }

  /** Whether there is memory for frames of a connection, which are sent then. */
  admit(connection: RoomConnection, frames: readonly string[]): boolean {
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    if (bytes < WATCHED_BYTES) return true;
    if (this.#bytes >= MAX_UNREAD_BYTES && !this.#hasLooked) this.#look();
    if (this.#bytes >= MAX_UNREAD_BYTES) return false;
    this.#of.add(connection);
    this.#bytes += bytes;
    return true;
  }

  forget(connection: RoomConnection): void {
    this.#of.delete(connection);
  }

  #look(): void {
    this.#hasLooked = true;
    this.#bytes = 0;
    for (const connection of this.#of) {
      const bytes = connection.socket.unsentBytes();
      if (bytes < WATCHED_BYTES) this.#of.delete(connection);
      else this.#bytes += bytes;
    }
  }
}
