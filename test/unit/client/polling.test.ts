// A connection over calls, as the client carries it.

import { expect, it } from "vitest";
import { caughtUp, connected, message } from "./support/frames.ts";
import { live, polledWorld } from "./support/polled-world.ts";

const statusOf = ({ room }: { readonly room: { readonly state: { readonly status: string } } }) =>
  room.state.status;

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

it("[C135][C155] one answer is the pong of all heartbeats before it, also of one after a wake", async () => {
  const { calls, room, next, wake } = await live({ polling: "always" });
  const [waiting] = calls.waiting;
  await next(25_000);
  wake();
  await next();
  waiting?.answer();
  await next(2_000);
  expect(room.state.status).toBe("connected");
  // No call is answered any more.
  wake();
  await next(2_000);
  expect(room.state.status).not.toBe("connected");
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
