// A room on a fake server that answers the calls of watchers: `const world = await watchedRoom()`.

import { loadWatching } from "../../../../client/connection/transport/watch-transport.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import type { RoomOptions } from "../../../../client/room/room-types.ts";
import { clientForTest, type World, type WorldOptions } from "./client-for-test.ts";
import type { Frame } from "./fake-sockets.ts";

export const ANSWER = {
  events: [] as readonly Frame[],
  cursor: "e1.0",
  recovery: "complete",
  floor: 0,
  members: [],
  occupancy: { members: 0, connections: 0 },
};

export interface Called {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly signal: AbortSignal | null | undefined;
  answer(value: unknown, init?: ResponseInit): Promise<void>;
  fail(): Promise<void>;
}

export interface WatchedWorld extends World {
  readonly room: RoomHandle;
  readonly calls: readonly Called[];
  readonly call: () => Called;
  /** Answers the latest call. */
  reply(more?: Partial<typeof ANSWER> & Frame): Promise<void>;
}

export async function watchedRoom(
  options: WorldOptions = {},
  roomOptions: RoomOptions = {},
): Promise<WatchedWorld> {
  // As a test moves its own clock only.
  await loadWatching();
  const calls: Called[] = [];
  const fetch = (url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      const { pathname, searchParams } = new URL(url);
      const settled = async (settle: () => void) => {
        settle();
        await world.clock.advance(0);
      };
      const headers = new Headers(init.headers);
      init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      calls.push({
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers,
        signal: init.signal,
        answer: (value, given) => settled(() => resolve(Response.json(value, given))),
        fail: () => settled(() => reject(new TypeError("no network"))),
      });
    });
  const world = clientForTest({ fetch, ...options });
  const room = world.client.room("lobby", { watch: true, ...roomOptions });
  await opened(world);
  const call = () => {
    const last = calls.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  };
  const reply = async (more: Partial<typeof ANSWER> & Frame = {}) => call().answer({ ...ANSWER, ...more });
  return { ...world, room, calls, call, reply };
}

/** A room that is opened, or opened again, has asked by then. */
export async function opened({ clock }: Pick<World, "clock">): Promise<void> {
  await clock.advance(0);
  await clock.advance(0);
}
