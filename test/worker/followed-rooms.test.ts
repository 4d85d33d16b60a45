// Rooms that a user follows, and mentions of users who are not in the room.

import { describe, expect, it } from "vitest";
import { advanceClock } from "./support/objects.ts";
import { callAs, callAsServer, errorOf, join, openSession, tokenFor, uniqueName } from "./support/worker.ts";

type Rooms = { rooms: { room: string; head: number; readSeq: number; unread: number | null }[] };

const roomsOf = async (user: string, rooms?: Record<string, string>) =>
  (await (await callAs(await tokenFor(user, rooms && { rooms }), "GET", "/v1/me/rooms")).json<Rooms>()).rooms;

describe("followed rooms", () => {
  it("[J5] are those that the user opened or was added to, with the unread count of each", async () => {
    const [room, added, user] = [uniqueName("opened"), uniqueName("added"), uniqueName("bo")];
    (await join(room, user)).close(1000);
    const ada = await join(room, "ada");
    for (let n = 0; n < 3; n++) await ada.ask({ type: "send", id: `m${n}`, data: n });
    expect((await callAsServer("PUT", `/v1/users/${user}/rooms/${added}`)).status).toBe(200);
    expect(await roomsOf(user)).toEqual(
      [
        { room: added, head: 0, readSeq: 0, unread: 0 },
        { room, head: 3, readSeq: 0, unread: 3 },
      ].sort((a, b) => (a.room < b.room ? -1 : 1)),
    );
    await callAs(await tokenFor(user), "PUT", `/v1/rooms/${room}/receipts/me`, { seq: 2 });
    advanceClock(61_000);
    expect(await roomsOf(user)).toContainEqual({ room, head: 3, readSeq: 2, unread: 1 });
  });

  it("[J5] leave the list when unfollowed, banned or without permission; opening one again follows it", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    (await join(room, user)).close(1000);
    expect(await roomsOf(user)).toHaveLength(1);
    expect(await roomsOf(user, { other: "read" })).toEqual([]);
    expect((await callAs(await tokenFor(user), "DELETE", `/v1/me/rooms/${room}`)).status).toBe(200);
    expect(await roomsOf(user)).toEqual([]);
    (await join(room, user)).close(1000);
    expect(await roomsOf(user)).toHaveLength(1);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    await expect.poll(() => roomsOf(user)).toEqual([]);
    advanceClock(61_000);
    (await join(room, user)).close(1000);
    expect(await roomsOf(user)).toHaveLength(1);
  });

  it("[J5] are requested by a user who may read them, with valid names", async () => {
    const user = uniqueName("bo");
    const none = await tokenFor(user, { rooms: {} });
    expect(await errorOf(await callAs(none, "PUT", "/v1/me/rooms/secret"))).toMatchObject({
      code: "forbidden",
    });
    expect(await errorOf(await callAs(none, "DELETE", "/v1/me/rooms/-x"))).toMatchObject({
      code: "bad_request",
    });
    expect(await errorOf(await callAsServer("GET", "/v1/me/rooms"))).toMatchObject({ code: "forbidden" });
    expect(await errorOf(await callAs(none, "PUT", `/v1/users/${user}/rooms/x`))).toMatchObject({
      code: "forbidden",
    });
  });
});

describe("a mention", () => {
  it("[U20] notifies a user who is not in the room, once, without the text of the message", async () => {
    const [room, away, here] = [uniqueName("room"), uniqueName("away"), uniqueName("here")];
    const ada = await join(room, "ada", { name: "Ada" });
    await join(room, here);
    const [sessionAway, sessionHere] = [await openSession(away), await openSession(here)];
    const send = { type: "send", id: "m", data: { text: "a secret" }, mentions: [away, here, "ada", away] };
    await ada.ask(send);
    const notification = await sessionAway.next("notification");
    const { epoch } = await ada.next("connected");
    expect(notification).toMatchObject({
      id: `mention:${room}:${epoch}.1`,
      topic: "mention",
      title: "Ada",
      message: "",
      data: { room, seq: 1 },
      unread: 1,
    });
    expect(JSON.stringify(notification)).not.toContain("secret");
    await ada.ask({ ...send, data: "again" });
    await sessionHere.settled();
    expect(sessionHere.ofType("notification")).toEqual([]);
    await sessionAway.settled();
    expect(sessionAway.ofType("notification")).toHaveLength(1);
  });
});
