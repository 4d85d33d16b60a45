import type { AnyRoom, Client, EventMap, RoomHandle, RoomOptions } from "../index.ts";

const RELEASE_AFTER_MS = 3_000;

/** Timers take a signed 32-bit number of milliseconds: a longer wait would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How a component opens a room. */
export interface UseRoomOptions extends RoomOptions {
  /**
   * How long the room stays open after its last component has gone, in milliseconds: a page that is left and entered
   * again, or hidden for a moment, does not leave the room, and what was sent last is stored. 0: one turn. `Infinity`,
   * and all above 2,147,483,647 (24.8 days): until the client is closed.
   *
   * @default 3000
   */
  readonly releaseAfterMs?: number;
  /**
   * How the room is looked at: with `peekShared` it is on the session's socket.
   *
   * @default client.peek
   */
  readonly peek?: <Events extends EventMap>(
    client: Client<Events>,
    name: string,
    options: RoomOptions,
  ) => RoomHandle<Events>;
}

/** Opens nothing, so a render may call it. */
export function peekRoom<Events extends EventMap>(
  client: Client<Events>,
  name: string,
  { releaseAfterMs: _, peek, ...options }: UseRoomOptions,
): RoomHandle<Events> {
  return peek === undefined ? client.peek(name, options) : peek(client, name, options);
}

/** Opens the room. Returns what releases it. */
export function holdRoom(room: AnyRoom, { releaseAfterMs = RELEASE_AFTER_MS }: UseRoomOptions): () => void {
  const release = room.hold();
  return () => {
    if (releaseAfterMs > MAX_TIMER_MS) return;
    if (releaseAfterMs > 0) setTimeout(release, releaseAfterMs);
    else release();
  };
}
