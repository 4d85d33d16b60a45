import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { measure } from "./support/meter.ts";
import { advanceClock, crash, sleep } from "./support/objects.ts";
import { callAs, callAsServer, join, roomObject, tokenFor, uniqueName } from "./support/worker.ts";

const HOUR_MS = 3_600_000;

const pathOf = (room: string, id = "") => `/v1/rooms/${room}/scheduled${id && `/${id}`}`;
const alarmOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, { storage }) => storage.getAlarm());

async function messagesOf(room: string): Promise<unknown[]> {
  const { messages } = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{
    messages: unknown[];
  }>();
  return messages;
}

/** The time of all messages has come. */
async function due(room: string): Promise<void> {
  advanceClock(HOUR_MS + 1_000);
  expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
  await expect.poll(() => messagesOf(room)).not.toEqual([]);
}

describe("scheduled messages over HTTP", () => {
  it("[Z19] are scheduled, listed, changed and cancelled", async () => {
    const room = uniqueName("scheduled");
    const ada = await tokenFor("ada");
    const bo = await tokenFor("bo");
    const sendAt = Date.now() + HOUR_MS;
    const body = { id: "a/b", data: { text: "later", deep: [1] }, mentions: ["bo"], sendAt };
    const first = await callAs(ada, "POST", pathOf(room), body);
    expect([first.status, await first.json()]).toEqual([201, { id: "a/b", sendAt }]);
    const again = await callAs(ada, "POST", pathOf(room), body);
    expect([again.status, await again.json()]).toEqual([200, { id: "a/b", sendAt, duplicate: true }]);
    const listed = {
      id: "a/b",
      event: "chat",
      from: { id: "ada" },
      data: body.data,
      mentions: ["bo"],
      sendAt,
    };
    expect(await (await callAs(ada, "GET", pathOf(room))).json()).toMatchObject({
      scheduled: [listed],
    });
    expect(await (await callAs(bo, "GET", pathOf(room))).json()).toEqual({ scheduled: [] });
    const path = pathOf(room, encodeURIComponent("a/b"));
    const changed = await callAs(ada, "PATCH", path, { data: null, sendAt: sendAt + 1.5 });
    expect(await changed.json()).toMatchObject({ ...listed, data: null, sendAt: sendAt + 1 });
    expect((await callAs(bo, "DELETE", path)).status).toBe(404);
    expect((await callAs(ada, "DELETE", path)).status).toBe(200);
    expect((await callAs(ada, "DELETE", path)).status).toBe(404);
    expect(await messagesOf(room)).toEqual([]);
  });

  it.each([".", ".."])("[Z285] have no id that no path can name: %s", async (id) => {
    const room = uniqueName("scheduled");
    const body = { id, data: 1, sendAt: Date.now() + HOUR_MS };
    const refused = await callAs(await tokenFor("ada"), "POST", pathOf(room), body);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: "bad_request", path: ["id"] } });
    expect(await (await callAsServer("GET", pathOf(room))).json()).toEqual({ scheduled: [] });
  });

  it("[Z19] are of a room that there is: to look creates none", async () => {
    const room = uniqueName("scheduled");
    expect(await (await callAsServer("GET", pathOf(room))).json()).toEqual({ scheduled: [] });
    expect((await callAsServer("DELETE", pathOf(room, "x"))).status).toBe(404);
    expect(await (await callAsServer("GET", `/v1/rooms/${room}`)).json()).not.toHaveProperty("epoch");
  });

  it.each([
    ["asleep", sleep],
    ["started anew", crash],
  ])("[Z17] are sent by the alarm of a room that is %s, once", async (_, end) => {
    const room = uniqueName("scheduled");
    const sendAt = Date.now() + HOUR_MS;
    await callAs(await tokenFor("ada"), "POST", pathOf(room), { id: "m", data: 1, sendAt });
    await callAsServer("POST", pathOf(room), { id: "s", data: 2, sendAt: sendAt + 1, from: { id: "bo" } });
    await end(roomObject(room));
    expect(await alarmOf(room)).toBe(sendAt);
    await due(room);
    await crash(roomObject(room));
    await runDurableObjectAlarm(roomObject(room));
    expect(await messagesOf(room)).toMatchObject([
      { id: "m", from: { id: "ada" } },
      { id: "s", from: { id: "bo" }, byServer: true },
    ]);
  });

  it("[Z10] are sent while the room is awake, by a timer", async () => {
    const room = uniqueName("scheduled");
    const ada = await join(room, "ada");
    await callAsServer("POST", pathOf(room), { id: "m", data: 1, sendAt: Date.now() + 300 });
    expect(await ada.next("message")).toMatchObject({ id: "m", from: null, data: 1 });
  });

  it("[Z14] are not sent once the user's tokens were revoked", async () => {
    const room = uniqueName("scheduled");
    const user = uniqueName("ada");
    const sendAt = Date.now() + HOUR_MS;
    await callAs(await tokenFor(user), "POST", pathOf(room), { id: "m", data: 1, sendAt });
    await callAsServer("POST", pathOf(room), { id: "s", data: 2, sendAt });
    await callAsServer("POST", `/v1/users/${user}/disconnect`, {});
    await due(room);
    expect(await messagesOf(room)).toMatchObject([{ id: "s" }]);
    expect(await (await callAsServer("GET", pathOf(room))).json()).toMatchObject({
      scheduled: [{ id: "m", error: { code: "token_expired" } }],
    });
  });

  it("[Z20] cost their row, written and removed, and two alarms", async () => {
    const room = uniqueName("scheduled");
    const meter = await measure(roomObject(room), {});
    const sendAt = Date.now() + HOUR_MS;
    // The first one of a room makes the table.
    await callAsServer("POST", pathOf(room), { id: "m0", data: 1, sendAt: sendAt + HOUR_MS });
    await meter.take();
    await callAsServer("POST", pathOf(room), { id: "m1", data: 1, sendAt });
    expect(await meter.take()).toMatchObject({ rowsWritten: 2, alarmsSet: 1 });
    await due(room);
    // Its row goes, and the message has two, as its id is remembered.
    expect(await meter.take()).toMatchObject({ rowsWritten: 4, alarmsSet: 1 });
  });
});
