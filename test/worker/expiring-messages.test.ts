import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { measure } from "./support/meter.ts";
import { advanceClock, crash, sleep } from "./support/objects.ts";
import { callAsServer, join, roomObject, uniqueName } from "./support/worker.ts";

const alarmOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, { storage }) => storage.getAlarm());

describe("a message with expiresInSeconds", () => {
  it.each([
    ["asleep", sleep],
    ["started anew", crash],
  ])("[Z1][Z5] over HTTP is deleted by the alarm of a room that is %s", async (_, end) => {
    const room = uniqueName("expiring");
    const path = `/v1/rooms/${room}/messages`;
    const page = async () =>
      (await callAsServer("GET", path)).json<{ messages: { expiresAt: number }[]; head: number }>();
    await callAsServer("POST", path, { data: "secret", expiresInSeconds: 3_600 });
    const at = (await page()).messages[0]?.expiresAt ?? 0;
    await end(roomObject(room));
    const alarm = (await alarmOf(room)) ?? 0;
    expect([alarm >= at, alarm < at + 1_000]).toEqual([true, true]);
    advanceClock(3_601_000);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    expect(await page()).toMatchObject({
      messages: [{ data: null, deletedAt: expect.any(Number) }],
      head: 2,
    });
  });

  it("[Z1] is deleted while the room is awake, by a timer", async () => {
    const room = uniqueName("expiring");
    const ada = await join(room, "ada");
    const { seq } = await ada.ask({ type: "send", id: "m", data: 1, expiresInSeconds: 1 });
    expect(await ada.next("messageDeleted")).toMatchObject({ target: seq, by: null });
  });

  it("[Z5] takes a row more when it is stored, and a row more than a deletion when it expires", async () => {
    const room = uniqueName("expiring");
    const meter = await measure(roomObject(room), {});
    const ada = await join(room, "ada", { expiresInS: 86_400 });
    // The first one of a room makes the table.
    await ada.ask({ type: "send", id: "m0", data: 1, expiresInSeconds: 600 });
    await meter.take();
    await ada.ask({ type: "send", id: "m1", data: 1, expiresInSeconds: 60 });
    expect(await meter.take()).toMatchObject({ rowsWritten: 3, alarmsSet: 1 });
    await ada.ask({ type: "send", id: "m2", data: 1, expiresInSeconds: 61 });
    expect(await meter.take()).toMatchObject({ rowsWritten: 2, alarmsSet: 0 });
    advanceClock(62_000);
    await runDurableObjectAlarm(roomObject(room));
    await ada.settled();
    // Two deletions of two rows, two times, and the alarm for the first message.
    expect(await meter.take()).toMatchObject({ rowsWritten: 7, alarmsSet: 1 });
  });

  it("[Z5] is broadcast, but no signal is", async () => {
    const rooms = [uniqueName("expiring"), uniqueName("expiring")];
    const body = { rooms, event: "chat", data: 1, expiresInSeconds: 60 };
    await callAsServer("POST", "/v1/broadcast", body);
    for (const room of rooms)
      expect(await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json()).toMatchObject({
        messages: [{ expiresAt: expect.any(Number) }],
      });
    const refused = await callAsServer("POST", "/v1/broadcast", { ...body, ephemeral: true });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { code: "bad_request", path: ["expiresInSeconds"] } },
    ]);
  });
});
