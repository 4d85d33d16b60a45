import type { AnyRoom, Client, EventMap, RoomHandle, RoomOptions } from "../index.ts";

const RELEASE_AFTER_MS = 3_000;

/** How a component opens a room. */
export interface UseRoomOptions extends RoomOptions {
  /**
   * How long the room stays open after its last component has gone, in milliseconds: a page that is left and entered
   * again, or hidden for a moment, does not leave the room, and what was sent last is stored. 0: one turn.
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
    if (releaseAfterMs > 0) setTimeout(release, releaseAfterMs);
    else release();
  };
}
