// What is known of one user, and what is left of them when they are erased.

import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fits } from "../../client/util/wire.ts";
import { USER_EXPORT_LINES } from "../../src/protocol/index.ts";
import { RoomObject } from "../../src/room/runtime/room-object.ts";
import { ask, isSequenced, react } from "./support/changes.ts";
import { exportOfUser, linesIn, textIn } from "./support/lines.ts";
import { advanceClock, configureRoom, crash, storedText } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  errorOf,
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const ofType = (lines: readonly Record<string, unknown>[], type: string) =>
  lines.filter((line) => line.type === type);

/** A user who did something of everything in two rooms: in the second one over HTTP alone. */
async function activeUser() {
  const [user, room, quiet] = [uniqueName("ada"), uniqueName("people"), uniqueName("people")];
  const token = await tokenFor(user, { name: "SECRET-NAME" });
  const ada = await join(room, user, { name: "SECRET-NAME" });
  const bo = await join(room, "bo");
  await ada.ask({ type: "send", id: "one", data: "SECRET 1", mentions: ["bo"] });
  await bo.ask({ type: "send", id: "bo", data: "of bo" });
  await ask(ada, react(2, "👍"));
  await ask(ada, react(2, "🎉"));
  await ask(ada, { type: "read" });
  await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "SECRET 2", from: { id: user } });
  await callAs(token, "POST", `/v1/rooms/${quiet}/messages`, { data: "SECRET 3" });
  const later = { data: "SECRET 4", id: "later", sendAt: Date.now() + 30_000_000 };
  await callAs(token, "POST", `/v1/rooms/${room}/scheduled`, later);
  await callAs(token, "PUT", "/v1/me/preferences", { mutedRooms: [quiet] });
  for (let n = 0; n < 3; n++)
    await callAsServer("POST", "/v1/notify", { user, title: "SECRET", message: "m" });
  return { user, room, quiet, token, ada, bo };
}

const erase = async (user: string) =>
  (await callAsServer("DELETE", `/v1/users/${user}`)).json<{ done: boolean; rooms: number }>();

/** What the registry lists of a user. */
async function isListed(user: string): Promise<boolean> {
  const response = await callAsServer("GET", `/v1/users?after=${user.slice(0, -1)}&limit=5`);
  const { users } = await response.json<{ users: { user: string }[] }>();
  return users.some((one) => one.user === user);
}

describe("the export of a user", () => {
  it("[Z160] has all that their object and their rooms hold of them", async () => {
    const { user, room, quiet } = await activeUser();
    const lines = await exportOfUser(user);
    for (const line of lines)
      expect([fits(["by type", USER_EXPORT_LINES], line), line]).toEqual([true, line]);
    expect(lines[0]).toMatchObject({ type: "user", version: 1, user, preferences: { mutedRooms: [quiet] } });
    expect(ofType(lines, "notification")).toHaveLength(3);
    expect(ofType(lines, "room")).toEqual(
      expect.arrayContaining([
        { type: "room", room, followed: true },
        { type: "room", room: quiet, followed: false },
      ]),
    );
    expect(ofType(lines, "message").map(({ room: of, message }) => [of, Object(message).data])).toEqual(
      expect.arrayContaining([
        [room, "SECRET 1"],
        [room, "SECRET 2"],
        [quiet, "SECRET 3"],
      ]),
    );
    expect(ofType(lines, "receipt")).toEqual([{ type: "receipt", room, seq: 4, at: expect.any(Number) }]);
    expect(ofType(lines, "scheduled")).toMatchObject([{ room, id: "later", data: "SECRET 4" }]);
    expect(lines.at(-1)).toEqual({ type: "end", messages: 3, notifications: 3, missing: 0 });
  });

  it("[Z160] says which rooms are missing", async () => {
    const { user, room } = await activeUser();
    const lost = vi.spyOn(RoomObject.prototype, "userData");
    onTestFinished(() => lost.mockRestore());
    silenceErrors();
    lost.mockImplementationOnce(() => {
      throw new Error("out of reach");
    });
    const lines = await exportOfUser(user);
    expect(ofType(lines, "missing")).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ type: "end", missing: 1 });
    expect([room, ofType(lines, "room").length]).toEqual([room, 2]);
  });

  it("[Z161] of somebody who was never here is empty, and makes nobody", async () => {
    const user = uniqueName("nobody");
    const lines = await exportOfUser(user);
    expect(lines).toMatchObject([
      { type: "user", user },
      { type: "end", messages: 0, notifications: 0, missing: 0 },
    ]);
    expect(await storedText(userObject(user))).toBe("[]");
  });

  it("[Z161] takes an API key", async () => {
    const { user, token } = await activeUser();
    for (const [method, path] of [
      ["GET", "/export"],
      ["DELETE", ""],
    ] as const) {
      const refused = await callAs(token, method, `/v1/users/${user}${path}`);
      expect([refused.status, (await errorOf(refused)).code]).toEqual([403, "forbidden"]);
    }
  });
});

describe("a room that a user calls over HTTP alone", () => {
  it("[Z162] is known to their object and not followed, with a token that is not revoked", async () => {
    const [user, room] = [uniqueName("ada"), uniqueName("http")];
    const token = await tokenFor(user);
    await callAsServer("POST", `/v1/users/${user}/disconnect`);
    const path = `/v1/rooms/${room}`;
    expect((await callAs(token, "POST", `${path}/messages`, { data: 1 })).status).toBe(401);
    expect(ofType(await exportOfUser(user), "room")).toEqual([]);
    advanceClock(62_000);
    const fresh = await tokenFor(user);
    expect((await callAs(fresh, "POST", `${path}/messages`, { data: 1 })).status).toBe(201);
    expect(ofType(await exportOfUser(user), "room")).toEqual([{ type: "room", room, followed: false }]);
    await join(room, user);
    expect(ofType(await exportOfUser(user), "room")).toEqual([{ type: "room", room, followed: true }]);
  });

  it("[Z162] is known where the user has only scheduled something", async () => {
    const [user, room] = [uniqueName("ada"), uniqueName("http")];
    const body = { id: "later", data: "SECRET", sendAt: Date.now() + 3_600_000 };
    const answer = await callAs(await tokenFor(user), "POST", `/v1/rooms/${room}/scheduled`, body);
    expect(answer.status).toBe(201);
    expect(ofType(await exportOfUser(user), "scheduled")).toMatchObject([
      { room, id: "later", data: "SECRET" },
    ]);
    await erase(user);
    expect(await storedText(roomObject(room))).not.toContain("SECRET");
  });
});

describe("an erasure", () => {
  it("[Z170] takes all that a user left in their object and their rooms, and all see it go", async () => {
    const { user, room, quiet, token, bo } = await activeUser();
    const session = await openSession(user);
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await session.closed).toMatchObject({ code: 4401 });
    for (const name of [room, quiet]) expect(await storedText(roomObject(name))).not.toContain("SECRET");
    expect(await storedText(userObject(user))).not.toMatch(/SECRET|people_/);
    expect(bo.received.filter(({ type }) => type === "messageDeleted")).toMatchObject([
      { target: 1, by: null },
      { target: 5, by: null },
    ]);
    expect(bo.received.filter(({ op }) => op === "remove")).toMatchObject([
      { target: 2, emoji: "👍", user },
      { target: 2, emoji: "🎉", user },
    ]);
    const messages = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{
      messages: Record<string, unknown>[];
    }>();
    expect(messages.messages).toMatchObject([
      { seq: 1, from: { id: user }, data: null, deletedAt: expect.any(Number) },
      { seq: 2, data: "of bo" },
      { seq: 5, data: null },
    ]);
    expect(messages.messages[1]).not.toHaveProperty("reactions");
    expect(await (await callAsServer("GET", `/v1/rooms/${room}/receipts`)).json()).toEqual({ receipts: [] });
    expect(await (await callAsServer("GET", `/v1/users/${user}`)).json()).toEqual({
      ...{ user, online: false, connections: 0, unread: 0 },
    });
    expect((await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: 1 })).status).toBe(401);
    expect(await exportOfUser(user)).toHaveLength(2);
    await expect.poll(() => isListed(user)).toBe(false);
  });

  it("[Z170] goes through a long log in batches, and leaves the others' messages and bans", async () => {
    const [user, room] = [uniqueName("ada"), uniqueName("long")];
    await configureRoom(room, { HISTORY_LIMIT: 1_000 });
    const [ada, bo] = [await join(room, user), await join(room, "bo")];
    await ada.ask({ type: "send", id: "first", data: 1 });
    const path = `/v1/rooms/${room}/messages`;
    const say = (id: string) => callAsServer("POST", path, { data: id, from: { id } });
    for (let n = 0; n < 250; n++) await say(n % 5 === 0 ? "bo" : user);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 3_600 });
    const flushes = vi.spyOn(console, "info");
    onTestFinished(() => flushes.mockRestore());
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    const done = flushes.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(done).toContainEqual({ level: "info", event: "erasure_done", user, messages: 201, reactions: 0 });
    await expect.poll(() => bo.received.filter(({ type }) => type === "messageDeleted").length).toBe(201);
    const seqs = bo.received.filter(isSequenced).map(({ seq }) => Number(seq));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const lines = linesIn(await textIn(await callAsServer("GET", `/v1/rooms/${room}/export`)));
    const left = lines.flatMap(({ message }) =>
      Object(message).deletedAt === undefined && message ? [message] : [],
    );
    expect(left.map((message) => Object(message).from.id)).toEqual(Array(50).fill("bo"));
    expect(ofType(lines, "ban")).toMatchObject([{ user }]);
  });

  it("[Z172] is finished by the alarm where a room is out of reach, also after a crash", async () => {
    const { user, room, quiet } = await activeUser();
    const lost = vi.spyOn(RoomObject.prototype, "erase");
    onTestFinished(() => lost.mockRestore());
    silenceErrors();
    lost.mockRejectedValue(new Error("out of reach"));
    expect(await erase(user)).toEqual({ done: false, rooms: 2 });
    expect(await storedText(userObject(user))).not.toContain("SECRET");
    expect(await erase(user)).toEqual({ done: false, rooms: 2 });
    await crash(userObject(user));
    expect(await erase(user)).toEqual({ done: false, rooms: 2 });
    lost.mockRestore();
    advanceClock(3_600_000);
    await runDurableObjectAlarm(userObject(user));
    for (const name of [room, quiet]) expect(await storedText(roomObject(name))).not.toContain("SECRET");
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
  });

  it("[Z173] leaves what the user says later, with a new token", async () => {
    const { user, room, quiet } = await activeUser();
    const lost = vi.spyOn(RoomObject.prototype, "erase");
    onTestFinished(() => lost.mockRestore());
    silenceErrors();
    lost.mockRejectedValue(new Error("out of reach"));
    expect(await erase(user)).toEqual({ done: false, rooms: 2 });
    advanceClock(62_000);
    const back = await join(room, user);
    await back.ask({ type: "send", id: "new", data: "NEW" });
    await callAsServer("POST", "/v1/notify", { user, title: "NEW", message: "m" });
    lost.mockRestore();
    advanceClock(3_600_000);
    await runDurableObjectAlarm(userObject(user));
    // Who asks how far it is erases nothing.
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await storedText(roomObject(quiet))).not.toContain("SECRET");
    const lines = await exportOfUser(user);
    expect(ofType(lines, "notification")).toHaveLength(1);
    const said = ofType(lines, "message").map(({ message }) => Object(message).data);
    expect(said).toEqual([null, null, "NEW"]);
    // The next call erases them, too.
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await storedText(roomObject(room))).not.toMatch(/SECRET|NEW/);
    expect(await storedText(userObject(user))).not.toContain("NEW");
  });

  it("[Z174] ends what the user is writing", async () => {
    const [user, room] = [uniqueName("ada"), uniqueName("open")];
    const ada = await join(room, user);
    const { seq } = await ada.ask({ type: "send", id: "s", data: { text: "SECRET" }, stream: true });
    const bo = await join(room, "bo");
    await ada.ask({ type: "append", id: "a", seq, n: 1, text: " more" });
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect(await ada.closed).toMatchObject({ code: 4401 });
    expect(await bo.next("messageDeleted")).toMatchObject({ target: seq });
    await crash(roomObject(room));
    expect(await storedText(roomObject(room))).not.toContain("SECRET");
  });

  it("[Z175] of somebody who was never here revokes their tokens, and lists nobody", async () => {
    const user = uniqueName("nobody");
    const token = await tokenFor(user);
    expect(await erase(user)).toEqual({ done: true, rooms: 0 });
    expect((await callAs(token, "GET", "/v1/me/preferences")).status).toBe(401);
    await runDurableObjectAlarm(userObject(user));
    expect(await isListed(user)).toBe(false);
  });
});

/** The fault is logged. */
function silenceErrors(): void {
  const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => silenced.mockRestore());
}
