// A client with a clock, sockets and chance of its own: `const { clock, sockets, room } = await roomForTest()`.
// `describeBoth` is for what is true however a room is connected: its tests run with a socket of the room, and with the
// room on the session.

import { beforeEach, describe } from "vitest";
import { Client, type ClientOptions } from "../../../../client/core/client.ts";
import { sharedRoom } from "../../../../client/index.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import type { RoomOptions } from "../../../../client/room/room-types.ts";
import { FakeClock } from "../../../../client/testing/time/fake-clock.ts";
import type { Ports } from "../../../../client/util/ports.ts";
import { FakeSession } from "./fake-session.ts";
import { type FakeSocket, FakeSockets, type Frame } from "./fake-sockets.ts";
import { caughtUp, connected } from "./frames.ts";

const WAYS = ["a socket of its own", "the session"] as const;
type Way = (typeof WAYS)[number];

let way: Way = "a socket of its own";

const over = (current: Way) =>
  beforeEach(() => {
    way = current;
    return () => {
      way = "a socket of its own";
    };
  });

export function describeBoth(title: string, body: (way: Way) => void): void {
  describe.each(WAYS)(`${title}, over %s`, (current) => {
    over(current);
    body(current);
  });
}

/** As `describeBoth`, with rooms on the session only. */
export function describeShared(title: string, body: () => void): void {
  describe(title, () => {
    over("the session");
    body();
  });
}

export interface World {
  readonly client: Client;
  readonly clock: FakeClock;
  /** All sockets; over the session those of the rooms only. */
  readonly sockets: FakeSockets;
  readonly session: FakeSession;
  /** Signals that the page is back, or with `isCrowd` the network. */
  wake(isCrowd?: boolean): void;
  /** Signals that the network is gone, or the page stands still. */
  suspend(): void;
  /** The number of listeners for both. */
  wakers(): number;
}

export interface WorldOptions extends Partial<ClientOptions> {
  /** The random numbers, from 0 up to 1. Default: always 0.5. */
  readonly random?: () => number;
  /** Answers calls over HTTP. Default: no server. */
  readonly fetch?: Ports["fetch"];
  readonly tabStore?: Ports["tabStore"];
  readonly isHidden?: () => boolean;
  /** What ids begin with. */
  readonly ids?: string;
}

export function clientForTest({
  random = () => 0.5,
  fetch = () => Promise.reject(new TypeError("no network")),
  tabStore = {},
  isHidden = () => false,
  ids: prefix = "id",
  ...options
}: WorldOptions = {}): World {
  const clock = new FakeClock();
  const session = new FakeSession();
  const isShared = way === "the session";
  const sockets = isShared ? session.rooms : new FakeSockets();
  sockets.answerAsks = true;
  const wakers = new Set<(isCrowd: boolean) => void>();
  const suspenders = new Set<(why: string) => void>();
  // The `join` costs one more, so that all others are the same.
  let ids = isShared ? -1 : 0;
  const client = new Client(
    {
      url: "https://rooms.example.com",
      getToken: () => "t1.e30.s",
      log: "off",
      polling: "never",
      ...options,
    },
    {
      clock,
      random,
      newId: () => `${prefix}${++ids}`,
      dial: isShared ? session.dial : sockets.dial,
      fetch,
      origin: undefined,
      tabStore,
      isHidden,
      onSuspend: (fn) => {
        suspenders.add(fn);
        return () => suspenders.delete(fn);
      },
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
    session,
    wake: (isCrowd = false) => {
      for (const fn of [...wakers]) fn(isCrowd);
    },
    suspend: () => {
      for (const fn of [...suspenders]) fn("It is gone.");
    },
    wakers: () => wakers.size + suspenders.size,
  };
}

/** The room of the tests, connected as `way` says. */
export const openLobby = (client: Client, options?: RoomOptions): RoomHandle =>
  way === "the session" ? sharedRoom(client, "lobby", options) : client.room("lobby", options);

export interface RoomWorld extends World {
  readonly room: RoomHandle;
  /** The latest socket. */
  socket(): FakeSocket;
  /** Greets the latest socket and ends its replay: later frames are live. */
  goLive(greeting?: Frame, ...replayed: Frame[]): Promise<void>;
}

/** A room whose socket was dialed and not yet answered. */
export async function dialedRoom(options?: WorldOptions, roomOptions?: RoomOptions): Promise<RoomWorld> {
  const world = clientForTest(options);
  const room = openLobby(world.client, roomOptions);
  await world.clock.advance(0);
  const socket = () => world.sockets.last;
  const goLive = async (greeting: Frame = {}, ...replayed: Frame[]) => {
    const frame = connected(greeting);
    socket().deliver(frame, ...replayed, caughtUp(Number(frame.head)));
    await world.clock.advance(0);
  };
  return { ...world, room, socket, goLive };
}

/** A live room. */
export async function roomForTest(
  options?: WorldOptions,
  roomOptions?: RoomOptions,
  greeting?: Frame,
): Promise<RoomWorld> {
  const world = await dialedRoom(options, roomOptions);
  await world.goLive(greeting);
  return world;
}
