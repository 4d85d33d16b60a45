// When a client polls, and when it goes back to WebSockets.

import { expect, it } from "vitest";
import type { WorldOptions } from "./support/client-for-test.ts";
import { caughtUp, connected, message } from "./support/frames.ts";
import { blocked, live, polledWorld } from "./support/polled-world.ts";

/** The socket of the room has opened, and said nothing for 8 s. */
async function mute(options: WorldOptions = {}) {
  const world = await polledWorld(options);
  world.sockets.last.answersPings = false;
  world.sockets.last.open();
  await world.next(7_999);
  expect([world.calls.all.length, world.sockets.count]).toEqual([0, 1]);
  await world.next(1);
  return world;
}

it("[C151] polls after three sockets in a row of which nothing was heard", async () => {
  const { sockets, calls, room, greet, next } = await blocked();
  expect([sockets.all.map(({ url }) => url.pathname), calls.all.length]).toEqual([
    [...Array(3).fill("/v1/rooms/lobby/connect"), "/v1/connect"],
    1,
  ]);
  const [first] = calls.all;
  expect([first?.url.pathname, first?.url.search]).toEqual(["/v1/rooms/lobby/poll", "?batch=envelopes"]);
  expect([first?.headers.get("Authorization"), first?.head]).toEqual(["Bearer t1.e30.s", { wait: 10 }]);
  await greet();
  expect(room.state.status).toBe("connected");
  expect(calls.lastPoll.head).toEqual({ connection: "c_polled", received: 2, wait: 30 });
  calls.lastPoll.answer(message(1));
  await next();
  expect(room.messages.map(({ seq }) => seq)).toEqual([1]);
  expect(calls.lastPoll.head).toMatchObject({ received: 3 });
});

it("[C151] polls after one socket that opened and stayed silent for 30 s", async () => {
  const { sockets, calls, next } = await mute();
  // Nothing else gets through either.
  calls.of("health")[0]?.fail();
  await next(21_999);
  expect(calls.of("poll")).toEqual([]);
  await next(2_000);
  sockets.last.end(1006);
  await next();
  expect(calls.of("poll").length).toBe(1);
  expect(sockets.all.map(({ url }) => url.pathname)).toEqual([
    "/v1/rooms/lobby/connect",
    "/v1/connect",
    "/v1/connect",
  ]);
});

it("[C281] polls as soon where a socket does not even open, as something on the way holds it", async () => {
  const { sockets, calls, room, next, greet } = await polledWorld();
  await next(7_999);
  expect([calls.all.length, sockets.count]).toEqual([0, 1]);
  await next(1);
  calls.of("health")[0]?.answerText("{}");
  await next(2_000);
  expect([sockets.all.map(({ closedWith }) => closedWith), calls.of("poll").length]).toEqual([
    [4000, 1000],
    1,
  ]);
  await greet();
  expect([room.state.status, sockets.count]).toEqual(["connected", 2]);
  // A call that is answered late is doubted by nothing.
  const always = await polledWorld({ polling: "always" });
  await always.next(12_000);
  expect([always.calls.of("health"), always.calls.lastPoll.isAborted]).toEqual([[], false]);
});

it("[C275] polls soon where HTTP is answered and a second socket stays as silent as the first", async () => {
  const { sockets, calls, room, next, greet } = await mute();
  const [first, second] = sockets.all;
  expect([second?.url.pathname, calls.all.map(({ url }) => url.href)]).toEqual([
    "/v1/connect",
    ["https://rooms.example.com/health"],
  ]);
  second?.open();
  calls.of("health")[0]?.answerText("{}");
  await next(1_999);
  expect(calls.of("poll")).toEqual([]);
  await next(1);
  expect([first?.closedWith, second?.closedWith, calls.of("poll").length]).toEqual([4000, 1000, 1]);
  await greet();
  expect([room.state.status, sockets.count]).toEqual(["connected", 2]);
});

it("[C275] waits longer for that where HTTP is slow, and goes on waiting where it is not answered in 10 s", async () => {
  const slow = await mute();
  await slow.next(4_000);
  slow.calls.of("health")[0]?.answerText("{}");
  await slow.next(3_999);
  expect(slow.calls.of("poll")).toEqual([]);
  await slow.next(1);
  expect(slow.calls.of("poll").length).toBe(1);
  const none = await mute();
  await none.next(10_000);
  expect([none.sockets.last.closedWith, none.calls.of("health")[0]?.isAborted]).toEqual([1000, true]);
  await none.next(11_000);
  expect(none.calls.of("poll")).toEqual([]);
});

it("[C275] stays where frames pass, as only the room is slow", async () => {
  for (const whatPasses of ["the code", "the pong"]) {
    const { sockets, calls, room, next } = await mute();
    calls.of("health")[0]?.answerText("{}");
    if (whatPasses === "the code") sockets.last.end(4401, "unauthorized");
    else sockets.all[0]?.deliver({ type: "pong" });
    await next(15_000);
    expect([whatPasses, calls.of("poll"), sockets.count]).toEqual([whatPasses, [], 2]);
    sockets.all[0]?.deliver(connected({ head: 0 }), caughtUp(0));
    expect(room.state.status).toBe("connected");
  }
});

it("[C275] asks once for all silent sockets of a client, by chance not with those of others, and leaves nothing behind", async () => {
  const { client, clock, sockets, calls, next, wakers } = await polledWorld({ random: () => 0.99 });
  for (const name of ["a", "b", "c"]) client.room(name);
  await next();
  for (const socket of sockets.all) {
    socket.answersPings = false;
    socket.open();
  }
  await next(8_900);
  expect([calls.all.length, sockets.count]).toEqual([0, 4]);
  await next(100);
  expect([calls.of("health").length, sockets.count]).toEqual([1, 5]);
  client.close();
  await next();
  expect([clock.pending, wakers(), calls.of("health")[0]?.isAborted]).toEqual([0, 0, true]);
  const never = await mute({ polling: "never" });
  expect([never.calls.all, never.sockets.count]).toEqual([[], 1]);
});

it("[C151] stays with sockets where one says anything, closes with a code, or the app wants no polling", async () => {
  for (const end of ["pong", "code"] as const) {
    const { sockets, calls, next } = await polledWorld();
    for (let failure = 0; failure < 6; failure++) {
      if (failure % 2 === 1) {
        if (end === "pong") sockets.last.deliver({ type: "pong" });
        else {
          sockets.last.end(4500, "internal");
          await next(1_001);
        }
      }
      sockets.last.end(1006);
      await next(1_001);
    }
    expect(calls.all).toEqual([]);
  }
  const { calls } = await blocked({ polling: "never" });
  expect(calls.all).toEqual([]);
});

it("[C276] where calls fail too, each is made only if a WebSocket right before it did not get through", async () => {
  const { sockets, calls, room, next } = await blocked();
  for (let round = 1; round <= 3; round++) {
    expect([sockets.count, calls.all.length]).toEqual([3 + round, round]);
    // What a try showed counts for half a second.
    await next(501);
    calls.lastPoll.fail();
    await next(1_001);
    sockets.last.end(1006);
    await next();
  }
  // The server is back.
  await next(501);
  calls.lastPoll.fail();
  await next(1_001);
  sockets.last.end(4200, "");
  await next();
  expect(sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
  sockets.last.deliver(connected({ head: 0 }), caughtUp(0));
  expect([room.state.status, calls.all.length]).toEqual(["connected", 4]);
});

it("[C276] after an outage of the server no client polls, as a WebSocket is tried before a call", async () => {
  const tabStore: Record<string, string | undefined> = {};
  const world = await polledWorld({ tabStore });
  for (const name of ["b", "c"]) world.client.room(name);
  await world.next();
  for (let failure = 0; failure < 3; failure++) {
    for (const socket of world.sockets.all.slice(-3)) socket.end(1006);
    await world.next(1_001);
  }
  // One try for all of them.
  expect(world.sockets.all.slice(9).map(({ url }) => url.pathname)).toEqual(["/v1/connect"]);
  world.sockets.last.end(4200, "");
  await world.next();
  const opened = world.sockets.all.slice(10);
  expect(opened.map(({ url }) => url.pathname)).toEqual([
    "/v1/rooms/lobby/connect",
    "/v1/rooms/b/connect",
    "/v1/rooms/c/connect",
  ]);
  for (const socket of opened) socket.deliver(connected({ head: 0 }), caughtUp(0));
  expect([world.room.state.status, world.calls.all, tabStore]).toEqual(["connected", [], {}]);
});

it("[C152] remembers in the tab what the network blocks, until the network is gone", async () => {
  const tabStore: Record<string, string | undefined> = {};
  const { client } = await live({ tabStore });
  const key = "edge-rooms polls wss://rooms.example.com";
  expect(tabStore).toEqual({ [key]: "1" });
  client.close();
  const again = await polledWorld({ tabStore });
  // The network may be another one by now.
  expect(again.sockets.all.map(({ url }) => url.pathname)).toEqual(["/v1/connect"]);
  expect(again.calls.all.length).toBe(1);
  await again.greet();
  again.sockets.last.end(4200, "");
  await again.next();
  expect(tabStore[key]).toBe("");
  expect(again.sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
});

it("[C152] an app that may store nothing polls all the same", async () => {
  const tabStore = Object.freeze({});
  const { room } = await live({ tabStore });
  expect(room.state.status).toBe("connected");
});

it("[C153] tries WebSockets again with a back-off, as long on the way and without a token, and goes over at once", async () => {
  const { sockets, calls, room, next } = await live();
  const probes = () => sockets.all.slice(4);
  const times: number[] = [];
  let waited = 0;
  while (times.length < 3) {
    const before = probes().length;
    await next(1_000);
    waited += 1_000;
    for (const call of calls.waiting.slice(0, -1)) call.answer();
    if (waited % 25_000 === 0) calls.waiting[0]?.answer();
    if (probes().length === before) continue;
    times.push(waited);
    waited = 0;
    sockets.last.end(1006);
  }
  // Half of the interval at least; chance is 0.5 here.
  expect(times).toEqual([45_000, 45_000, 90_000]);
  const [probe] = probes();
  expect([probe?.url.pathname, probe?.url.search, probe?.protocols]).toEqual([
    "/v1/connect",
    "?probe=true",
    ["edge-rooms.v1", "x".repeat("token.t1.e30.s".length)],
  ]);
  const states: string[] = [];
  room.on("state", ({ status }) => states.push(status));
  while (probes().length < 4) {
    await next(1_000);
    for (const call of calls.waiting.slice(0, -1)) call.answer();
  }
  const polls = calls.of("poll").length;
  sockets.last.end(4401, "unauthorized");
  await next();
  const { url } = sockets.last;
  expect(url.pathname).toBe("/v1/rooms/lobby/connect");
  // It goes on where the calls have left off, and replaces them.
  expect([url.searchParams.get("since"), url.searchParams.get("replaces")]).toEqual(["e1.0", "c_polled"]);
  sockets.last.deliver(connected({ head: 0, recovery: "complete" }), caughtUp(0));
  await next();
  expect(states).toEqual(["connecting", "connected"]);
  expect([calls.of("poll").length, calls.waiting.length]).toEqual([polls, 0]);
});

it("[C153] tries WebSockets sooner when the page wakes, and not in a tight loop", async () => {
  const { sockets, wake, next, calls } = await live();
  await next(30_000);
  for (const call of calls.waiting.slice(0, -1)) call.answer();
  wake();
  expect(sockets.count).toBe(5);
  sockets.last.end(1006);
  wake();
  await next(29_000);
  for (const call of calls.waiting.slice(0, -1)) call.answer();
  wake();
  expect(sockets.count).toBe(5);
});

it("[C277] a hint of another network right after a try leads to the next try, however long the back-off is", async () => {
  const { sockets, calls, wake, next } = await live();
  const wait = async (ms: number) => {
    for (let waited = 0; waited < ms; waited += 1_000) {
      await next(1_000);
      for (const call of calls.waiting.slice(0, -1)) call.answer();
      if (sockets.last.url.pathname === "/v1/connect") sockets.last.end(1006);
    }
  };
  // The next one would be 24 minutes later.
  await wait(1_500_000);
  const { count } = sockets;
  wake();
  expect(sockets.count).toBe(count + 1);
  await wait(5_000);
  wake();
  expect(sockets.count).toBe(count + 1);
  // Half a minute after the last one, and by chance up to as long again as was left of it.
  await wait(24_000);
  expect(sockets.count).toBe(count + 1);
  await wait(14_000);
  expect(sockets.count).toBe(count + 2);
  // And the back-off begins anew.
  await wait(45_000);
  expect(sockets.count).toBe(count + 3);
});

it("[C278] forgets that sockets are blocked as soon as one gets through, also where calls fail", async () => {
  const tabStore: Record<string, string | undefined> = {};
  const { sockets, calls, room, next } = await live({ tabStore });
  for (let failure = 0; failure < 4; failure++) {
    calls.lastPoll.fail();
    await next(1_001);
  }
  expect([sockets.count, sockets.last.url.pathname]).toEqual([5, "/v1/connect"]);
  sockets.last.end(4200, "");
  await next();
  expect(sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
  sockets.last.deliver(connected({ head: 0, recovery: "complete" }), caughtUp(0));
  expect([room.state.status, Object.values(tabStore)]).toEqual(["connected", [""]]);
  const { length } = calls.all;
  sockets.last.end(1006);
  await next(1_001);
  expect([sockets.last.closedWith, calls.all.length]).toEqual([undefined, length]);
});
