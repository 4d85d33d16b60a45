// Rooms on a session: order and recovery are those of a room on its own socket.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished } from "vitest";
import { roomExists, storedMessages } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import { callAsServer, join, openSession, roomObject, uniqueName, userObject } from "./support/worker.ts";

const inRoom = (socket: TestSocket, room: string) => socket.received.filter((event) => event.room === room);

async function sessionIn(room: string, user: string, more: object = {}) {
  const session = await openSession(user);
  session.send({ type: "join", id: "j", room, ...more });
  await session.next("caughtUp", (event) => event.room === room);
  return session;
}

describe("a room on a session", () => {
  it("[J1] begins with the answer to its join and the first frames", async () => {
    const room = uniqueName("shared");
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "m1", data: "hello" });
    const session = await sessionIn(room, uniqueName("bo"));
    expect(inRoom(session, room).map(({ type }) => type)).toEqual(["ok", "connected", "message", "caughtUp"]);
    // Once in each frame.
    const texts = session.texts.filter((text) => text.includes(room));
    expect(texts.map((text) => text.split('"room":').length - 1)).toEqual(texts.map(() => 1));
    expect(await ada.next("memberJoined")).toMatchObject({ member: {} });
  });

  it("[J2] sends and receives as on a room socket, in order, while both objects sleep in between", async () => {
    const room = uniqueName("shared");
    const user = uniqueName("bo");
    const ada = await join(room, "ada");
    const session = await sessionIn(room, user);
    for (let n = 1; n <= 3; n++) {
      await evictDurableObject(roomObject(room), { webSockets: "hibernate" });
      await evictDurableObject(userObject(user), { webSockets: "hibernate" });
      session.send({ type: "send", id: `s${n}`, room, data: n });
      await session.next("ok", ({ id }) => id === `s${n}`);
      await ada.ask({ type: "send", id: `a${n}`, data: -n });
      await session.next("message", ({ id }) => id === `a${n}`);
    }
    const delivered = inRoom(session, room).filter(({ type }) => type === "message" || type === "ok");
    expect(delivered.map(({ id, seq }) => [id, seq])).toEqual([
      ["j", undefined],
      ["s1", 1],
      ["s1", 1],
      ["a1", 2],
      ["s2", 3],
      ["s2", 3],
      ["a2", 4],
      ["s3", 5],
      ["s3", 5],
      ["a3", 6],
    ]);
  });

  it("[J3] ends with a kick, and the session continues", async () => {
    const room = uniqueName("shared");
    const user = uniqueName("bo");
    const session = await sessionIn(room, user);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    expect(await session.next("left")).toMatchObject({ room, code: "banned", retryAfterMs: 60_000 });
    expect(await session.ask({ type: "send", id: "x", room, data: 1 })).toMatchObject({
      type: "error",
      code: "not_found",
    });
    expect(await session.ask({ type: "join", id: "again", room })).toMatchObject({ code: "banned" });
    expect(await session.ask({ type: "notifications", id: "n" })).toMatchObject({ type: "ok" });
  });

  it("[J4] is left by its command and with the session", async () => {
    const room = uniqueName("shared");
    const user = uniqueName("bo");
    const ada = await join(room, "ada");
    const session = await sessionIn(room, user);
    expect(await session.ask({ type: "leave", id: "l", room })).toMatchObject({ type: "ok" });
    await ada.next("memberLeft", (event) => event.user === user);
    const again = await sessionIn(room, user);
    again.close(1000);
    await ada.next("memberLeft", (event) => event.user === user);
    expect(inRoom(session, room).at(-1)).toEqual({ type: "ok", id: "l", room });
  });

  it.each(["in one frame", "behind what is still on its way"])(
    "[J1][J4] is left and joined again %s",
    async (way) => {
      const room = uniqueName("shared");
      const session = await sessionIn(room, uniqueName("bo"));
      const { length } = session.received;
      const leave = { type: "leave", id: "l", room };
      const again = { type: "join", id: "again", room };
      if (way === "in one frame") session.send({ type: "batch", commands: [leave, again] });
      else for (const frame of [{ type: "send", id: "m", room, data: 1 }, leave, again]) session.send(frame);
      await session.next("caughtUp", (event) => event.room === room);
      const delivered = session.received
        .slice(length)
        .filter(({ type }) => type === "ok" || type === "connected");
      const before = way === "in one frame" ? [] : ["m"];
      expect(delivered.map(({ id }) => id)).toEqual([...before, "l", "again", undefined]);
      await session.ask({ type: "send", id: "m2", room, data: 2 });
      expect(inRoom(session, room).at(-2)).toMatchObject({ type: "message", id: "m2" });
    },
  );

  it("[J13] answers what was sent before a second join before the new first frames", async () => {
    const room = uniqueName("shared");
    const session = await sessionIn(room, uniqueName("bo"));
    const { length } = session.received;
    const frames = [
      { type: "send", id: "m1", room, data: 1 },
      { type: "join", id: "again", room, history: 0 },
      { type: "read", id: "r", room },
      { type: "join", id: "once more", room, history: 0 },
      { type: "send", id: "m2", room, data: 2 },
    ];
    for (const frame of frames) session.send(frame);
    await session.next("ok", ({ id }) => id === "m2");
    const answers = session.received.slice(length).filter(({ type }) => type === "ok" || type === "error");
    expect(answers.map(({ id, type }) => [id, type])).toEqual(frames.map(({ id }) => [id, "ok"]));
    expect(await storedMessages(room)).toBe(2);
    // Nothing of the new stay is missing.
    const delivered = inRoom(session, room).filter(({ type }) => type === "message");
    expect(delivered.map(({ id }) => id)).toEqual(["m1", "m2"]);
  });

  it("[J11] answers each command after a leave, in order and without effect", async () => {
    const room = uniqueName("shared");
    const session = await sessionIn(room, uniqueName("bo"));
    const { length } = session.received;
    const frames = [
      { type: "send", id: "m1", room, data: 1 },
      { type: "leave", id: "l1", room },
      { type: "send", id: "m2", room, data: 2 },
      { type: "batch", room, commands: ["a", "b"].map((id) => ({ type: "read", id })) },
      { type: "leave", id: "l2", room },
    ];
    for (const frame of frames) session.send(frame);
    await session.next("error", ({ id }) => id === "l2");
    const answers = session.received
      .slice(length)
      .filter(({ type }) => type === "ok" || type === "error")
      .map(({ id, code, room: of }) => [id, code, of]);
    expect(answers).toEqual([
      ["m1", undefined, room],
      ["l1", undefined, room],
      ...["m2", "a", "b", "l2"].map((id) => [id, "not_found", room]),
    ]);
    expect(await storedMessages(room)).toBe(1);
  });

  it("[J11] answers each command after a refused join, and creates no room", async () => {
    const session = await openSession(uniqueName("bo"), { rooms: {} });
    const room = uniqueName("closed");
    session.send({ type: "join", id: "j", room });
    session.send({ type: "send", id: "m", room, data: 1 });
    session.send({ type: "leave", id: "l", room });
    expect(await session.next("error", ({ id }) => id === "l")).toMatchObject({ code: "not_found", room });
    const answers = session.received.filter(({ type }) => type === "error").map(({ id, code }) => [id, code]);
    expect(answers).toEqual([
      ["j", "forbidden"],
      ["m", "not_found"],
      ["l", "not_found"],
    ]);
    expect(await roomExists(room)).toBe(false);
  });

  it("[J11] answers what was sent between a leave and the next join, and delivers none of it to the new stay", async () => {
    const room = uniqueName("shared");
    const session = await sessionIn(room, uniqueName("bo"));
    session.send({ type: "leave", id: "l", room });
    session.send({ type: "send", id: "m", room, data: 1 });
    session.send({ type: "join", id: "again", room });
    session.send({ type: "send", id: "m2", room, data: 2 });
    expect(await session.next("error", ({ id }) => id === "m")).toMatchObject({ code: "not_found" });
    expect(await session.next("ok", ({ id }) => id === "m2")).toMatchObject({ seq: 1 });
  });

  it("[J12] refuses a batch in a batch, with a room or without", async () => {
    const room = uniqueName("shared");
    const session = await sessionIn(room, uniqueName("bo"));
    const inner = { type: "batch", id: "in", commands: [{ type: "send", id: "m", data: 1 }] };
    for (const frame of [
      { type: "batch", commands: [{ ...inner, room }] },
      { type: "batch", room, commands: [inner] },
      { type: "batch", commands: [inner] },
    ]) {
      session.send(frame);
      expect(await session.next("error"), JSON.stringify(frame)).toMatchObject({
        id: "in",
        code: "bad_request",
        path: ["type"],
      });
    }
    expect(await storedMessages(room)).toBe(0);
  });

  it("[J9] is left before a later join in the same frame is counted", async () => {
    const session = await openSession(uniqueName("bo"));
    const run = uniqueName("r");
    const joining = Array.from({ length: 50 }, (_, n) => ({ type: "join", id: `j${n}`, room: `${run}${n}` }));
    session.send({ type: "batch", commands: joining });
    for (const { room } of joining) await session.next("caughtUp", (event) => event.room === room);
    session.send({
      type: "batch",
      commands: [
        { type: "leave", id: "l", room: `${run}7` },
        { type: "join", id: "in", room: `${run}50` },
        { type: "join", id: "over", room: `${run}7` },
      ],
    });
    expect(await session.next("error")).toMatchObject({ id: "over", code: "too_large" });
    await session.next("caughtUp", (event) => event.room === `${run}50`);
    expect(await session.ask({ type: "send", id: "m", room: `${run}7`, data: 1 })).toMatchObject({
      code: "not_found",
    });
  });

  it("[J4] is left at once also if the room delivers before it receives the leave", async () => {
    const [room, user] = [uniqueName("shared"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await sessionIn(room, user);
    await ada.next("memberJoined");
    const prototype = await runInDurableObject<DurableObject, object>(roomObject(room), (object) =>
      Object.getPrototypeOf(object),
    );
    const leave: (...args: unknown[]) => unknown = Reflect.get(prototype, "leave");
    let waits = true;
    Reflect.set(prototype, "leave", async function (this: object, ...args: unknown[]) {
      while (waits) await scheduler.wait(1);
      return Reflect.apply(leave, this, args);
    });
    onTestFinished(() => {
      Reflect.set(prototype, "leave", leave);
    });
    session.close(1000);
    await session.closed;
    await ada.ask({ type: "send", id: "m", data: 1 });
    const storedSessions = () =>
      runInDurableObject(roomObject(room), (_, { storage }) =>
        storage.sql.exec("SELECT * FROM sessions").toArray(),
      );
    expect(await storedSessions()).toHaveLength(1);
    waits = false;
    await expect.poll(storedSessions).toEqual([]);
    // There is no 5 s delay, as for a lost connection.
    await ada.settled();
    expect(ada.ofType("memberLeft")).toMatchObject([{ user }]);
  });

  it("[J10] ends when its session lets too many calls wait, which closes the session", async () => {
    const [room, user] = [uniqueName("shared"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await sessionIn(room, user);
    const prototype = await runInDurableObject<DurableObject, object>(roomObject(room), (object) =>
      Object.getPrototypeOf(object),
    );
    const present: (...args: unknown[]) => unknown = Reflect.get(prototype, "present");
    let waits = true;
    Reflect.set(prototype, "present", async function (this: object, ...args: unknown[]) {
      while (waits) await scheduler.wait(1);
      return Reflect.apply(present, this, args);
    });
    onTestFinished(() => {
      Reflect.set(prototype, "present", present);
    });
    for (let n = 0; n <= 100; n++) session.send({ type: "presence", id: `p${n}`, status: "away" });
    expect(await session.closed).toMatchObject({ code: 4429 });
    waits = false;
    await ada.ask({ type: "send", id: "m", data: 1 });
    await expect
      .poll(() =>
        runInDurableObject(roomObject(room), (_, { storage }) =>
          storage.sql.exec("SELECT * FROM sessions").toArray(),
        ),
      )
      .toEqual([]);
  });
});
