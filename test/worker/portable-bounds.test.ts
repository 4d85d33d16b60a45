// What bounds exports, imports and erasures: bodies and readers that stall, files that lie, long logs.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { streamedPages } from "../../src/object/runtime/streamed-pages.ts";
import { DueMessages } from "../../src/room/due-messages.ts";
import { RoomLog } from "../../src/room/log/room-log.ts";
import { RoomObject } from "../../src/room/runtime/room-object.ts";
import { configureRoom, storedText } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  join,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

type Line = Record<string, unknown>;

const AT = 1_790_000_000_000;
const textOf = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

const first = (head: number, more: object = {}): Line => ({
  ...{
    type: "room",
    version: 1,
    room: "old",
    epoch: "e1",
    head,
    createdAt: AT,
    settings: {},
    at: AT,
    ...more,
  },
});
const said = (seq: number, more: object = {}): Line => ({
  type: "message",
  message: {
    type: "message",
    seq,
    id: `m${seq}`,
    event: "chat",
    from: { id: "bo" },
    at: AT,
    data: seq,
    ...more,
  },
});
const waiting = (id: string, sendAt: number, more: object = {}): Line => ({
  ...{ type: "scheduled", id, event: "chat", from: { id: "bo" }, data: id, sendAt, at: AT, ...more },
});
const end = (messages: number): Line => ({ type: "end", messages });
const file = (messages: readonly Line[], others: readonly Line[] = []): string =>
  textOf([first(messages.length), ...messages, ...others, end(messages.length)]);

const imported = (room: string, body: BodyInit) =>
  call(`/v1/rooms/${room}/import`, {
    ...{ method: "POST", body, headers: { Authorization: `Bearer ${env.API_KEYS}` } },
  });
const info = async (room: string) =>
  (await callAsServer("GET", `/v1/rooms/${room}`)).json<Record<string, unknown>>();

/** Timers of the Worker and its objects stand still until they are moved, in the object that they are of. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe("a transfer that stalls", () => {
  it("[Z164] ends after a minute where a reader takes nothing, and says so", async () => {
    stopTimers();
    const failed = vi.fn();
    const works: Promise<unknown>[] = [];
    const next = () => "x".repeat(1_000);
    const pages = streamedPages(next, { waitUntil: (work) => works.push(work), failed });
    const reader = pages.getReader();
    await reader.read();
    await expect.poll(() => vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(60_000);
    await Promise.all(works);
    expect(failed.mock.calls.map(([error]) => String(error))).toEqual([
      "Error: the reader took nothing for 60 s",
    ]);
    await expect(reader.read()).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[Z164] ends after a minute where no more of an import comes, and leaves an empty room", async () => {
    const room = uniqueName("stalled");
    stopTimers();
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const response = imported(room, readable);
    await writer.write(new TextEncoder().encode(textOf([first(2), said(1, { data: "STALLED" })])));
    await expect.poll(async () => (await callAsServer("GET", `/v1/rooms/${room}`)).status).toBe(503);
    await runInDurableObject(roomObject(room), () => {
      vi.advanceTimersByTime(60_000);
    });
    const refused = await response;
    expect([refused.status, (await errorOf(refused)).message]).toEqual([
      400,
      "nothing of the body came for 60 s",
    ]);
    writer.abort().catch(() => {});
    expect(await info(room)).toMatchObject({ head: 0 });
    expect(await storedText(roomObject(room))).not.toContain("STALLED");
  });
});

describe("an import", () => {
  it("[Z165] takes at most as many scheduled messages as a room may have", async () => {
    const sendAt = Date.now() + 3_600_000;
    const many = Array.from({ length: 1_001 }, (_, n) => waiting(`w${n}`, sendAt));
    const large = Array.from({ length: 9 }, (_, n) =>
      waiting(`w${n}`, sendAt, { data: "x".repeat(1_000_000) }),
    );
    for (const [others, at] of [
      [many, 1_003],
      [large, 11],
    ] as const) {
      const room = uniqueName("waiting");
      const refused = await imported(room, file([said(1)], others));
      expect([refused.status, (await errorOf(refused)).message]).toEqual([
        413,
        expect.stringMatching(new RegExp(`^line ${at}: at most 1000 scheduled messages can wait`)),
      ]);
      expect(await info(room)).toMatchObject({ head: 0 });
    }
  });

  it("[Z165] has no message written into its log that was due before", async () => {
    const room = uniqueName("due");
    const due = Promise.withResolvers<void>();
    const judged = Promise.withResolvers<void>();
    const take = DueMessages.prototype.take;
    const spy = vi.spyOn(DueMessages.prototype, "take").mockImplementation(async function (
      this: DueMessages,
      ...all
    ) {
      due.resolve();
      await judged.promise;
      await take.apply(this, all);
    });
    onTestFinished(() => spy.mockRestore());
    await callAsServer("POST", `/v1/rooms/${room}/scheduled`, { id: "due", data: 1, sendAt: 1 });
    await due.promise;
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const response = imported(room, readable);
    const bytes = new TextEncoder().encode(file([said(1), said(2), said(3)]));
    await writer.write(bytes.subarray(0, 400));
    await expect.poll(async () => (await callAsServer("GET", `/v1/rooms/${room}`)).status).toBe(503);
    judged.resolve();
    await spy.mock.results[0]?.value;
    await writer.write(bytes.subarray(400));
    await writer.close();
    expect(await (await response).json()).toMatchObject({ head: 3, messages: 3 });
    spy.mockRestore();
    const { messages } = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{
      messages: { id: string }[];
    }>();
    expect(messages.map(({ id }) => id).slice(0, 3)).toEqual(["m1", "m2", "m3"]);
    // The room that was opened then sends it, once.
    const ids = async () => (await exportedIds(room)).filter((id) => id === "due");
    await expect.poll(ids).toEqual(["due"]);
  });

  it("[Z158] of messages that it does not keep leaves no time at which they expire", async () => {
    const room = uniqueName("expiring");
    await configureRoom(room, { HISTORY_LIMIT: 3 });
    const expiresAt = Date.now() + 600_000;
    const messages = [1, 2, 3, 4, 5, 6].map((seq) => said(seq, { expiresAt: expiresAt + (seq % 3) }));
    expect((await imported(room, file(messages))).status).toBe(200);
    const rows = await runInDurableObject(roomObject(room), (_, { storage }) => [
      ...storage.sql.exec("SELECT at - ? AS after, seq FROM expiring ORDER BY seq", expiresAt),
    ]);
    expect(rows).toEqual([
      { after: 1, seq: 4 },
      { after: 2, seq: 5 },
      { after: 0, seq: 6 },
    ]);
    const alarm = await runInDurableObject(roomObject(room), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBe(Math.ceil(expiresAt / 1_000) * 1_000);
  });

  it.each([
    ["that is not UTF-8", () => Uint8Array.of(0x22, 0xff, 0x22, 0x0a), /^line 2: the body is not UTF-8/],
    [
      "that is too long",
      () => new TextEncoder().encode(`"${"x".repeat(1_900_001)}"`),
      /^line 2: a line has at most/,
    ],
    [
      "with a number that no double holds",
      () => new TextEncoder().encode(textOf([said(1)]).replace('"data":1', '"data":1e999')),
      /^line 2: /,
    ],
    [
      "whose seq stood before",
      () => new TextEncoder().encode(textOf([said(1), said(1)])),
      /^line 3: seq must/,
    ],
    [
      "of which there is none",
      () => new TextEncoder().encode('{"type":"__proto__"}\n'),
      /^line 2: type must be/,
    ],
  ])("[Z156] refuses a line %s, and leaves an empty room", async (_, line, words) => {
    const room = uniqueName("hostile");
    const begin = new TextEncoder().encode(textOf([first(9)]));
    const refused = await imported(room, new Blob([begin, line()]));
    expect([refused.status >= 400 && refused.status < 500, (await errorOf(refused)).message]).toEqual([
      true,
      expect.stringMatching(words),
    ]);
    expect(await info(room)).toMatchObject({ head: 0 });
    expect((await imported(room, file([said(1)]))).status).toBe(200);
  });
});

async function exportedIds(room: string): Promise<unknown[]> {
  const text = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{ messages: Line[] }>();
  return text.messages.map(({ id }) => id);
}

describe("an erasure", () => {
  const erase = async (user: string) => (await callAsServer("DELETE", `/v1/users/${user}`)).json();

  /** A room with 250 messages of a user, who was there. */
  async function longRoom() {
    const [user, room] = [uniqueName("ada"), uniqueName("long")];
    await configureRoom(room, { HISTORY_LIMIT: 1_000 });
    const messages = Array.from({ length: 250 }, (_, n) =>
      said(n + 1, { from: { id: user }, data: "SECRET" }),
    );
    expect((await imported(room, file(messages))).status).toBe(200);
    (await join(room, user)).close();
    return { user, room };
  }

  it("[Z176] works in a room for about a second at a time, and goes on where it ended", async () => {
    const { user, room } = await longRoom();
    const touchedBy = RoomLog.prototype.touchedBy;
    const now = Date.now.bind(Date);
    let late = 0;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + late);
    onTestFinished(() => clock.mockRestore());
    const afters: number[] = [];
    const spy = vi.spyOn(RoomLog.prototype, "touchedBy").mockImplementation(function (this: RoomLog, ...all) {
      afters.push(all[2]);
      late += 1_000;
      return touchedBy.apply(this, all);
    });
    onTestFinished(() => spy.mockRestore());
    expect(await erase(user)).toEqual({ done: false, rooms: 1 });
    expect(afters).toEqual([0]);
    await runDurableObjectAlarm(userObject(user));
    expect(afters).toEqual([0, 100]);
    await runDurableObjectAlarm(userObject(user));
    expect(afters).toEqual([0, 100, 200]);
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await storedText(roomObject(room))).not.toContain("SECRET");
  });

  it("[Z176] answers after 3 s, also if a room does not, and goes on", async () => {
    const { user, room } = await longRoom();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const erased = RoomObject.prototype.erase;
    const spy = vi.spyOn(RoomObject.prototype, "erase").mockImplementation(async function (
      this: RoomObject,
      ...all
    ) {
      asked.resolve();
      await answer.promise;
      return erased.apply(this, all);
    });
    onTestFinished(() => spy.mockRestore());
    stopTimers();
    const answered = erase(user);
    await asked.promise;
    await expect.poll(() => vi.getTimerCount()).toBeGreaterThan(0);
    await runInDurableObject(userObject(user), () => {
      vi.advanceTimersByTime(3_000);
    });
    expect(await answered).toEqual({ done: false, rooms: 1 });
    expect(await erase(user)).toEqual({ done: false, rooms: 1 });
    answer.resolve();
    await expect.poll(() => erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await storedText(roomObject(room))).not.toContain("SECRET");
  });
});

describe("a scheduled message", () => {
  it.each([".", ".."])("[Z13] cannot have the id %s, which no URL can name", async (id) => {
    const room = uniqueName("dots");
    const token = await tokenFor("ada");
    const body = { id, data: 1, sendAt: Date.now() + 3_600_000 };
    const refused = await callAs(token, "POST", `/v1/rooms/${room}/scheduled`, body);
    expect([refused.status, await errorOf(refused)]).toMatchObject([
      400,
      { code: "bad_request", path: ["id"] },
    ]);
  });
});
