import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { UserObject } from "../../src/index.ts";
import { SocketObject, socketsOf } from "./support/at-relays.ts";
import {
  advanceClock,
  configureRoom,
  configureUser,
  crashRoom,
  patchAttachments,
  sleepRoom,
  sweepSockets,
} from "./support/objects.ts";
import {
  callAsServer,
  fill,
  join,
  openSession,
  roomHas,
  roomObject,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const MINUTE_MS = 60_000;
const TIMEOUT = { code: 4408, reason: "timeout" };

const alarmOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, state) => state.storage.getAlarm());
/** Of the object that has the sockets. */
const sweepOf = (room: string) =>
  runInDurableObject<DurableObject, number | null>(socketsOf(room), (_, state) => state.storage.getAlarm());
const tablesOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, state) =>
    state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'log'").toArray(),
  );

describe("the heartbeat", () => {
  it("[G1] with the exact text is answered without the object; any other ping is answered by the object", async () => {
    const received = [
      vi.spyOn(SocketObject.prototype, "webSocketMessage"),
      vi.spyOn(UserObject.prototype, "webSocketMessage"),
    ];
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const woken = () => received.map(({ mock }) => mock.calls.length);
    const room = await join(uniqueName("ping"), "ada");
    const session = await openSession(uniqueName("ada"));
    for (const socket of [room, session]) {
      socket.send('{"type":"ping"}');
      await socket.next("pong");
      expect(socket.texts.at(-1)).toBe('{"type":"pong"}');
    }
    expect(woken()).toEqual([0, 0]);
    for (const socket of [room, session]) {
      socket.send('{"type": "ping"}');
      expect(await socket.next("pong")).toEqual({ type: "pong", at: expect.any(Number) });
      const before = Date.now();
      const pong = await socket.ask({ type: "ping", id: "p" });
      expect(pong).toEqual({ type: "pong", id: "p", at: expect.any(Number) });
      expect(Math.abs(Number(pong.at) - before)).toBeLessThan(30_000);
    }
    expect(woken()).toEqual([2, 2]);
  });

  it("[G1] also works after the object slept", async () => {
    const room = uniqueName("ping");
    const ada = await join(room, "ada");
    await sleepRoom(room);
    ada.send('{"type":"ping"}');
    expect(await ada.next("pong")).toEqual({ type: "pong" });
  });
});

describe("the sweep", () => {
  it("[G2] closes connections that have not pinged for three intervals, and no others", async () => {
    const room = uniqueName("silent");
    await configureRoom(room, { PING_MS: 10_000 });
    const silent = await join(room, "ada");
    const pinging = await join(room, "bo");
    advanceClock(29_000);
    await pinging.settled();
    expect(await sweepSockets(room)).toBe(true);
    await silent.settled();
    advanceClock(58_500);
    await pinging.settled();
    expect(await sweepOf(room)).not.toBeNull();
    advanceClock(59_500);
    await sweepSockets(room);
    expect(await silent.closed).toEqual(TIMEOUT);
    await pinging.settled();
    advanceClock(65_000);
    await pinging.settled();
    expect(pinging.ofType("memberLeft")).toMatchObject([{ user: "ada" }]);
  });

  it("[G2] counts a heartbeat that the runtime answered, also if the room slept", async () => {
    const room = uniqueName("heartbeat");
    const silent = await join(room, "ada");
    await silent.settled();
    const pinging = await (await join(room, "bo")).beats();
    await sleepRoom(room);
    await patchAttachments(socketsOf(room), (state) => ({ ...state, pingedAt: Date.now() - 80_000 }));
    await sweepSockets(room);
    expect(await silent.closed).toEqual(TIMEOUT);
    expect(await pinging.ask({ type: "ping", id: "p" })).toMatchObject({ type: "pong" });
  });

  it("[G2] also happens when the next client joins", async () => {
    const room = uniqueName("joiner");
    const silent = await (await join(room, "ada")).beats();
    advanceClock(80_000);
    await join(room, "bo");
    expect(await silent.closed).toEqual(TIMEOUT);
  });

  it("[G2] is planned for every room with two connections or more, and for sessions too", async () => {
    const room = uniqueName("planned");
    const ada = await join(room, "ada");
    await fill(ada, 1);
    await join(room, "bo");
    const at = Number(await sweepOf(room));
    expect(at - Date.now()).toBeGreaterThan(14 * MINUTE_MS);
    expect(at - Date.now()).toBeLessThanOrEqual(15 * MINUTE_MS);
    const user = uniqueName("sessions");
    await configureUser(user, { PING_MS: 10_000 });
    const one = await (await openSession(user)).beats();
    const two = await openSession(user);
    advanceClock(31_000);
    await two.settled();
    expect(await runDurableObjectAlarm(userObject(user))).toBe(true);
    expect(await one.closed).toEqual(TIMEOUT);
    expect(await two.ask({ type: "ping", id: "p" })).toMatchObject({ type: "pong" });
  });
});

describe("the closing handshake", () => {
  const cases: [number | undefined, string | undefined, number, string][] = [
    [1000, "bye", 1000, "bye"],
    [1001, "going", 1000, ""],
    [undefined, undefined, 1000, ""],
    [4000, "mine", 4000, "mine"],
    [4999, undefined, 4999, ""],
    [3000, "é".repeat(60), 3000, "é".repeat(60)],
  ];

  it.each(cases)("[G3] is completed when the client closes with %s", async (code, reason, answer, text) => {
    const ada = await join(uniqueName("bye"), "ada");
    ada.close(code, reason);
    expect(await ada.closed).toEqual({ code: answer, reason: text });
    const session = await openSession(uniqueName("bye"));
    session.close(code, reason);
    expect(await session.closed).toEqual({ code: answer, reason: text });
  });

  it("[G3] is also completed right after commands, which still take effect for others", async () => {
    const room = uniqueName("bye");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    ada.send({ type: "send", id: "m", data: "last words" });
    ada.close(1000);
    await bo.next("memberLeft");
    expect(bo.ofType("message")).toMatchObject([{ data: "last words" }]);
    expect(bo.received.at(-1)).toMatchObject({ type: "memberLeft", user: "ada" });
  });

  it("[G3] is also completed by a sleeping object", async () => {
    const room = uniqueName("bye");
    const ada = await join(room, "ada");
    await sleepRoom(room);
    ada.close(4000, "mine");
    expect(await ada.closed).toEqual({ code: 4000, reason: "mine" });
  });
});

describe("a room that never stored anything", () => {
  it("[G4] is removed an hour after its last connection, and can begin again", async () => {
    const room = uniqueName("virgin");
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    ada.send({ type: "signal", event: "x" });
    ada.close(1000);
    await ada.closed;
    const due = Number(await alarmOf(room)) - Date.now();
    expect(due).toBeGreaterThan(59 * MINUTE_MS);
    expect(due).toBeLessThan(66 * MINUTE_MS);
    expect(await tablesOf(room)).toHaveLength(1);
    // The close is answered before the connection is removed.
    await roomHas(room, 0);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    expect(await tablesOf(room)).toEqual([]);
    const back = await join(room, "ada");
    const again = await back.next("connected");
    expect(again).toMatchObject({ head: 0 });
    expect(again.epoch).not.toBe(epoch);
    await fill(back, 1);
    expect(back.ofType("message")).toMatchObject([{ seq: 1 }]);
  });

  it("[G4] is also removed an hour after its last call", async () => {
    const room = uniqueName("virgin");
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "ada", banSeconds: 1 });
    advanceClock(MINUTE_MS);
    await callAsServer("GET", `/v1/rooms/${room}`);
    expect(Number(await alarmOf(room)) - Date.now()).toBeGreaterThan(59 * MINUTE_MS);
    advanceClock(40 * MINUTE_MS);
    await callAsServer("GET", `/v1/rooms/${room}/messages`);
    expect(Number(await alarmOf(room)) - Date.now()).toBeGreaterThan(59 * MINUTE_MS);
    await runDurableObjectAlarm(roomObject(room));
    expect(await tablesOf(room)).toEqual([]);
  });

  it("[G4] is not removed while a connection is open", async () => {
    const room = uniqueName("virgin");
    const ada = await join(room, "ada");
    await ada.settled();
    await runDurableObjectAlarm(roomObject(room));
    expect(await tablesOf(room)).toHaveLength(1);
    expect(await alarmOf(room)).not.toBeNull();
    await fill(ada, 1);
  });

  it("[G4] is removed; any other room stays", async () => {
    const room = uniqueName("written");
    const ada = await join(room, "ada");
    await fill(ada, 1);
    ada.close(1000);
    await ada.closed;
    await runDurableObjectAlarm(roomObject(room));
    expect(await tablesOf(room)).toHaveLength(1);
    const back = await join(room, "ada");
    expect(await back.next("connected")).toMatchObject({ head: 1 });
    await crashRoom(room);
    await runDurableObjectAlarm(roomObject(room));
    expect((await join(room, "ada")).ofType("message")).toHaveLength(1);
  });
});
