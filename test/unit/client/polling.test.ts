import { expect, it, vi } from "vitest";
import { clientForTest, type WorldOptions } from "./support/client-for-test.ts";
import { FakeCalls } from "./support/fake-calls.ts";
import { caughtUp, connected, message } from "./support/frames.ts";

/** A client whose room was opened, before anything of its network is known. */
async function polledWorld(options: WorldOptions = {}) {
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

/** Lets sockets end that never opened, until the client polls. */
async function blocked(options: WorldOptions = {}) {
  const world = await polledWorld(options);
  for (let failure = 0; failure < 3; failure++) {
    world.sockets.last.end(1006);
    await world.next(1_001);
  }
  return world;
}

async function live(options: WorldOptions = {}) {
  const world = await (options.polling === "always" ? polledWorld(options) : blocked(options));
  await world.greet();
  expect(world.room.state.status).toBe("connected");
  return world;
}

const statusOf = ({ room }: { readonly room: { readonly state: { readonly status: string } } }) =>
  room.state.status;

it("[C151] polls after three sockets in a row of which nothing was heard", async () => {
  const { sockets, calls, room, greet, next } = await blocked();
  expect([sockets.count, calls.all.length]).toEqual([3, 1]);
  const [first] = calls.all;
  expect([first?.url.pathname, first?.url.search]).toEqual(["/v1/rooms/lobby/poll", ""]);
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
  expect(calls.of("poll").length).toBe(1);
  expect(sockets.all.map(({ url }) => url.pathname)).toEqual(["/v1/rooms/lobby/connect", "/v1/connect"]);
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

it("[C151] tries a socket again where calls fail too, and calls again where that fails", async () => {
  const { sockets, calls, next } = await blocked();
  for (let round = 0; round < 3; round++) {
    expect([sockets.count, calls.all.length]).toEqual([3 + round, 1 + round]);
    calls.lastPoll.fail();
    await next(1_001);
    expect(sockets.count).toBe(4 + round);
    sockets.last.end(1006);
    await next(1_001);
  }
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
  again.sockets.last.end(4401, "unauthorized");
  expect(tabStore[key]).toBe("");
  await again.next();
  expect(again.sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
});

it("[C152] an app that may store nothing polls all the same", async () => {
  const tabStore = Object.freeze({});
  const { room } = await live({ tabStore });
  expect(room.state.status).toBe("connected");
});

it("[C153] tries WebSockets again with a back-off, as long on the way and without a token, and goes over at once", async () => {
  const { sockets, calls, room, next } = await live();
  const probes = () => sockets.all.slice(3);
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
  expect(times).toEqual([3_000, 45_000, 90_000]);
  const [probe] = probes();
  expect([probe?.url.pathname, probe?.protocols]).toEqual([
    "/v1/connect",
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
  wake();
  expect(sockets.count).toBe(4);
  sockets.last.end(1006);
  wake();
  await next(29_000);
  for (const call of calls.waiting.slice(0, -1)) call.answer();
  wake();
  expect(sockets.count).toBe(4);
});

it("[C276] is back on a WebSocket within seconds where calls got through because an outage of the server is over", async () => {
  const tabStore: Record<string, string | undefined> = {};
  const { sockets, next, room } = await live({ tabStore });
  await next(3_000);
  expect(sockets.last.url.pathname).toBe("/v1/connect");
  sockets.last.end(4401, "unauthorized");
  await next();
  expect(sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
  sockets.last.deliver(connected({ head: 0, recovery: "complete" }), caughtUp(0));
  expect([room.state.status, Object.values(tabStore)]).toEqual(["connected", [""]]);
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

it("[C278] forgets that sockets are blocked as soon as one says anything, whoever dialed it", async () => {
  const tabStore: Record<string, string | undefined> = {};
  const { sockets, calls, room, next } = await live({ tabStore });
  calls.lastPoll.fail();
  await next(1_001);
  // Where calls fail as well, a socket is tried in between.
  calls.lastPoll.fail();
  await next(1_001);
  expect(sockets.last.url.pathname).toBe("/v1/rooms/lobby/connect");
  sockets.last.deliver(connected({ head: 0, recovery: "complete" }), caughtUp(0));
  expect([room.state.status, Object.values(tabStore)]).toEqual(["connected", [""]]);
  const { length } = calls.all;
  sockets.last.end(1006);
  await next(1_001);
  expect([sockets.last.closedWith, calls.all.length]).toEqual([undefined, length]);
});

it("[C154] polls whatever the network where the app wants it, and tries no socket", async () => {
  const { sockets, calls, greet, next, wake } = await polledWorld({ polling: "always" });
  await greet();
  wake();
  await next(2_000);
  calls.lastPoll.fail();
  await next(2_000);
  expect([sockets.count, calls.of("poll").length > 2]).toEqual([0, true]);
});

it("[C155] the next call is the heartbeat, and the end of the one before it is the pong", async () => {
  const { calls, room, next } = await live({ polling: "always" });
  const [waiting] = calls.waiting;
  await next(25_000);
  expect(calls.waiting.length).toBe(2);
  waiting?.answer();
  await next(10_000);
  expect([room.state.status, calls.waiting.length]).toEqual(["connected", 1]);
  await next(15_000);
  expect(calls.waiting.length).toBe(2);
  // No call is answered any more.
  await next(10_000);
  expect(room.state.status).not.toBe("connected");
  expect(calls.waiting).toEqual([]);
});

it("[C155] takes each frame once, whichever of two calls brings it", async () => {
  const { calls, room, next } = await live({ polling: "always" });
  const heard: number[] = [];
  room.on("message", ({ seq }) => heard.push(seq));
  await next(25_000);
  const [older, newer] = calls.waiting;
  newer?.answer(message(1), message(2));
  await next();
  older?.answer(message(1));
  await next();
  expect([heard, calls.lastPoll.head.received]).toEqual([[1, 2], 4]);
});

it("[C156] brings commands one call at a time, in their order, and the answers come with a poll", async () => {
  const { calls, room, next } = await live({ polling: "always" });
  const sent = [room.send("a"), room.send("b")];
  await next();
  const third = room.send("c");
  await next();
  expect(calls.of("commands").length).toBe(1);
  const [first] = calls.of("commands");
  expect(first?.head).toEqual({ connection: "c_polled", number: 1 });
  first?.answerText("{}");
  await next();
  expect(calls.of("commands").map(({ head }) => head.number)).toEqual([1, 2]);
  const commands = calls
    .of("commands")
    .flatMap(({ frames }) => frames.flatMap((frame) => frame.commands ?? [frame]));
  expect(commands).toMatchObject([{ data: "a" }, { data: "b" }, { data: "c" }]);
  const ids = commands.map((command) => Object(command).id);
  calls.lastPoll.answer(
    ...ids.flatMap((id, at) => [message(at + 1, { id }), { type: "ok", id, seq: at + 1, at: 1 }]),
  );
  expect((await Promise.all([...sent, third])).map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

it("[C157] goes out at a pace that the server allows", async () => {
  const { calls, next } = await live({ polling: "always" });
  let answered = 0;
  calls.onCall = (call) => {
    if (call.what === "poll") {
      answered += 1;
      queueMicrotask(() => call.answer({ type: "signal", event: "x", from: null, data: null, at: 1 }));
    }
  };
  calls.lastPoll.answer({ type: "signal", event: "x", from: null, data: null, at: 1 });
  for (let ms = 0; ms < 10_000; ms += 50) await next(50);
  expect(answered).toBeGreaterThan(80);
  expect(answered).toBeLessThanOrEqual(40 + 60);
});

it("[C157] goes out half as often where a call is refused for the rate: other tabs of the user have calls too", async () => {
  const { calls, next, greet } = await live({ polling: "always" });
  calls.lastPoll.refuse(429, "rate_limited", { retryAfterMs: 10_000 });
  await next(10_000);
  await next(10_000);
  await greet();
  let answered = 0;
  calls.onCall = (call) => {
    answered += 1;
    queueMicrotask(() => call.answer({ type: "signal", event: "x", from: null, data: null, at: 1 }));
  };
  calls.lastPoll.answer();
  for (let ms = 0; ms < 30_000; ms += 50) await next(50);
  expect(answered).toBeGreaterThan(80);
  expect(answered).toBeLessThanOrEqual(40 + 90);
});

it("[C157] at most four calls wait at once, and more connections take turns before the server gives one up", async () => {
  const { client, calls, next } = await live({ polling: "always" });
  for (let at = 0; at < 7; at++) client.room(`room_${at}`);
  calls.onCall = (call) => {
    if (call.head.connection === undefined)
      queueMicrotask(() => call.answer(connected({ room: call.url.pathname }), caughtUp(0)));
    // The server ends a call when the next one of its connection comes.
    const older = calls.waiting.filter(({ url }) => url.pathname === call.url.pathname);
    for (const one of older) if (one !== call) queueMicrotask(() => one.answer());
  };
  await next();
  await next(1_000);
  expect(calls.waiting.length).toBe(4);
  // Eight connections: two seconds each, and two turns until each has waited once.
  const seen = new Set<string>();
  for (let turn = 0; turn < 3; turn++) {
    for (const { url } of calls.waiting) seen.add(url.pathname);
    for (const call of calls.waiting) call.answer();
    await next();
    expect(calls.waiting.map(({ head }) => head.wait)).toEqual([2, 2, 2, 2]);
  }
  expect(seen.size).toBe(8);
});

it("[C158] waits half as long where something on the way ends calls, twice in a row", async () => {
  const { calls, next, greet } = await live({ polling: "always" });
  const cutAfter = async (ms: number) => {
    const { head } = calls.lastPoll;
    await next(ms);
    calls.lastPoll.fail();
    await next(1_001);
    await greet();
    return head.wait;
  };
  expect([await cutAfter(15_000), await cutAfter(15_000), await cutAfter(100), await cutAfter(100)]).toEqual([
    30, 30, 7, 7,
  ]);
});

it("[C159] leaves at once: a last call says so, also as the page ends", async () => {
  const { calls, room, next } = await live({ polling: "always" });
  void room.send("last").catch(() => {});
  await next();
  room.leave();
  await next();
  calls.of("commands")[0]?.answerText("{}");
  await next();
  const last = calls.of("commands").at(-1);
  expect([last?.head, last?.keepalive]).toEqual([{ connection: "c_polled", number: 2, leave: true }, true]);
  last?.answerText("{}");
  await next();
  expect([calls.waiting, calls.of("poll").at(-1)?.isAborted]).toEqual([[], true]);
});

it("[C159] what was gathered goes out before a connection is given up", async () => {
  const { calls, client, room, next } = await live({ polling: "always" });
  room.signal("last");
  client.reconnect();
  await next();
  expect(calls.of("commands").map(({ frames, head }) => [frames, head.leave])).toEqual([
    [[{ type: "signal", event: "last", data: null }], undefined],
  ]);
});

it("[C159] a room that is left before its first answer is left with it", async () => {
  const { calls, room, next } = await polledWorld({ polling: "always" });
  room.leave();
  await next();
  calls.lastPoll.answer(connected({}), caughtUp(0));
  await next();
  expect(calls.of("commands").map(({ head }) => head.leave)).toEqual([true]);
});

it("[C160] a refused call is the close of its code, an answer of anything else a lost connection", async () => {
  const refusals = [
    [403, "banned", {}, "disconnected"],
    [429, "rate_limited", { retryAfterMs: 5_000 }, "reconnecting"],
    [404, "not_found", {}, "reconnecting"],
    [503, "overloaded", {}, "reconnecting"],
  ] as const;
  for (const [status, code, more, then] of refusals) {
    const world = await live({ polling: "always" });
    world.calls.lastPoll.refuse(status, code, more);
    await world.clock.settle();
    expect([code, statusOf(world)]).toEqual([code, then]);
  }
  for (const [status, text] of [
    [502, "<html>bad gateway</html>"],
    [200, "<html>sign in</html>"],
    [200, '{"type":"message","seq":1}'],
    [200, ""],
  ] as const) {
    const world = await live({ polling: "always" });
    world.calls.lastPoll.answerText(text, status);
    await world.clock.settle();
    expect([text, statusOf(world)]).toEqual([text, "reconnecting"]);
  }
});

it("[C160] a refused token is replaced, and each call carries the newest one", async () => {
  let asked = 0;
  const { calls, room, next, greet } = await live({ polling: "always", getToken: () => `t${++asked}.e30.s` });
  calls.lastPoll.refuse(401, "unauthorized");
  await next(2_000);
  expect(calls.lastPoll.headers.get("Authorization")).toBe("Bearer t2.e30.s");
  await greet();
  expect(room.state.status).toBe("connected");
});

it("[C160] a close that the server says ends the connection as that of a socket", async () => {
  const world = await live({ polling: "always" });
  world.calls.lastPoll.close(4403, "banned: spam");
  await world.next();
  expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "banned" } });
  expect(world.clock.pending).toBe(0);
});

it("[C154] leaves no timer and no listener behind", async () => {
  const { client, clock, calls, wakers, next } = await live();
  client.close();
  await next();
  for (const call of calls.of("commands")) call.answerText("{}");
  await next();
  expect([clock.pending, wakers()]).toEqual([0, 0]);
});

it("[C166] a connection that the server closes gives its place back once", async () => {
  const { client, calls, next, room } = await live({ polling: "always" });
  for (let at = 0; at < 3; at++) {
    calls.lastPoll.close(4408, "timeout");
    await next(1_001);
    calls.lastPoll.answer(connected({ connection: "c_polled", head: 0 }), caughtUp(0));
    await next();
    expect(room.state.status).toBe("connected");
  }
  calls.onCall = (call) => {
    if (call.head.connection === undefined)
      queueMicrotask(() => call.answer(connected({ room: call.url.pathname }), caughtUp(0)));
    const older = calls.waiting.filter(({ url }) => url.pathname === call.url.pathname);
    for (const one of older) if (one !== call) queueMicrotask(() => one.answer());
  };
  for (let at = 0; at < 7; at++) client.room(`room_${at}`);
  await next();
  await next(1_000);
  expect(calls.waiting.length).toBe(4);
});

it("[C167] what becomes of a call that was overtaken says nothing of its connection", async () => {
  const { calls, room, next } = await live({ polling: "always" });
  for (const end of ["fails", "is unknown"]) {
    await next(25_000);
    const [older, newer] = calls.waiting;
    if (end === "fails") older?.fail();
    else older?.close(4408, "timeout");
    await next();
    newer?.answer();
    await next();
    expect([end, room.state.status]).toEqual([end, "connected"]);
  }
});

it("[C168] a client that is closed tries no WebSocket, although its last call is never answered", async () => {
  const { client, clock, sockets, wakers, next } = await live();
  client.close();
  await next();
  expect([clock.pending, wakers()]).toEqual([0, 0]);
  const { count } = sockets;
  await next(3_600_000);
  expect(sockets.count).toBe(count);
});

it("[C169] after a wake calls wait as long as they may", async () => {
  const { calls, next, greet, wake } = await live({ polling: "always" });
  for (let cut = 0; cut < 2; cut++) {
    await next(15_000);
    calls.lastPoll.fail();
    await next(1_001);
    await greet();
  }
  expect(calls.lastPoll.head.wait).toBe(7);
  wake();
  await next();
  for (const call of calls.waiting) call.answer();
  await next();
  expect(calls.lastPoll.head.wait).toBe(30);
});
