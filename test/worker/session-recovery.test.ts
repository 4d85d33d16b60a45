// Recovery of a session with several rooms when something between room and user fails.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { advanceClock, configureRoom, configureUser, crash } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAs,
  callAsServer,
  fill,
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const seqsIn = (socket: TestSocket, room: string) =>
  socket.received.filter((event) => event.room === room && event.type === "message").map(({ seq }) => seq);

async function joinOn(session: TestSocket, room: string, more: object = {}): Promise<void> {
  session.send({ type: "join", id: `j-${crypto.randomUUID().slice(0, 8)}`, room, ...more });
  await session.next("caughtUp", (event) => event.room === room);
}

/** Makes the next deliveries to this user fail or get lost; the result says how many have. */
async function breakDeliveries(user: string, count: number, how = "fail"): Promise<() => number> {
  let broken = 0;
  const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => silenced.mockRestore());
  const stub = userObject(user);
  // Only methods on the prototype can be called from outside.
  const prototype = await runInDurableObject<DurableObject, object>(stub, (object) =>
    Object.getPrototypeOf(object),
  );
  const deliver: (...args: unknown[]) => unknown = Reflect.get(prototype, "deliver");
  Reflect.set(
    prototype,
    "deliver",
    function (this: { readonly ctx: DurableObjectState }, ...args: unknown[]) {
      if (broken === count || !this.ctx.id.equals(stub.id)) return Reflect.apply(deliver, this, args);
      broken++;
      if (how === "fail") throw new Error("not now");
      return Array.isArray(args[1]) ? args[1].map(() => ({ kind: "taken" })) : [];
    },
  );
  onTestFinished(() => {
    Reflect.set(prototype, "deliver", deliver);
  });
  return () => broken;
}

describe("recovery on a session", () => {
  it("[J2] continues from a cursor, and pages what is too long for one replay", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    await configureRoom(room, { RATE_BURST: 100_000, HISTORY_LIMIT: 5_000 });
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 1_500);
    const session = await openSession(user);
    session.send({ type: "join", id: "j", room, since: `${epoch}.200` });
    const reached = await session.next("caughtUp", (event) => event.room === room);
    expect(reached).toMatchObject({ seq: 1_200, more: true });
    await fill(ada, 1);
    const page = await session.ask({ type: "history", id: "h", room, after: 1_200 });
    expect(page).toMatchObject({ seq: 1_501, room });
    await session.next("caughtUp", ({ more }) => more === undefined);
    await fill(ada, 1);
    await session.next("message", ({ seq }) => seq === 1_502);
    expect(seqsIn(session, room)).toEqual([...Array.from({ length: 1_000 }, (_, n) => 201 + n), 1_502]);
  });

  it("[J2] delivers the events of its topics only, also after the room slept", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await openSession(user);
    await joinOn(session, room, { topics: ["comment"], presence: "off" });
    for (let n = 0; n < 3; n++) {
      await ada.ask({ type: "send", id: `c${n}`, data: n });
      await evictDurableObject(roomObject(room), { webSockets: "hibernate" });
      await evictDurableObject(userObject(user), { webSockets: "hibernate" });
      await ada.ask({ type: "send", id: `t${n}`, event: "comment.added", data: n });
      await session.next("message", ({ id }) => id === `t${n}`);
    }
    expect(seqsIn(session, room)).toEqual([2, 4, 6]);
    expect(session.ofType("left")).toEqual([]);
  });

  it("[J2] tries a delivery again, and loses and repeats nothing", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await openSession(user);
    await joinOn(session, room);
    const tries = await breakDeliveries(user, 1);
    await fill(ada, 5);
    await expect.poll(tries).toBe(1);
    await session.next("message", ({ seq }) => seq === 5);
    expect(seqsIn(session, room)).toEqual([1, 2, 3, 4, 5]);
  });

  it("[J6] ends a room with `left` if a delivery was lost, and joining again brings it", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await openSession(user);
    await joinOn(session, room);
    const { epoch } = await session.next("connected", (event) => event.room === room);
    const tries = await breakDeliveries(user, 1, "get lost");
    await ada.ask({ type: "send", id: "lost", data: 1 });
    await expect.poll(tries).toBe(1);
    await ada.ask({ type: "send", id: "next", data: 2 });
    expect(await session.next("left")).toMatchObject({ room, code: "internal" });
    await joinOn(session, room, { since: `${epoch}.0` });
    expect(seqsIn(session, room)).toEqual([1, 2]);
  });

  it("[J6] happens at the sweep if nothing more is sent", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await openSession(user);
    await joinOn(session, room);
    const tries = await breakDeliveries(user, 1, "get lost");
    await ada.ask({ type: "send", id: "lost", data: 1 });
    await expect.poll(tries).toBe(1);
    await evictDurableObject(roomObject(room), { webSockets: "hibernate" });
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    expect(await session.next("left")).toMatchObject({ room, code: "internal" });
  });

  it("[J7] removes a session whose user's object has lost it", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    const session = await openSession(user);
    await joinOn(session, room);
    await ada.next("memberJoined");
    await evictDurableObject(userObject(user), { webSockets: "close" });
    await session.closed;
    await ada.ask({ type: "send", id: "m", data: 1 });
    advanceClock(5_001);
    await ada.ask({ type: "send", id: "n", data: 2 });
    await ada.next("memberLeft", (event) => event.user === user);
    const rows = await runInDurableObject(roomObject(room), (_, { storage }) =>
      storage.sql.exec("SELECT * FROM sessions").toArray(),
    );
    expect(rows).toEqual([]);
  });

  it("[J8] ends a room that a renewed token does not open, and continues in the others", async () => {
    const [open, shut, user] = [uniqueName("open"), uniqueName("shut"), uniqueName("bo")];
    const session = await openSession(user);
    await joinOn(session, open);
    await joinOn(session, shut);
    const token = await tokenFor(user, { rooms: { [open]: "read" } });
    expect(await session.ask({ type: "auth", id: "a", token })).toMatchObject({ type: "ok" });
    expect(await session.next("left")).toMatchObject({
      ...{ room: shut, code: "forbidden", message: expect.any(String) },
    });
    await expect
      .poll(() => session.ask({ type: "send", id: crypto.randomUUID(), room: open, data: 1 }))
      .toMatchObject({ type: "error", code: "forbidden" });
  });

  it("[J3] announces the end of a room at the sweep if no try arrived", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const session = await openSession(user);
    await joinOn(session, room);
    // The tries follow without a wait.
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    onTestFinished(() => random.mockRestore());
    const tries = await breakDeliveries(user, 4);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    await expect.poll(tries).toBe(4);
    expect(session.ofType("left")).toEqual([]);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    expect(await session.next("left")).toMatchObject({ room, code: "banned" });
    await expect
      .poll(() =>
        runInDurableObject(roomObject(room), (_, { storage }) =>
          storage.sql.exec("SELECT * FROM sessions").toArray(),
        ),
      )
      .toEqual([]);
  });

  it("[J3][M9] closes an expired session before more of a room is delivered to it", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada", { expiresInS: 86_400 });
    const session = await openSession(user, { expiresInS: 60 });
    await joinOn(session, room);
    advanceClock(61_000);
    await ada.ask({ type: "send", id: "m", data: 1 });
    expect(await session.closed).toMatchObject({ code: 4401 });
    expect(session.ofType("message")).toEqual([]);
  });

  it("[J8] ends a room that could not receive the new token", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const session = await openSession(user);
    await joinOn(session, room);
    await configureUser(user, {});
    const prototype = await runInDurableObject<DurableObject, object>(roomObject(room), (object) =>
      Object.getPrototypeOf(object),
    );
    const renew: unknown = Reflect.get(prototype, "renew");
    Reflect.set(prototype, "renew", () => {
      throw new Error("not now");
    });
    onTestFinished(() => {
      Reflect.set(prototype, "renew", renew);
    });
    const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => silenced.mockRestore());
    await session.ask({ type: "auth", id: "a", token: await tokenFor(user, { rooms: { [room]: "read" } }) });
    expect(await session.next("left")).toMatchObject({ room, code: "overloaded" });
  });

  it("[J10] a refused join follows nothing, and a banned user learns nothing of the room", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const session = await openSession(user);
    await joinOn(session, room);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    await session.next("left");
    expect(await session.ask({ type: "join", id: "again", room })).toMatchObject({ code: "banned", room });
    const token = await tokenFor(user);
    await callAs(token, "PUT", `/v1/me/rooms/${room}`);
    const listed = await (await callAs(token, "GET", "/v1/me/rooms")).json();
    expect(listed).toEqual({ rooms: [] });
  });

  it("[J10] charges what costs calls, and limits presence to the size of a room socket's", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    await configureUser(user, { RATE_PER_SECOND: 1, RATE_BURST: 5 });
    const session = await openSession(user);
    await joinOn(session, room);
    const large = await session.ask({ type: "presence", id: "p", data: "x".repeat(1_025) });
    expect(large).toMatchObject({ type: "error", code: "too_large" });
    const codes: unknown[] = [];
    for (let n = 0; n < 5; n++)
      codes.push((await session.ask({ type: "presence", id: `p${n}`, data: n })).code);
    expect(codes).toContain("rate_limited");
  });

  it("[J9] a room that cannot be read is refused, and each command of a batch is answered", async () => {
    const session = await openSession(uniqueName("bo"));
    expect(await session.ask({ type: "topics", id: "t", topics: [], room: 7 })).toMatchObject({
      code: "bad_request",
      path: ["room"],
    });
    session.send({
      type: "batch",
      room: "elsewhere",
      commands: [
        { type: "send", id: "b1", data: 1 },
        { type: "read", id: "b2" },
      ],
    });
    for (const id of ["b1", "b2"]) {
      const answer = await session.next("error", (event) => event.id === id);
      expect(answer).toMatchObject({ code: "not_found", room: "elsewhere" });
    }
    const room = uniqueName("room");
    await joinOn(session, room);
    session.send({
      type: "batch",
      commands: [
        { type: "send", id: "c1", room, data: 1 },
        { type: "notifications", id: "c2" },
      ],
    });
    expect(await session.next("ok", ({ id }) => id === "c1")).toMatchObject({ room, seq: 1 });
    expect(await session.next("ok", ({ id }) => id === "c2")).toMatchObject({ unread: 0 });
  });

  it("[J7] makes room when the clients that fill it have vanished", async () => {
    const [room, gone, user] = [uniqueName("room"), uniqueName("gone"), uniqueName("bo")];
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
    const ghost = await openSession(gone);
    await joinOn(ghost, room);
    await crash(userObject(gone));
    const session = await openSession(user);
    expect(await session.ask({ type: "join", id: "j1", room })).toMatchObject({ code: "room_full" });
    await expect
      .poll(async () => (await session.ask({ type: "join", id: crypto.randomUUID(), room })).type)
      .toBe("ok");
  });

  it("[J9] refuses invalid joins: too many rooms, no permission, names, fields, a room that is not joined", async () => {
    const user = uniqueName("bo");
    const session = await openSession(user, { rooms: { "r*": "write" } });
    const refused = async (command: object) =>
      (await session.ask({ id: crypto.randomUUID(), ...command })).code;
    expect(await refused({ type: "join", room: "other" })).toBe("forbidden");
    expect(await refused({ type: "join", room: "-bad" })).toBe("bad_request");
    expect(await refused({ type: "join", room: "r", history: 201 })).toBe("bad_request");
    expect(await refused({ type: "join", room: "r", topics: Array(21).fill("a") })).toBe("bad_request");
    expect(await refused({ type: "leave", room: "r1" })).toBe("not_found");
    expect(await refused({ type: "send", room: "r1", data: 1 })).toBe("not_found");
    const run = uniqueName("r");
    for (let n = 0; n < 50; n++) session.send({ type: "join", id: `j${n}`, room: `${run}${n}`, history: 0 });
    for (let n = 0; n < 50; n++) await session.next("caughtUp", ({ room }) => room === `${run}${n}`);
    expect(await refused({ type: "join", room: `${run}50` })).toBe("too_large");
    // A join of a joined room only starts it again.
    await joinOn(session, `${run}7`);
    await evictDurableObject(userObject(user), { webSockets: "hibernate" });
    expect(await session.ask({ type: "send", id: "m", room: `${run}49`, data: 1 })).toMatchObject({ seq: 1 });
  });
});
