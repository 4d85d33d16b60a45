// The server SDK in a Worker, against the Worker: what is answered has the form that the SDK looks for.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createServerApi } from "../../client/server/index.ts";
import { call, callAs, fill, join, tokenFor, uniqueName } from "./support/worker.ts";

const server = createServerApi({
  url: "https://rooms.test",
  apiKey: env.API_KEYS,
  fetch: (url, init) => {
    const { pathname, search } = new URL(url);
    return call(pathname + search, init);
  },
});

describe("the server SDK in a Worker", () => {
  it("[C99] reads and changes a room", async () => {
    const name = uniqueName("sdk");
    const room = server.room(name);
    expect(await room.info()).toMatchObject({ room: name, head: 0, settings: { slowModeMs: 0 } });
    await fill(await join(name, "ada"), 5);
    expect(await room.publish({ data: { text: "Hi" }, from: { id: "bot" }, id: "one" })).toEqual({
      ...{ seq: 6, id: "one", at: expect.any(Number) },
    });
    expect(await room.publish({ data: { text: "Hi" }, from: { id: "bot" }, id: "one" })).toMatchObject({
      ...{ seq: 6, duplicate: true },
    });
    expect(await room.edit(6, { text: "Hello" })).toEqual({ seq: 7 });
    expect(await room.delete(1)).toEqual({ seq: 8 });
    expect(await room.delete(1)).toEqual({ seq: 0 });
    const pages: number[][] = [];
    for await (const { messages } of room.pages({ limit: 4 })) pages.push(messages.map(({ seq }) => seq));
    expect(pages).toEqual([
      [3, 4, 5, 6],
      [1, 2],
    ]);
    expect((await room.messages({ before: 7, limit: 1 })).messages).toMatchObject([
      { seq: 6, data: { text: "Hello" }, from: { id: "bot" }, byServer: true },
    ]);
    expect(await room.members()).toMatchObject({ members: [{ id: "ada" }], occupancy: { members: 1 } });
    expect(await room.receipts()).toEqual(expect.any(Array));
    expect(await room.setSettings({ slowModeMs: 1_000, historyLimit: 20 })).toMatchObject({
      ...{ slowModeMs: 1_000, historyLimit: 20 },
    });
    await room.purge();
    expect((await room.messages()).messages).toEqual([]);
  });

  it("[C99] moderates a room", async () => {
    const [room, user] = [server.room(uniqueName("sdk")), uniqueName("u/1?#")];
    await room.kick(user, { reason: "spam" });
    await room.kick("bo", { banSeconds: 0 });
    const ban = { user, until: expect.any(Number), at: expect.any(Number), by: null, reason: "spam" };
    expect(await room.bans()).toEqual({ bans: [ban] });
    expect(await room.bans({ after: user })).toEqual({ bans: [] });
    await room.unban(user);
    await room.unban(user);
    expect(await room.bans()).toEqual({ bans: [] });
  });

  it("[C99] follows rooms for a user, and says whether they are online", async () => {
    const [user, name] = [uniqueName("cy"), uniqueName("sdk")];
    await fill(await join(name, "ada"), 2);
    await server.user(user).follow(name);
    const token = await tokenFor(user);
    const rooms = async () => (await callAs(token, "GET", "/v1/me/rooms")).json();
    expect(await rooms()).toMatchObject({ rooms: [{ room: name, unread: 2 }] });
    await server.user(user).unfollow(name);
    expect(await rooms()).toEqual({ rooms: [] });
    expect(await server.user(user).presence()).toEqual({ user, online: false, connections: 0, unread: 0 });
    expect(await server.user(user).signal({ event: "tick" })).toBe(0);
    expect(await server.user(user).disconnect({ keepPush: true })).toEqual(expect.any(Number));
  });

  it("[C98][C99] notifies, broadcasts and makes tokens", async () => {
    const [user, room] = [uniqueName("dee"), uniqueName("sdk")];
    const note = { title: "Build", message: "passed", priority: "high", data: { n: 1 } } as const;
    expect(await server.notify({ users: [user, user], ...note })).toEqual([{ user, seq: 1, delivered: 0 }]);
    expect(await server.broadcast({ rooms: [room], event: "news", data: 1 })).toEqual([{ room, seq: 1 }]);
    const signal = { event: "news", data: 1, ephemeral: true };
    expect(await server.broadcast({ rooms: [room], ...signal })).toEqual([{ room }]);
    const { token, expiresAt } = await server.token({ user, rooms: { [room]: "read" }, ttlSeconds: 60 });
    expect(expiresAt).toBeGreaterThan(Date.now());
    expect((await callAs(token, "GET", `/v1/rooms/${room}/messages`)).status).toBe(200);
    const refused = { code: "bad_request", path: ["rooms"] };
    await expect(server.broadcast({ rooms: [], ...signal })).rejects.toMatchObject(refused);
    await expect(server.notify({ user: "", ...note })).rejects.toMatchObject({ path: ["user"] });
    await expect(server.notify({ users: [], ...note })).rejects.toMatchObject({ path: ["users"] });
    expect(await server.call("GET", `/v1/users/${user}`)).toMatchObject({ user, unread: 1 });
  });
});
