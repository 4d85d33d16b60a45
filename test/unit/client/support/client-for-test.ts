// A client in a world of its own: `const { clock, sockets, room } = await roomForTest()`.

import { Client, type ClientOptions } from "../../../../client/client.ts";
import type { RoomHandle } from "../../../../client/room-handle.ts";
import type { RoomOptions } from "../../../../client/room-types.ts";
import { FakeClock } from "./fake-clock.ts";
import { type FakeSocket, FakeSockets, type Frame } from "./fake-sockets.ts";
import { caughtUp, connected } from "./frames.ts";

export interface World {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly sockets: FakeSockets;
  /** As if the network came back. */
  wake(): void;
  /** How many listen for that. */
  wakers(): number;
}

export interface WorldOptions extends Partial<ClientOptions> {
  /** What chance says, 0 up to 1. Default always a half. */
  readonly random?: () => number;
}

export function clientForTest({ random = () => 0.5, ...options }: WorldOptions = {}): World {
  const clock = new FakeClock();
  const sockets = new FakeSockets();
  sockets.answerAsks = true;
  const wakers = new Set<() => void>();
  let ids = 0;
  const client = new Client(
    { url: "https://rooms.example.com", getToken: () => "t1", log: "off", ...options },
    {
      clock,
      random,
      newId: () => `id${++ids}`,
      dial: sockets.dial,
      origin: undefined,
      onWake: (fn) => {
        wakers.add(fn);
        return () => wakers.delete(fn);
      },
    },
  );
  return {
    client,
    clock,
    sockets,
    wake: () => {
      for (const fn of [...wakers]) fn();
    },
    wakers: () => wakers.size,
  };
}

export interface RoomWorld extends World {
  readonly room: RoomHandle;
  /** The latest one. */
  socket(): FakeSocket;
  /** Greets the latest socket and ends its replay: what it gets is live. */
  goLive(greeting?: Frame, ...replayed: Frame[]): Promise<void>;
}

/** A room whose socket was dialed and not yet answered. */
export async function dialedRoom(options?: WorldOptions, roomOptions?: RoomOptions): Promise<RoomWorld> {
  const world = clientForTest(options);
  const room = world.client.room("lobby", roomOptions);
  await world.clock.advance(0);
  const socket = () => world.sockets.last;
  const goLive = async (greeting: Frame = {}, ...replayed: Frame[]) => {
    const frame = connected(greeting);
    socket().deliver(frame, ...replayed, caughtUp(Number(frame.head)));
    await world.clock.advance(0);
  };
  return { ...world, room, socket, goLive };
}

/** A room that is live. */
export async function roomForTest(
  options?: WorldOptions,
  roomOptions?: RoomOptions,
  greeting?: Frame,
): Promise<RoomWorld> {
  const world = await dialedRoom(options, roomOptions);
  await world.goLive(greeting);
  return world;
}
