import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ROOM_COUNTERS } from "../../src/tools/measured-counters.ts";
import { measure } from "./support/meter.ts";
import { advanceClock, configureRoom, crash, sleep, storedMessages } from "./support/objects.ts";
import { callAsServer, fill, join, roomObject, uniqueName } from "./support/worker.ts";

const HOUR_S = 3_600;
const HOUR_MS = 3_600_000;
/** 2 % of an hour. */
const LAG_MS = 72_000;

const alarmOf = (room: string) =>
  runInDurableObject(roomObject(room), (_, { storage }) => storage.getAlarm());
const infoOf = async (room: string) => (await callAsServer("GET", `/v1/rooms/${room}`)).json();

describe("retention by age", () => {
  it.each([
    ["asleep", sleep],
    ["started anew", crash],
  ])("[Z30] is done by the alarm of a room that is %s: the rows go, and the head stays", async (_, end) => {
    const room = uniqueName("retention");
    const settings = { HISTORY_SECONDS: HOUR_S };
    await configureRoom(room, settings);
    const before = Date.now();
    for (const id of ["m1", "m2"]) await callAsServer("POST", `/v1/rooms/${room}/messages`, { id, data: 1 });
    expect(await infoOf(room)).toMatchObject({ settings: { historySeconds: HOUR_S } });
    await end(roomObject(room));
    await configureRoom(room, settings);
    const alarm = (await alarmOf(room)) ?? 0;
    expect(alarm - HOUR_MS - LAG_MS - before).toBeGreaterThanOrEqual(0);
    expect(alarm - HOUR_MS - LAG_MS - before).toBeLessThan(10_000);
    advanceClock(HOUR_MS + LAG_MS + 10_000);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    expect(await storedMessages(room)).toBe(0);
    await end(roomObject(room));
    await configureRoom(room, settings);
    expect(await infoOf(room)).toMatchObject({ head: 2, floor: 2 });
    // The log holds its ids as long as its messages.
    const again = await callAsServer("POST", `/v1/rooms/${room}/messages`, { id: "m1", data: 1 });
    expect(await again.json()).toMatchObject({ seq: 3 });
  });

  it("[Z33] of one room is set over HTTP, shown, and applies at once", async () => {
    const room = uniqueName("retention");
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(await infoOf(room)).toMatchObject({ settings: { historySeconds: 0 } });
    advanceClock(HOUR_MS);
    const changed = await callAsServer("PATCH", `/v1/rooms/${room}`, { historySeconds: 60 });
    expect(await changed.json()).toMatchObject({ settings: { historySeconds: 60 } });
    expect([await storedMessages(room), await infoOf(room)]).toMatchObject([0, { head: 1, floor: 1 }]);
  });

  it("[Z35] is a row more for each message, a row and an alarm for those that go together, and a read at a wake", async () => {
    const room = uniqueName("retention");
    const meter = await measure(roomObject(room), { HISTORY_LIMIT: 1_000, HISTORY_SECONDS: HOUR_S });
    const ada = await join(room, "ada", { expiresInS: 86_400 });
    await fill(ada, 500);
    await meter.take();
    advanceClock(HOUR_MS + LAG_MS + 10_000);
    await runDurableObjectAlarm(roomObject(room));
    const { rowsRead, rowsWritten, alarmsSet } = await meter.take();
    expect([rowsWritten, alarmsSet]).toEqual([500 * ROOM_COUNTERS.aged.rowsWritten + 1, 0]);
    expect(rowsRead / 500).toBeLessThan(ROOM_COUNTERS.aged.rowsRead + 0.1);
    expect(await storedMessages(room)).toBe(0);
  });
});
