// Exports and imports of rooms over HTTP: what a file holds, what a room makes of it, and what is left where an import ends
// before its last line.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fits } from "../../client/util/wire.ts";
import { NONE_REVOKED } from "../../src/object/revocation.ts";
import { ROOM_EXPORT_LINES } from "../../src/protocol/index.ts";
import { UserObject } from "../../src/user/runtime/user-object.ts";
import { ask, edit, react, remove } from "./support/changes.ts";
import { advanceClock, configureRoom, crash, sleep, storedMessages, storedText } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  join,
  openRoom,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

type Line = Record<string, unknown>;

const headers = { Authorization: `Bearer ${env.API_KEYS}`, "Content-Type": "application/x-ndjson" };
const parsed = (text: string): Line[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const textOf = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

const exported = async (room: string): Promise<string> => {
  const response = await callAsServer("GET", `/v1/rooms/${room}/export`);
  expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "application/x-ndjson"]);
  return textIn(response);
};
/** As `text()`, which warns of a type that it does not know as a text. */
const textIn = async (response: Response) => new TextDecoder().decode(await response.arrayBuffer());
const imported = (room: string, body: BodyInit, query = ""): Promise<Response> =>
  call(`/v1/rooms/${room}/import${query}`, { method: "POST", headers, body });

/** Without what an import may change. */
const same = (text: string): Line[] =>
  parsed(text).map((line) => (line.type === "room" ? { ...line, room: "", epoch: "", at: 0 } : line));

/** A room in which something of everything is stored. */
async function fullRoom(prefix: string) {
  const room = uniqueName(prefix);
  const path = `/v1/rooms/${room}`;
  const ada = await join(room, "ada", { name: "Ada" });
  const bo = await join(room, "bo", { rooms: { "*": "moderate" } });
  for (let n = 1; n <= 6; n++) await ada.ask({ type: "send", id: `m${n}`, data: { n } });
  await callAsServer("POST", `${path}/messages`, {
    data: "keyed",
    id: "KEYED",
    from: { id: "bot", name: "Bot" },
  });
  await ask(ada, edit(1, { n: "edited" }));
  await ask(bo, react(2, "👍"));
  await ask(bo, remove(3));
  await ask(bo, { type: "read", seq: 5 });
  await callAsServer("POST", `${path}/kick`, { user: "zed", banSeconds: 3_600, reason: "spam" });
  await callAsServer("PATCH", path, { slowModeMs: 1_000 });
  const later = { data: "later", id: "LATER", sendAt: Date.now() + 3_600_000, from: { id: "ada" } };
  await callAsServer("POST", `${path}/scheduled`, later);
  return { room, path, ada, bo };
}

const info = async (room: string) =>
  (await callAsServer("GET", `/v1/rooms/${room}`)).json<Record<string, unknown>>();

describe("the export of a room", () => {
  it("[Z151] has the lines of the contract, in their order, and ends with end", async () => {
    const { room } = await fullRoom("export");
    const lines = parsed(await exported(room));
    for (const line of lines)
      expect([fits(["by type", ROOM_EXPORT_LINES], line), line]).toEqual([true, line]);
    expect(lines.map(({ type }) => type)).toEqual([
      "room",
      ...Array(7).fill("message"),
      "receipt",
      "ban",
      "scheduled",
      "end",
    ]);
    const [first, one, two, three] = lines;
    expect(first).toMatchObject({ version: 1, room, head: 10, settings: { slowModeMs: 1_000 } });
    expect(one).toMatchObject({ message: { seq: 1, data: { n: "edited" } }, change: { by: "ada" } });
    expect(two).toMatchObject({ message: { reactions: { "👍": ["bo"] } }, change: { by: "bo" } });
    expect(three).toMatchObject({ message: { data: null, deletedAt: expect.any(Number) } });
    expect(lines[7]).toMatchObject({ keyed: true, message: { id: "KEYED", byServer: true } });
    expect(lines.at(-1)).toEqual({ type: "end", messages: 7 });
  });

  it("[Z151] of a room in which nothing was ever stored is not_found", async () => {
    const response = await callAsServer("GET", `/v1/rooms/${uniqueName("never")}/export`);
    expect([response.status, (await errorOf(response)).code]).toEqual([404, "not_found"]);
  });

  it("[Z151] takes an API key", async () => {
    const room = uniqueName("export");
    const token = await tokenFor("ada", { rooms: { "*": "moderate" } });
    expect((await callAs(token, "GET", `/v1/rooms/${room}/export`)).status).toBe(403);
    expect((await callAs(token, "POST", `/v1/rooms/${room}/import`, {})).status).toBe(403);
  });

  it("[Z152] goes up to the head that it began with, and is broken off by a purge", async () => {
    const room = uniqueName("export");
    await configureRoom(room, { HISTORY_LIMIT: 1_000 });
    const data = "x".repeat(900);
    for (let n = 0; n < 700; n += 100)
      await Promise.all(
        Array.from({ length: 100 }, () => callAsServer("POST", `/v1/rooms/${room}/messages`, { data })),
      );
    const response = await callAsServer("GET", `/v1/rooms/${room}/export`);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data });
    const lines = parsed(await textIn(response));
    expect(lines.at(-1)).toEqual({ type: "end", messages: 700 });
    const cut = await callAsServer("GET", `/v1/rooms/${room}/export`);
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    await expect(cut.arrayBuffer()).rejects.toThrow();
  });
});

describe("the import of a room", () => {
  it("[Z153] gives the same room under another name, also after a sleep", async () => {
    const { room } = await fullRoom("import");
    const file = await exported(room);
    const copy = uniqueName("copy");
    const response = await imported(copy, file);
    expect([response.status, await response.json()]).toEqual([
      200,
      { epoch: expect.stringMatching(/^[0-9a-f]{8}$/), head: 10, messages: 7 },
    ]);
    expect(same(await exported(copy))).toEqual(same(file));
    await sleep(roomObject(copy));
    expect(same(await exported(copy))).toEqual(same(file));
    expect((await info(copy)).epoch).not.toBe((await info(room)).epoch);
    // What was given over HTTP once is given once here too.
    const again = { data: "keyed", id: "KEYED", from: { id: "bot" } };
    const repeat = await callAsServer("POST", `/v1/rooms/${copy}/messages`, again);
    expect([repeat.status, await repeat.json()]).toMatchObject([200, { seq: 7, duplicate: true }]);
    expect(await (await openRoom(copy, "zed")).closed).toMatchObject({ code: 4403 });
  });

  it("[Z153] keeps the epoch with epoch=keep, so a cursor of the room goes on", async () => {
    const { room, ada } = await fullRoom("keep");
    const { epoch } = await info(room);
    ada.close();
    const file = await exported(room);
    const [copy, other] = [uniqueName("keep"), uniqueName("keep")];
    expect(await (await imported(copy, file, "?epoch=keep")).json()).toMatchObject({ epoch });
    const back = await openRoom(copy, "ada", { query: `?since=${epoch}.8` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete", head: 10 });
    await imported(other, file);
    const lost = await openRoom(other, "ada", { query: `?since=${epoch}.8` });
    expect(await lost.next("connected")).toMatchObject({ recovery: "lost", head: 10 });
    expect((await imported(uniqueName("keep"), file, "?epoch=other")).status).toBe(400);
  });

  it("[Z154] takes a room without a log only", async () => {
    const { room, path } = await fullRoom("log");
    const file = await exported(room);
    const refused = await imported(room, file);
    expect([refused.status, (await errorOf(refused)).code]).toEqual([400, "bad_request"]);
    expect(same(await exported(room))).toEqual(same(file));
    await callAsServer("DELETE", path);
    expect((await imported(room, file)).status).toBe(200);
    expect(same(await exported(room))).toEqual(same(file));
  });

  it("[Z155] ends the connections that there are, which come back to the log", async () => {
    const { room } = await fullRoom("open");
    const copy = uniqueName("open");
    const ada = await join(copy, "ada");
    const bo = await join(copy, "bo", { query: "?topics=x" });
    const { epoch, head } = await ada.next("connected");
    expect(head).toBe(0);
    await imported(copy, await exported(room));
    for (const socket of [ada, bo])
      expect(await socket.closed).toMatchObject({
        code: 4503,
        reason: expect.stringMatching(/^overloaded 2000/),
      });
    const back = await openRoom(copy, "ada", { query: `?since=${epoch}.0` });
    expect(await back.next("connected")).toMatchObject({ recovery: "lost", head: 10 });
    expect((await info(copy)).occupancy).toEqual({ members: 1, connections: 1 });
  });

  it("[Z156] refuses calls and connections while it runs, and names the line that is wrong", async () => {
    const { room } = await fullRoom("wrong");
    const lines = parsed(await exported(room));
    const copy = uniqueName("wrong");
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const response = imported(copy, readable);
    const encoder = new TextEncoder();
    await writer.write(encoder.encode(textOf(lines.slice(0, 3))));
    await expect.poll(async () => (await callAsServer("GET", `/v1/rooms/${copy}`)).status).toBe(503);
    const messages = await callAsServer("POST", `/v1/rooms/${copy}/messages`, { data: 1 });
    expect(await errorOf(messages)).toMatchObject({ code: "overloaded", retryAfterMs: 2_000 });
    expect(await (await openRoom(copy, "ada")).closed).toMatchObject({
      code: 4503,
      reason: expect.stringMatching(/^overloaded 2000/),
    });
    expect((await imported(copy, textOf(lines))).status).toBe(503);
    await writer.write(encoder.encode(textOf(lines.slice(2, 3))));
    const refused = await response;
    expect([refused.status, await errorOf(refused)]).toMatchObject([
      400,
      {
        code: "bad_request",
        message: expect.stringMatching(/^line 4: seq must be above 2/),
        path: ["message", "seq"],
      },
    ]);
    writer.abort().catch(() => {});
    expect(await info(copy)).toMatchObject({ head: 0, floor: 0 });
    expect(await storedText(roomObject(copy))).not.toMatch(/edited|spam/);
    expect((await imported(copy, textOf(lines))).status).toBe(200);
  });

  it("[Z156] refuses what was on its way when it began", async () => {
    const { room } = await fullRoom("late");
    const copy = uniqueName("late");
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const revokedTokens = vi.spyOn(UserObject.prototype, "revokedTokens");
    onTestFinished(() => revokedTokens.mockRestore());
    const late = async () => {
      asked.resolve();
      await answer.promise;
      return NONE_REVOKED;
    };
    revokedTokens.mockImplementation(Object(late));
    const token = await tokenFor(uniqueName("late"));
    const message = callAs(token, "POST", `/v1/rooms/${copy}/messages`, { data: 1 });
    await asked.promise;
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const response = imported(copy, readable);
    const bytes = new TextEncoder().encode(await exported(room));
    await writer.write(bytes.subarray(0, 600));
    await expect.poll(async () => (await callAsServer("GET", `/v1/rooms/${copy}`)).status).toBe(503);
    answer.resolve();
    expect((await message).status).toBe(503);
    await writer.write(bytes.subarray(600));
    await writer.close();
    expect(await (await response).json()).toMatchObject({ head: 10, messages: 7 });
  });

  it.each([
    ["without its end", (lines: Line[]) => lines.slice(0, -1), /broken off/],
    [
      "with another number of messages",
      (lines: Line[]) => lines.filter((_, at) => at !== 4),
      /7 messages were/,
    ],
    [
      "with a line behind the end",
      (lines: Line[]) => [...lines, ...lines.slice(-1)],
      /line 13: lines stand in/,
    ],
    [
      "of a newer server",
      ([room, ...lines]: Line[]) => [{ ...room, version: 2 }, ...lines],
      /line 1: .*newer/,
    ],
    [
      "whose first line is missing",
      (lines: Line[]) => lines.slice(1),
      /line 1: it must be the line of type room/,
    ],
    ["that is empty", () => [], /the body is missing/],
    [
      "with a change of no message",
      (lines: Line[]) => changed(lines, { changed: undefined }),
      /line 2: a message with/,
    ],
    [
      "with a change behind the head",
      (lines: Line[]) => changed(lines, { changed: 1 }),
      /line 2: changed must be/,
    ],
    [
      "with a head that is too low",
      ([room, ...lines]: Line[]) => [{ ...room, head: 3 }, ...lines],
      /line 5: seq is above/,
    ],
  ])("[Z156] refuses a file %s, and leaves an empty room", async (_, broken, words) => {
    const { room } = await fullRoom("broken");
    const copy = uniqueName("broken");
    const refused = await imported(copy, textOf(broken(parsed(await exported(room)))));
    expect([refused.status, await errorOf(refused)]).toMatchObject([
      400,
      { code: "bad_request", message: expect.stringMatching(words) },
    ]);
    expect(await storedText(roomObject(copy))).not.toMatch(/edited|spam/);
    expect(await info(copy)).toMatchObject({ head: 0 });
  });

  it("[Z157] that ends with its object leaves an empty room, which forgets itself", async () => {
    const { room } = await fullRoom("crash");
    const copy = uniqueName("crash");
    await imported(copy, await exported(room));
    // As it is on disk when an object dies before the last line.
    await runInDurableObject(roomObject(copy), (_, { storage }) => {
      storage.sql.exec("UPDATE room SET importing = 1, head = 0, slow_mode_ms = NULL");
      for (const table of ["users", "scheduled"]) storage.sql.exec(`DELETE FROM ${table}`);
    });
    await crash(roomObject(copy));
    expect(await storedMessages(copy)).toBe(7);
    expect(await info(copy)).toMatchObject({ head: 0, floor: 0 });
    expect(await storedMessages(copy)).toBe(0);
    const receipts = await callAsServer("GET", `/v1/rooms/${copy}/receipts`);
    expect(await receipts.json()).toEqual({ receipts: [] });
    advanceClock(70 * 60_000);
    await runDurableObjectAlarm(roomObject(copy));
    await runInDurableObject(roomObject(copy), (_, { storage }) =>
      expect(Array.from(storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'log'"))).toEqual([]),
    );
  });

  it("[Z158] keeps the latest messages if there are more than the room keeps", async () => {
    const { room } = await fullRoom("limit");
    const copy = uniqueName("limit");
    await configureRoom(copy, { HISTORY_LIMIT: 3 });
    await imported(copy, await exported(room));
    const lines = parsed(await exported(copy)).filter(({ type }) => type === "message");
    expect(lines.map(({ message }) => message)).toMatchObject([{ seq: 5 }, { seq: 6 }, { seq: 7 }]);
    expect(await info(copy)).toMatchObject({ head: 10, floor: 4 });
  });
});

function changed(lines: Line[], patch: Record<string, unknown>): Line[] {
  return lines.map((line, at) =>
    at === 1 ? { ...line, message: { ...Object(line.message), ...patch } } : line,
  );
}
