// A room that is read without a connection: `client.room(name, { watch: true })`.

import { describe, expect, it, vi } from "vitest";
import { message } from "./support/frames.ts";
import { opened, watchedRoom } from "./support/watched-room.ts";

const FIRST = { events: [message(1), message(2)], cursor: "e1.2", recovery: "none" };

describe("a room that is watched", () => {
  it("[L110] shows what the first answer has, and is connected then, without a socket and a token", async () => {
    const getToken = vi.fn(() => "t1.e30.s");
    const world = await watchedRoom({ getToken }, { history: 20, topics: ["task", "chat"] });
    expect(world.room.state).toEqual({ status: "connecting", attempt: 1 });
    expect(world.call().path).toBe("/v1/rooms/lobby/events");
    expect(world.call().query).toEqual({ history: "20", topics: "chat,task" });
    expect([...world.call().headers.keys()]).toEqual([]);
    await world.reply({ ...FIRST, occupancy: { members: 3, connections: 4 } });
    const { messages, head, user, permission, occupancy, state } = world.room.getSnapshot();
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2]);
    expect({ head, user, permission, occupancy, status: state.status }).toEqual({
      head: 2,
      user: null,
      permission: "read",
      occupancy: { members: 3, connections: 4 },
      status: "connected",
    });
    expect(world.client.state.status).toBe("connected");
    expect(world.sockets.all).toEqual([]);
    expect(getToken).not.toHaveBeenCalled();
  });

  it("[L110] emits each event once, in order, and says which are history", async () => {
    const world = await watchedRoom();
    const heard: unknown[] = [];
    world.room.on("message", ({ seq }, { replay }) => heard.push([seq, replay]));
    world.room.on("messageUpdated", ({ seq }) => heard.push(["edit", seq]));
    world.room.on("caughtUp", ({ seq }) => heard.push(["caughtUp", seq]));
    world.room.on("occupancy", ({ members }) => heard.push(["members", members]));
    await world.reply(FIRST);
    await world.clock.advance(2_000);
    const edited = { type: "messageUpdated", seq: 5, at: 1, message: message(1, { changed: 5 }), by: null };
    // 4 was a change of a message that has changed again since: a replay leaves it out.
    const events = [message(3, { changed: 6 }), edited];
    await world.reply({ events, cursor: "e1.6", occupancy: { members: 1, connections: 1 } });
    await world.clock.advance(2_000);
    expect(world.call().query.since).toBe("e1.6");
    await world.reply({ cursor: "e1.6", occupancy: { members: 1, connections: 1 } });
    expect(heard).toEqual([
      [1, true],
      [2, true],
      ["caughtUp", 2],
      [3, false],
      ["edit", 5],
      ["members", 1],
      ["caughtUp", 6],
    ]);
  });

  it("[L110] a long answer is asked on at once, and is one replay", async () => {
    const world = await watchedRoom();
    const states: string[] = [];
    world.room.on("state", ({ status }) => states.push(status));
    await world.reply({ ...FIRST, recovery: "partial", more: true });
    expect(states).toEqual([]);
    expect(world.calls.map(({ query }) => query.since)).toEqual([undefined, "e1.2"]);
    await world.reply({ events: [message(3)], cursor: "e1.3" });
    expect(states).toEqual(["connected"]);
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("[L111] asks a second after an answer with something in it, and up to five later if there is nothing", async () => {
    const world = await watchedRoom({ random: () => 0 });
    await world.reply(FIRST);
    const waits: number[] = [];
    for (const more of [{}, {}, {}, {}, {}, { events: [message(3)], cursor: "e1.3" }, {}]) {
      const before = world.calls.length;
      let waited = 0;
      for (; world.calls.length === before; waited += 125) await world.clock.advance(125);
      waits.push(waited);
      await world.reply({ cursor: "e1.2", ...more });
    }
    expect(waits).toEqual([1_000, 1_500, 2_250, 3_375, 5_000, 5_000, 1_000]);
  });

  it("[L111] by chance a wait is up to a quarter longer, so that a crowd does not ask in step", async () => {
    const world = await watchedRoom({ random: () => 0.8 });
    await world.reply(FIRST);
    await world.clock.advance(1_199);
    expect(world.calls).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.calls).toHaveLength(2);
  });

  it("[L111] waits as long as the server asks for, and says so as any connection does", async () => {
    const world = await watchedRoom({ random: () => 0 });
    await world.reply(FIRST);
    await world.clock.advance(1_000);
    const error = { code: "rate_limited", message: "too many calls", retryAfterMs: 10_000 };
    await world.call().answer({ error }, { status: 429 });
    expect(world.room.state).toMatchObject({ status: "reconnecting", error: { code: "rate_limited" } });
    await world.clock.advance(9_999);
    expect(world.calls).toHaveLength(2);
    await world.clock.advance(1);
    await opened(world);
    expect(world.call().query).toEqual({ since: "e1.2" });
    await world.reply({ events: [message(3)], cursor: "e1.3" });
    expect(world.room.state.status).toBe("connected");
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("[L111] the `Retry-After` of something on the way counts too", async () => {
    const world = await watchedRoom({ random: () => 0 });
    await world.call().answer("busy", { status: 503, headers: { "Retry-After": "7" } });
    await world.clock.advance(6_999);
    expect(world.calls).toHaveLength(1);
    await world.clock.advance(1);
    await opened(world);
    expect(world.calls).toHaveLength(2);
  });

  it("[L111] a page that nobody sees asks nothing, and at once when it is seen again", async () => {
    let isHidden = false;
    const world = await watchedRoom({ isHidden: () => isHidden });
    await world.reply(FIRST);
    isHidden = true;
    await world.clock.advance(60_000);
    expect(world.calls).toHaveLength(1);
    world.wake();
    await world.clock.advance(60_000);
    expect(world.calls).toHaveLength(1);
    expect(world.room.state.status).toBe("connected");
    isHidden = false;
    world.wake();
    world.wake();
    await world.clock.advance(0);
    expect(world.calls).toHaveLength(2);
    await world.reply({ cursor: "e1.2" });
    world.wake();
    await world.clock.advance(999);
    expect(world.calls).toHaveLength(2);
  });

  it("[L111] a call that fails, or is not answered, is a lost connection", async () => {
    const world = await watchedRoom();
    await world.call().fail();
    expect(world.room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
    await world.clock.advance(1_000);
    expect(world.calls).toHaveLength(2);
    const silent = world.call();
    await world.clock.advance(29_000);
    expect([silent.signal?.aborted, world.room.state.status]).toEqual([false, "connecting"]);
    await world.clock.advance(1_000);
    expect(silent.signal?.aborted).toBe(true);
    expect(world.room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
  });

  it("[L111] a page that will stand still gives up, and comes back by its cursor", async () => {
    const world = await watchedRoom();
    await world.reply(FIRST);
    world.suspend();
    await world.clock.advance(0);
    expect(world.room.state.status).toBe("reconnecting");
    await world.clock.advance(1_000);
    expect(world.call().query).toEqual({ since: "e1.2" });
  });

  it("[L112] refuses each command at once, and what waits to be sent", async () => {
    const world = await watchedRoom();
    const early = world.room.send("early").catch((error: unknown) => error);
    await world.reply(FIRST);
    const refused = { code: "forbidden", message: expect.stringContaining("only watched") };
    expect(await early).toMatchObject(refused);
    const { room } = world;
    for (const act of [() => room.send("x"), () => room.edit(1, "x"), () => room.react(1, "👍")])
      expect(await act().catch((error: unknown) => error)).toMatchObject(refused);
    const errors: unknown[] = [];
    room.on("error", ({ code }) => errors.push(code));
    room.signal("cursor", 1);
    await world.clock.advance(0);
    expect(errors).toEqual(["forbidden"]);
    await world.client.setPresence({ status: "away" });
    expect(room.state.status).toBe("connected");
    expect(world.calls).toHaveLength(1);
  });

  it("[L112] loads older messages", async () => {
    const world = await watchedRoom({}, { topics: ["chat"] });
    await world.reply({ ...FIRST, events: [message(7), message(8)], cursor: "e1.8" });
    const older = world.room.loadOlder(2);
    await world.clock.advance(0);
    expect([world.call().path, world.call().query]).toEqual([
      "/v1/rooms/lobby/messages",
      { before: "7", limit: "2", topics: "chat" },
    ]);
    await world.call().answer({ messages: [message(5), message(6)], seq: 5, more: true, head: 8, floor: 0 });
    expect(await older).toEqual({ more: true });
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([5, 6, 7, 8]);
  });

  it("[L112] other topics hold from the answer on, and what was asked for with the old ones is dropped", async () => {
    const world = await watchedRoom({}, { topics: ["chat"] });
    await world.reply(FIRST);
    await world.clock.advance(2_000);
    const stale = world.call();
    await world.room.setTopics(["task"]);
    await stale.answer({ events: [message(3)], cursor: "e1.3" });
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(world.call().query).toEqual({ since: "e1.2", topics: "task" });
    const none = await world.room.setTopics([]).catch((error: unknown) => error);
    expect(none).toMatchObject({ code: "bad_request" });
  });

  it("[L113] ends with the room: no call, no timer and no listener is left", async () => {
    const world = await watchedRoom();
    await world.reply(FIRST);
    await world.clock.advance(2_000);
    world.room.leave();
    await world.clock.advance(0);
    expect(world.call().signal?.aborted).toBe(true);
    expect([world.clock.pending, world.wakers()]).toEqual([0, 0]);
    await world.clock.advance(60_000);
    expect(world.calls).toHaveLength(2);
  });

  it("[L116] a log that is another one starts the list again, and says so", async () => {
    const world = await watchedRoom();
    const lost = vi.fn();
    world.room.on("lost", lost);
    await world.reply(FIRST);
    await world.clock.advance(2_000);
    await world.reply({ events: [message(1)], cursor: "e2.1", recovery: "lost" });
    await opened(world);
    expect(world.call().query).toEqual({ since: "e1.2" });
    await world.reply({ events: [message(1)], cursor: "e2.1", recovery: "lost" });
    expect(lost).toHaveBeenCalledTimes(1);
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1]);
    expect(world.room.state.status).toBe("connected");
  });
});
