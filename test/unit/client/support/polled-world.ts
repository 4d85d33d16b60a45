// Clients that poll, or are about to, beside a server of calls and sockets that a test plays.

import { expect, vi } from "vitest";
import { clientForTest, type WorldOptions } from "./client-for-test.ts";
import { FakeCalls } from "./fake-calls.ts";
import { caughtUp, connected } from "./frames.ts";

/** A client whose room was opened, before anything of its network is known. */
export async function polledWorld(options: WorldOptions = {}) {
  const calls = new FakeCalls();
  const world = clientForTest({
    polling: "auto",
    fetch: calls.fetch,
    reconnect: { minMs: 2, maxMs: 2 },
    ...options,
  });
  const room = world.client.room("lobby");
  const next = async (ms = 0) => {
    await world.clock.advance(ms);
    await vi.dynamicImportSettled();
    await world.clock.advance(0);
  };
  await next();
  /** Answers the first call of a connection with its first frames. */
  const greet = async () => {
    calls.lastPoll.answer(connected({ connection: "c_polled", head: 0 }), caughtUp(0));
    await next();
  };
  return { ...world, room, calls, next, greet };
}

/** Lets sockets end that never opened, until the client has tried one more and polls. */
export async function blocked(options: WorldOptions = {}) {
  const world = await polledWorld(options);
  for (let failure = 0; failure < 3; failure++) {
    world.sockets.last.end(1006);
    await world.next(1_001);
  }
  if (options.polling === "never") return world;
  expect(world.calls.all).toEqual([]);
  world.sockets.last.end(1006);
  await world.next();
  return world;
}

export async function live(options: WorldOptions = {}) {
  const world = await (options.polling === "always" ? polledWorld(options) : blocked(options));
  await world.greet();
  expect(world.room.state.status).toBe("connected");
  return world;
}
