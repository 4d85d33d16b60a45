// The HTTP calls of our client against the Worker: its answers have the form that the client accepts.

import { describe, expect, it, onTestFinished } from "vitest";
import { Client } from "../../client/core/client.ts";
import { callApi } from "../../client/http/http-call.ts";
import { roomApi } from "../../client/http/room-api.ts";
import { userApi } from "../../client/http/user-api.ts";
import { clientPorts } from "./support/client-ports.ts";
import { callAsServer, fill, join, type TokenOptions, tokenFor, uniqueName } from "./support/worker.ts";

/** The real client, whose calls reach the Worker of this test; no socket opens. */
function clientOf(user: string, options: TokenOptions = {}) {
  const getToken = () => tokenFor(user, options);
  const client = new Client({ url: "https://rooms.test", getToken }, clientPorts());
  client.disconnect();
  onTestFinished(() => client.close());
  return client;
}

const MODERATOR = { rooms: { "*": "moderate" } };

describe("the HTTP calls of our client", () => {
  it("[C78] read receipts and pages of a room", async () => {
    const [name, user] = [uniqueName("http"), uniqueName("bo")];
    await fill(await join(name, "ada"), 5);
    const client = clientOf(user);
    const room = roomApi(client, name);
    expect(await userApi(client).markRoomRead(name, 3)).toEqual({ seq: 3, unread: 2 });
    expect(await room.receipts()).toContainEqual({ user, seq: 3, at: expect.any(Number) });
    const newest = await room.history({ limit: 2 });
    expect([newest.head, newest.more, newest.messages.map(({ seq }) => seq)]).toEqual([5, true, [4, 5]]);
    const older = await room.history({ before: newest.seq, topics: ["chat"] });
    expect([older.more, older.messages.map(({ seq }) => seq)]).toEqual([undefined, [1, 2, 3]]);
    expect((await room.history({ topics: ["task"] })).messages).toEqual([]);
    // A room without any message.
    const empty = roomApi(client, uniqueName("empty"));
    expect([await empty.receipts(), (await empty.history()).messages]).toEqual([[], []]);
    expect((await empty.settings()).slowModeMs).toBe(0);
  });

  it("[C78] moderate a room", async () => {
    const [name, user] = [uniqueName("http"), uniqueName("u/1?#")];
    const room = roomApi(clientOf("mod", MODERATOR), name);
    await room.kick(user, { banSeconds: 60, reason: "spam" });
    const until = expect.any(Number);
    expect(await room.bans()).toEqual({
      bans: [{ user, until, at: expect.any(Number), by: "mod", reason: "spam" }],
    });
    expect((await room.bans({ after: user })).bans).toEqual([]);
    await room.unban(user);
    expect((await room.bans()).bans).toEqual([]);
    const settings = await room.settings();
    expect(await room.setSettings({ slowModeMs: 5_000 })).toEqual({ ...settings, slowModeMs: 5_000 });
    expect((await room.settings()).slowModeMs).toBe(5_000);
    const refused = { code: "bad_request", path: ["slowModeMs"] };
    await expect(room.setSettings({ slowModeMs: -1 })).rejects.toMatchObject(refused);
    const member = roomApi(clientOf("ada"), name);
    for (const call of [member.bans(), member.kick(user), member.unban(user), member.setSettings({})]) {
      await expect(call).rejects.toMatchObject({ code: "forbidden" });
    }
    await expect(room.bans({ after: "nobody" })).rejects.toMatchObject({ code: "not_found" });
  });

  it("[C78] read and change preferences and followed rooms", async () => {
    const [user, name] = [uniqueName("cy"), uniqueName("http")];
    await fill(await join(name, "ada"), 2);
    const client = clientOf(user);
    const defaults = { mutedTopics: [], mutedRooms: [], quietHours: null, push: true };
    expect(await userApi(client).preferences()).toEqual(defaults);
    const quietHours = { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" };
    expect(await userApi(client).setPreferences({ quietHours })).toEqual({ ...defaults, quietHours });
    expect((await userApi(client).preferences()).quietHours).toEqual(quietHours);
    expect(await userApi(client).followedRooms()).toEqual([]);
    await userApi(client).follow(name);
    expect(await userApi(client).followedRooms()).toEqual([{ room: name, head: 2, readSeq: 0, unread: 2 }]);
    await userApi(client).unfollow(name);
    expect(await userApi(client).followedRooms()).toEqual([]);
  });

  it("[C78] list the inbox by state", async () => {
    const user = uniqueName("dee");
    const client = clientOf(user);
    for (const id of ["n1", "n2"]) {
      const notification = { user, id, title: id, message: "m", data: { id }, topic: "build" };
      expect((await callAsServer("POST", "/v1/notify", notification)).ok).toBe(true);
    }
    const page = await userApi(client).notifications({ limit: 1 });
    expect([page.unread, page.more, page.notifications.map(({ id }) => id)]).toEqual([2, true, ["n2"]]);
    const body = { ids: ["n1"], state: "archived" };
    expect(await callApi(client, "POST", "/v1/me/notifications/mark", body)).toMatchObject({ unread: 1 });
    const archived = await userApi(client).notifications({ state: "archived" });
    expect(archived.notifications.map(({ id }) => id)).toEqual(["n1"]);
    expect((await userApi(client).notifications()).notifications.map(({ id }) => id)).toEqual(["n2"]);
  });

  it("[C74] report what the Worker says about a token and a path", async () => {
    const client = clientOf(uniqueName("eve"), { expiresInS: -10 });
    await expect(userApi(client).preferences()).rejects.toMatchObject({ code: "token_expired" });
    const other = clientOf(uniqueName("eve"));
    await expect(callApi(other, "GET", "/v1/nothing")).rejects.toMatchObject({ code: "not_found" });
  });
});
