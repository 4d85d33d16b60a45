import { describe, expect, it } from "vitest";
import { ask, edit, many, react, remove, sequencedTo } from "./support/changes.ts";
import {
  configureRoom,
  crash,
  failWrites,
  sleep,
  stopClock,
  storedMessages,
  storedText,
} from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  openRoom,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const MODERATOR = { rooms: { "*": "moderate" } };
const DEFAULTS = {
  slowModeMs: 0,
  maxConnections: 10_000,
  historyLimit: 50,
  historySeconds: 0,
  maxAgentTurns: 0,
};
const range = (from: number, to: number) => many(to - from + 1, (at) => from + at);

async function settingsOf(prefix: string) {
  const room = uniqueName(prefix);
  const path = `/v1/rooms/${room}`;
  const mod = await tokenFor("mod", MODERATOR);
  const patch = (body: unknown) => callAsServer("PATCH", path, body);
  const patchAs = (bearer: string, body: unknown) => callAs(bearer, "PATCH", path, body);
  const info = async () => (await callAsServer("GET", path)).json<Record<string, unknown>>();
  const now = async () => (await info()).settings;
  return { room, path, mod, patch, patchAs, info, now };
}

const heldBy = async (socket: TestSocket) => {
  const { messages } = await ask(socket, { type: "history", limit: 200 });
  return Array.isArray(messages) ? messages.map(({ seq }) => seq) : messages;
};

describe("settings of a room", () => {
  it("[B6] are changed one by one, answered in full, and survive a restart", async () => {
    const { room, path, mod, patch, patchAs, now } = await settingsOf("settings");
    expect(await now()).toEqual(DEFAULTS);
    const first = await patchAs(mod, { slowModeMs: 1_000 });
    expect([first.status, await first.json()]).toEqual([
      200,
      { settings: { ...DEFAULTS, slowModeMs: 1_000 } },
    ]);
    await sleep(roomObject(room));
    expect((await patchAs(mod, { maxConnections: 3 })).status).toBe(200);
    await crash(roomObject(room));
    expect((await patch({ historyLimit: 100_000, maxAgentTurns: 2 })).status).toBe(200);
    const all = {
      ...DEFAULTS,
      slowModeMs: 1_000,
      maxConnections: 3,
      historyLimit: 100_000,
      maxAgentTurns: 2,
    };
    expect(await now()).toEqual(all);
    await crash(roomObject(room));
    expect(await now()).toEqual(all);
    const asReader = await callAs(await tokenFor("bo", { rooms: { "*": "read" } }), "GET", path);
    expect(await asReader.json()).toMatchObject({ settings: all });
    expect((await patch({ slowModeMs: 0, maxConnections: 10_000 })).status).toBe(200);
    expect(await now()).toEqual({ ...DEFAULTS, historyLimit: 100_000, maxAgentTurns: 2 });
  });

  it("[B6][H19] do not change with an empty body or with an unknown field", async () => {
    const { patch, now } = await settingsOf("empty");
    const response = await patch({});
    expect([response.status, await response.json()]).toEqual([200, { settings: DEFAULTS }]);
    await patch({ slowModeMs: 7 });
    const misspelt = await patch({ slowModeMs: 5, historylimit: 9 });
    expect([misspelt.status, (await errorOf(misspelt)).path]).toEqual([400, ["historylimit"]]);
    await patch({});
    expect(await now()).toEqual({ ...DEFAULTS, slowModeMs: 7 });
  });

  it("[B6][H7] are refused as a whole if one does not fit: bad_request", async () => {
    const { patch, now } = await settingsOf("misfit");
    const wrong: [string, unknown][] = [
      ...[-1, 0.5, 3_600_001, "5", null, [1]].map((value): [string, unknown] => ["slowModeMs", value]),
      ...[0, -1, 1.5, 10_001, 2 ** 53, "5", null].map((value): [string, unknown] => [
        "maxConnections",
        value,
      ]),
      ...[0, -1, 1.5, 100_001, "5", null].map((value): [string, unknown] => ["historyLimit", value]),
    ];
    for (const [field, value] of wrong) {
      const response = await patch({ slowModeMs: 9, maxConnections: 9, historyLimit: 9, [field]: value });
      expect(response.status, `${field} ${value}`).toBe(400);
      expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: [field] });
    }
    for (const body of [null, 1, "x"]) expect((await patch(body)).status).toBe(400);
    expect(await now()).toEqual(DEFAULTS);
    const list = await patch([]);
    expect(await errorOf(list)).toMatchObject({ code: "bad_request" });
  });

  it("[B6] historyLimit requires an API key: a moderator's change is refused as a whole", async () => {
    const { mod, patchAs, now } = await settingsOf("key");
    const refused = await patchAs(mod, { slowModeMs: 5, historyLimit: 60 });
    expect([refused.status, await errorOf(refused)]).toMatchObject([
      403,
      { code: "forbidden", path: ["historyLimit"] },
    ]);
    expect(await now()).toEqual(DEFAULTS);
  });

  it("[B6][A8] maxConnections applies to new connections, anonymous ones up to half; no one is closed", async () => {
    const room = uniqueName("public_full");
    const there = await Promise.all(["ada", "bo", "cy"].map((user) => join(room, user)));
    await callAsServer("PATCH", `/v1/rooms/${room}`, { maxConnections: 2 });
    const late = await openRoom(room, "di");
    expect((await late.closed).reason).toBe("room_full 5000");
    for (const socket of there) await socket.settled();
    await callAsServer("PATCH", `/v1/rooms/${room}`, { maxConnections: 5 });
    await sleep(roomObject(room));
    const nobodies = await Promise.all(
      ["192.0.2.1", "192.0.2.2"].map((address) => join(room, null, { address })),
    );
    expect(nobodies).toHaveLength(2);
    expect((await (await openRoom(room, "di")).closed).reason).toBe("room_full 5000");
    there[0]?.close(1000);
    await there[0]?.closed;
    expect((await (await openRoom(room, null, { address: "192.0.2.3" })).closed).reason).toBe(
      "room_full 5000",
    );
    await join(room, "di");
  });

  it("[B6][S14] a change whose write fails is internal and changes nothing; a new try succeeds", async () => {
    const { room, patch, info } = await settingsOf("failing");
    const ada = await join(room, "ada");
    await fill(ada, 20);
    for (const broken of ["CREATE TABLE moved", "UPDATE room SET ring", "UPDATE room SET slow_mode_ms"]) {
      const heal = await failWrites(roomObject(room), (query) => query.startsWith(broken));
      expect((await patch({ historyLimit: 5, slowModeMs: 4 })).status, broken).toBe(500);
      expect(await info(), broken).toMatchObject({ settings: DEFAULTS, head: 20, floor: 0 });
      expect(await heldBy(ada), broken).toEqual(range(1, 20));
      heal();
    }
    expect((await patch({ historyLimit: 5 })).status).toBe(200);
    expect(await info()).toMatchObject({ settings: { historyLimit: 5 }, floor: 15 });
    expect(await heldBy(ada)).toEqual(range(16, 20));
    expect(await storedMessages(room)).toBe(5);
  });
});

describe("historyLimit of a room", () => {
  it("[B6] a smaller limit removes messages at once, a larger one does not bring them back", async () => {
    const { room, patch, info } = await settingsOf("limit");
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 40, (n) => `TEXT-${n};`);
    await patch({ historyLimit: 10 });
    expect(await info()).toMatchObject({ head: 40, floor: 30 });
    expect(await heldBy(ada)).toEqual(range(31, 40));
    const stored = await storedText(roomObject(room));
    expect([stored.includes("TEXT-30;"), stored.includes("TEXT-31;")]).toEqual([false, true]);
    expect(await ask(ada, edit(30, 1))).toMatchObject({ code: "not_found" });
    expect(await ask(ada, { type: "send", data: 1, replyTo: 30 })).toMatchObject({ type: "ok", seq: 41 });
    expect(await (await join(room, "bo", { query: `?since=${epoch}.29` })).next("connected")).toMatchObject({
      recovery: "lost",
    });
    await patch({ historyLimit: 60 });
    expect(await info()).toMatchObject({ head: 41, floor: 31 });
    await fill(ada, 40);
    expect(await heldBy(ada)).toEqual(range(32, 81));
    await crash(roomObject(room));
    expect(await info()).toMatchObject({ head: 81, floor: 31 });
    const back = await join(room, "ada");
    await fill(back, 20);
    expect(await heldBy(back)).toEqual(range(42, 101));
  });

  it("[B6][E6][E7] changes during messages, edits and replays, smaller and larger", async () => {
    const { room, patch, info } = await settingsOf("live");
    let ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    let head = 0;
    const texts = new Map<number, string>();
    for (const [round, limit] of [50, 7, 30, 3, 300, 20, 1, 400, 299].entries()) {
      expect((await patch({ historyLimit: limit })).status).toBe(200);
      for (let at = 0; at < 12; at++) {
        const { seq } = await ask(ada, { type: "send", data: `r${round}m${at}` });
        expect(seq).toBe(++head);
        texts.set(head, `r${round}m${at}`);
        const { floor } = await info();
        const target = Math.max(Number(floor) + 1, head - 4);
        if (at % 3 !== 0 || !texts.has(target)) continue;
        const edited = await ask(ada, edit(target, `edited${round}.${at}`));
        expect(edited).toMatchObject({ type: "ok", seq: ++head });
        texts.set(target, `edited${round}.${at}`);
      }
      if (round % 2 === 1) {
        await (round % 4 === 1 ? sleep : crash)(roomObject(room));
        ada = await join(room, "ada", { query: "?history=0" });
      }
      const { floor, ...rest } = await info();
      expect(rest).toMatchObject({ head, epoch });
      const { messages } = await ask(ada, { type: "history", limit: 200 });
      const held = Array.isArray(messages) ? messages.map(({ seq, data }) => [seq, data]) : [];
      expect(held.length, `limit ${limit}`).toBeLessThanOrEqual(limit);
      expect(held, `limit ${limit}`).toEqual([...texts].filter(([seq]) => seq > Number(floor)));
      const back = await join(room, "bo", { query: `?since=${epoch}.${floor}` });
      expect(await back.next("connected")).toMatchObject({ recovery: "complete" });
      expect(sequencedTo(back).map(({ seq, data }) => [seq, data])).toEqual(held);
    }
  });

  it("[B6][F9] a smaller limit during a replay makes the removed page not_found", async () => {
    const { room, patch } = await settingsOf("paging");
    await configureRoom(room, { HISTORY_LIMIT: 5_000, RATE_BURST: 10_000 });
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 1_500);
    const bo = await openRoom(room, "bo", { query: `?since=${epoch}.0` });
    expect(await bo.next("caughtUp")).toMatchObject({ seq: 1_000, more: true });
    await patch({ historyLimit: 100 });
    expect(await ask(bo, { type: "history", after: 1_000 })).toMatchObject({ code: "not_found" });
    await patch({ historyLimit: 10_000 });
    expect(await ask(bo, { type: "history", after: 1_000 })).toMatchObject({ code: "not_found" });
    expect(await ask(ada, { type: "history", after: 1_400, limit: 1_000 })).toMatchObject({
      type: "ok",
      seq: 1_500,
    });
  });

  it("[B6] the room's own limit applies, whatever the deployment's is later; so a restart changes nothing", async () => {
    const { room, patch, info } = await settingsOf("own");
    const ada = await join(room, "ada");
    await patch({ historyLimit: 200 });
    await fill(ada, 120);
    for (const HISTORY_LIMIT of [10, 1_000]) {
      await crash(roomObject(room));
      await configureRoom(room, { HISTORY_LIMIT });
      expect(await info()).toMatchObject({ head: 120, floor: 0, settings: { historyLimit: 200 } });
      expect(await storedMessages(room)).toBe(120);
    }
    await crash(roomObject(room));
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 2 });
    expect(await info()).toMatchObject({ settings: { maxConnections: 2 } });
    expect((await patch({ maxConnections: 3 })).status).toBe(400);
  });
});

describe("slow mode", () => {
  it("[B5] makes a user wait between two messages, edits and reactions, on all connections and over HTTP together", async () => {
    const { room, path, patch } = await settingsOf("slow");
    const ada = await join(room, "ada");
    const second = await join(room, "ada");
    const bo = await join(room, "bo");
    const now = stopClock();
    await patch({ slowModeMs: 10_000 });
    expect(await (await join(room, "cy")).next("connected")).toMatchObject({
      limits: { slowModeMs: 10_000 },
    });
    expect(await ask(ada, { type: "send", data: 1 })).toMatchObject({ type: "ok" });
    stopClock(now + 4_000);
    const refused = { type: "error", code: "rate_limited", retryAfterMs: 6_000 };
    expect(await ask(ada, { type: "send", data: 2 })).toMatchObject(refused);
    expect(await ask(second, { type: "send", data: 2, event: "other", echo: false })).toMatchObject(refused);
    const posted = await callAs(await tokenFor("ada"), "POST", `${path}/messages`, { data: 2 });
    expect([posted.status, posted.headers.get("Retry-After"), await errorOf(posted)]).toMatchObject([
      429,
      "6",
      { retryAfterMs: 6_000 },
    ]);
    expect(await ask(ada, edit(1, 2))).toMatchObject(refused);
    const reacted = await callAs(await tokenFor("ada"), "PUT", `${path}/messages/1/reactions/👍`);
    expect([reacted.status, reacted.headers.get("Retry-After")]).toEqual([429, "6"]);
    expect(await ask(bo, { type: "send", data: 3 })).toMatchObject({ type: "ok" });
    stopClock(now + 9_999);
    expect(await ask(ada, { type: "send", data: 2 })).toMatchObject({ retryAfterMs: 1 });
    stopClock(now + 10_000);
    expect(await ask(ada, { type: "send", data: 2 })).toMatchObject({ type: "ok" });
    expect(await ask(second, { type: "send", data: 2 })).toMatchObject({ retryAfterMs: 10_000 });
    expect(ada.ofType("message").map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("[B5] applies after a restart, and counts what was sent before it was set", async () => {
    const { room, patch } = await settingsOf("restart");
    const ada = await join(room, "ada");
    await fill(ada, 2);
    await patch({ slowModeMs: 3_600_000 });
    expect(await ask(ada, { type: "send", data: 1 })).toMatchObject({ code: "rate_limited" });
    await sleep(roomObject(room));
    expect(await ask(ada, { type: "send", data: 1 })).toMatchObject({ code: "rate_limited" });
    await ask(ada, remove(2));
    await ask(ada, remove(1));
    await crash(roomObject(room));
    const back = await join(room, "ada");
    expect(await ask(back, { type: "send", data: 1 })).toMatchObject({ code: "rate_limited" });
    await patch({ slowModeMs: 0 });
    expect(await ask(back, { type: "send", data: 1 })).toMatchObject({ type: "ok" });
    expect(await ask(back, { type: "send", data: 1 })).toMatchObject({ type: "ok" });
    await patch({ slowModeMs: 60_000 });
    expect(await ask(back, { type: "send", data: 1 })).toMatchObject({ code: "rate_limited" });
  });

  it("[B5][M20] does not apply to moderators, server code, deletions or signals; and a repeat is answered", async () => {
    const { room, path, patch } = await settingsOf("exempt");
    await patch({ slowModeMs: 3_600_000 });
    const ada = await join(room, "ada");
    const mod = await join(room, "mod", MODERATOR);
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 1 });
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 1, duplicate: true });
    expect(await ada.ask({ type: "send", id: "n", data: 1 })).toMatchObject({ code: "rate_limited" });
    for (const data of [1, 2, 3])
      expect(await ask(mod, { type: "send", data })).toMatchObject({ type: "ok" });
    for (const data of [1, 2])
      expect(
        (await callAsServer("POST", `${path}/messages`, { data, from: { id: "server-user" } })).status,
      ).toBe(201);
    for (const command of [edit(1, 2), react(1, "👍")]) {
      expect(await ask(mod, command)).toMatchObject({ type: "ok" });
      expect(await ask(ada, command)).toMatchObject({ code: "rate_limited" });
    }
    for (const command of [remove(1), { type: "read" }])
      expect(await ask(ada, command)).toMatchObject({ type: "ok" });
    ada.send({ type: "signal", event: "x" });
    await mod.next("signal");
    // A refused send is not remembered: a moment later it is stored.
    await patch({ slowModeMs: 0 });
    expect(await ada.ask({ type: "send", id: "n", data: 1 })).not.toHaveProperty("duplicate");
  });
});
