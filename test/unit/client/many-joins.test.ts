// Devices of one user that come back at once, each with many shared rooms, on the rate that the user has: the server's own
// bucket and its count of refusals, and 20 ms of network in both directions.

import { expect, it } from "vitest";
import { Client } from "../../../client/core/client.ts";
import { sharedRoom } from "../../../client/index.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { RefusalLimiter } from "../../../src/object/flood-guard.ts";
import { TokenBuckets } from "../../../src/object/token-bucket.ts";
import { FakeSocket, type Frame } from "./support/fake-sockets.ts";
import { caughtUp, connected, LIMITS, sessionConnected } from "./support/frames.ts";

const LATENCY_MS = 20;

class Devices {
  readonly clock = new FakeClock();
  readonly joins: number[] = [];
  closed = 0;
  readonly #bucket = new TokenBuckets({ perSecond: LIMITS.ratePerSecond, burst: LIMITS.rateBurst });
  readonly #clients: readonly Client[];
  readonly #rooms;

  constructor(devices: number, rooms: number, seed: number) {
    const random = seededRandom(seed);
    let ids = 0;
    this.#clients = Array.from({ length: devices }, () => {
      const options = { url: "https://rooms.example.com", getToken: () => "t.e30.s", log: "off" } as const;
      return new Client(options, {
        ...{ clock: this.clock, random, newId: () => `id${++ids}`, origin: undefined },
        dial: (url, protocols, events) => this.#serve(new FakeSocket(url, protocols, events)),
        fetch: () => Promise.reject(new TypeError("no network")),
        onWake: () => () => {},
        onSuspend: () => () => {},
        tabStore: {},
      });
    });
    this.#rooms = this.#clients.flatMap((client) =>
      Array.from({ length: rooms }, (_, at) => sharedRoom(client, `room_${at}`)),
    );
  }

  /** In how many milliseconds all rooms are live. */
  async liveWithin(limitMs: number): Promise<number> {
    const began = this.clock.elapsed();
    for (let at = 0; at < limitMs; at += 50) {
      await this.clock.advance(50);
      if (this.#rooms.every(({ state }) => state.status === "connected")) break;
    }
    return this.clock.elapsed() - began;
  }

  reconnect(): void {
    for (const client of this.#clients) client.reconnect();
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #serve(socket: FakeSocket): FakeSocket {
    const guard = new RefusalLimiter();
    const later = (fn: () => void) => this.clock.after(LATENCY_MS, () => socket.closedWith ?? fn());
    later(() => socket.deliver(sessionConnected(), caughtUp(0)));
    socket.onCommand = (command) =>
      later(() => {
        const waitMs = this.#bucket.take("ada", 1, this.clock.now());
        const closing = waitMs > 0 && guard.refused("rate_limited", this.clock.now()) !== undefined;
        if (closing) this.closed += 1;
        later(() => (closing ? socket.end(4429, "rate_limited") : this.#answer(socket, command, waitMs)));
      });
    return socket;
  }

  #answer(socket: FakeSocket, { type, id, room }: Frame, waitMs: number): void {
    if (waitMs > 0) {
      const refusal = { code: "rate_limited", message: "too many", retryAfterMs: waitMs };
      socket.deliver({ type: "error", id, ...refusal });
    } else if (type === "join") {
      socket.deliver({ type: "ok", id }, { ...connected(), room }, { ...caughtUp(0), room });
    } else socket.deliver({ type: "ok", id, room, seq: 0, unread: 0 });
  }
}

it.each([
  { devices: 1, rooms: 50 },
  { devices: 2, rooms: 30 },
  { devices: 8, rooms: 30 },
  { devices: 8, rooms: 50 },
])(
  "[C216] $devices devices join $rooms rooms each within 1.5 × of what the rate allows",
  async ({ devices, rooms }) => {
    for (const seed of [1, 2, 3]) {
      const world = new Devices(devices, rooms, seed);
      const possibleMs = Math.max(0, devices * rooms - LIMITS.rateBurst) * (1_000 / LIMITS.ratePerSecond);
      expect(await world.liveWithin(150_000)).toBeLessThanOrEqual(1.5 * possibleMs + 500);
      await world.clock.advance(5_000);
      world.reconnect();
      expect(await world.liveWithin(150_000)).toBeLessThanOrEqual(1.5 * possibleMs + 500);
      expect(world.closed).toBe(0);
      world.close();
      // What the network carries still.
      await world.clock.advance(3 * LATENCY_MS);
      expect(world.clock.pending).toBe(0);
    }
  },
);
