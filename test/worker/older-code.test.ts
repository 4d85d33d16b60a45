// State that other versions of the code stored, and alarms that fail.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { version } from "../../package.json";
import { ROOM_SCHEMA } from "../../src/room/log/room-schema.ts";
import { USER_SCHEMA } from "../../src/user/inbox/user-schema.ts";
import { ask } from "./support/changes.ts";
import { entry } from "./support/disconnect.ts";
import { advanceClock, crash, patchAttachments, sleep } from "./support/objects.ts";
import {
  call,
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

type Stub = ReturnType<typeof roomObject> | ReturnType<typeof userObject>;

/** What was logged since then with one of these events. */
function watchLog() {
  const lines: Record<string, unknown>[] = [];
  for (const level of ["error", "warn"] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
  }
  return (event: string) => lines.filter((line) => line.event === event);
}

const execute = (stub: Stub, statement: string) =>
  runInDurableObject<DurableObject, void>(stub, (_, { storage }) => {
    storage.sql.exec(statement);
  });

const health = async () => {
  const response = await call("/health");
  return [response.status, await response.json()] as const;
};

const KNOWN = { room: ROOM_SCHEMA.length, user: USER_SCHEMA.length };

describe("state that is newer than the code", () => {
  it("[X7][X8] is left alone: the object opens for no one, and the log and /health say why", async () => {
    const logged = watchLog();
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const ada = await join(room, "ada");
    await fill(ada, 3);
    await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" });
    expect(await health()).toEqual([200, { ok: true }]);
    for (const stub of [roomObject(room), userObject(user)]) {
      await execute(stub, "UPDATE schema_version SET version = 7");
      await crash(stub);
    }
    const reason = (kind: "room" | "user") =>
      `${kind}: its tables are of version 7, this code knows them up to ${KNOWN[kind]}: deploy the newer code again`;
    const bearer = await tokenFor(user);
    expect((await callAsServer("GET", `/v1/rooms/${room}`)).status).toBe(500);
    expect(await entry(`/v1/rooms/${room}/connect`, bearer)).toBe("4500 internal");
    expect(await entry("/v1/connect", bearer)).toBe("4500 internal");
    const notified = await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m" });
    expect(await notified.json()).toMatchObject({ results: [{ user, error: { code: "internal" } }] });
    const said = await callAsServer("POST", "/v1/broadcast", { rooms: [room], event: "x", data: 1 });
    expect(await said.json()).toMatchObject({ results: [{ room, error: { code: "internal" } }] });
    const [status, body] = await health();
    expect(status).toBe(500);
    expect(body).toEqual({
      ok: false,
      objects: [
        { reason: reason("room"), count: 3, lastAt: expect.any(Number) },
        { reason: reason("user"), count: 2, lastAt: expect.any(Number) },
      ],
    });
    expect(JSON.stringify(body)).not.toContain(user);
    // One line per reason, not per client.
    expect(logged("cannot_open")).toMatchObject([
      { reason: reason("room"), room },
      { reason: reason("user"), user },
    ]);
    await execute(roomObject(room), `UPDATE schema_version SET version = ${KNOWN.room}`);
    const back = await join(room, "bo");
    expect(back.ofType("message")).toHaveLength(3);
    advanceClock(11 * 60_000);
    expect(await health()).toEqual([200, { ok: true }]);
  });

  it("[X7][G16] keeps its alarm, and the failure is logged", async () => {
    const logged = watchLog();
    const room = uniqueName("room");
    await join(room, "ada");
    await execute(roomObject(room), "UPDATE schema_version SET version = 7");
    await crash(roomObject(room));
    const alarmOf = () =>
      runInDurableObject<DurableObject, number | null>(roomObject(room), (_, { storage }) =>
        storage.getAlarm(),
      );
    for (let round = 0; round < 3; round++) {
      expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
      const at = await alarmOf();
      expect(at).toBeGreaterThan(Date.now() + 7 * 60_000);
      expect(at).toBeLessThan(Date.now() + 23 * 60_000);
    }
    expect(logged("alarm_failed")).toHaveLength(3);
  });
});

describe("connections that another version of the code stored", () => {
  const newer = (attachment: object) => ({ ...attachment, version: 2 });

  it("[X9] are closed if they are sockets, so that the client starts again, and the log says so", async () => {
    const logged = watchLog();
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const sockets = [await join(room, "ada"), await openSession(user)];
    for (const stub of [roomObject(room), userObject(user)]) {
      await patchAttachments(stub, newer);
      await sleep(stub);
    }
    await callAsServer("GET", `/v1/rooms/${room}`);
    await callAsServer("GET", `/v1/users/${user}`);
    expect(logged("state_of_other_code")).toMatchObject([
      { level: "warn", room, sockets: 1 },
      { level: "warn", user, sockets: 1 },
    ]);
    for (const socket of sockets) expect(await socket.closed).toEqual({ code: 4500, reason: "internal" });
    const count = logged("state_of_other_code").length;
    await sleep(roomObject(room));
    await join(room, "ada");
    expect(logged("state_of_other_code")).toHaveLength(count);
  });

  it("[X9] end for a session that had joined: it is notified at once and joins again", async () => {
    const logged = watchLog();
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const session = await openSession(user);
    await ask(session, { type: "join", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    await execute(roomObject(room), "UPDATE sessions SET state = json_set(state, '$.version', 2)");
    await sleep(roomObject(room));
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "missed" });
    expect(await session.next("left")).toMatchObject({ room, code: "internal" });
    expect(logged("state_of_other_code")).toMatchObject([{ room, sessions: 1 }]);
    expect(await ask(session, { type: "join", room })).toMatchObject({ type: "ok" });
    expect(await session.next("message")).toMatchObject({ room, data: "missed" });
  });
});

describe("an alarm of a user's object", () => {
  it("[G16] does its other work if one part fails, and is set again", async () => {
    const logged = watchLog();
    const user = uniqueName("user");
    await join(uniqueName("room"), user);
    await openSession(user);
    const expiring = await openSession(user, { expiresInS: 60 });
    advanceClock(80_000);
    await execute(userObject(user), "ALTER TABLE rooms RENAME TO elsewhere");
    await execute(userObject(user), "UPDATE inbox_state SET void_up_to = 1");
    await sleep(userObject(user));
    await runInDurableObject(userObject(user), (object) => object.alarm());
    expect(await expiring.closed).toMatchObject({ code: 4401 });
    expect(logged("alarm_failed")).toMatchObject([{ user }]);
    const at = await runInDurableObject<DurableObject, number | null>(userObject(user), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(at).toBeGreaterThan(Date.now() + 60_000);
    expect((await callAs(await tokenFor(user), "GET", "/v1/me/notifications")).status).toBe(200);
  });
});

describe("/health", () => {
  it("[O46] names the version of the code to callers with an API key", async () => {
    expect(await (await callAsServer("GET", "/health")).json()).toMatchObject({ version });
    expect(await (await call("/health")).json()).not.toHaveProperty("version");
  });
});

describe("a single object that cannot open", () => {
  it("[X8] is reported by /health, which is ok for all others", async () => {
    advanceClock(11 * 60_000);
    const logged = watchLog();
    const room = uniqueName("room");
    await join(room, "ada");
    await execute(roomObject(room), "DROP TABLE log");
    await crash(roomObject(room));
    expect((await callAsServer("GET", `/v1/rooms/${room}`)).status).toBe(500);
    const reason = "room: failed, see the logs";
    expect(await health()).toEqual([
      200,
      { ok: true, objects: [{ reason, count: 1, lastAt: expect.any(Number) }] },
    ]);
    expect(logged("cannot_open")).toMatchObject([{ reason, room }]);
  });
});
