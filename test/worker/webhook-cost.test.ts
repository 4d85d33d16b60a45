// What webhooks cost an object, by the storage API's own counters.

import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { INBOX_COUNTERS, ROOM_COUNTERS, WEBHOOK_COUNTERS } from "../../src/tools/measured-counters.ts";
import { until } from "../support/until.ts";
import { type Meter, measure } from "./support/meter.ts";
import { startToldBackEnd } from "./support/told-back-end.ts";
import { callAsServer, fill, join, roomObject, uniqueName, userObject } from "./support/worker.ts";

const A_DAY = { expiresInS: 86_400 };
const RING = 1_000;

interface Rows {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

const rowsOf = async (meter: Meter): Promise<Rows> => {
  const { rowsRead, rowsWritten } = await meter.take();
  return { rowsRead, rowsWritten };
};

/** No batch begins sooner after the last one. */
const paced = () => new Promise((resolve) => setTimeout(resolve, 1_100));

/** A room with a full log that keeps as much as the one of `ROOM_COUNTERS`, with two members and webhooks. */
async function toldRoom() {
  const backEnd = startToldBackEnd();
  const room = uniqueName("cost");
  const settings: Record<string, string | number> = { HISTORY_LIMIT: RING, RATE_BURST: 100_000 };
  const meter = await measure(roomObject(room), settings);
  const ada = await join(room, "ada", A_DAY);
  await join(room, "bo", A_DAY);
  await fill(ada, RING + 24);
  // They are switched on now: what was said is not told, and who is here is.
  Object.assign(settings, backEnd.settings);
  await meter.sleep();
  await ada.settled();
  await told(backEnd.events, 3);
  await paced();
  await meter.take();
  backEnd.events.length = 0;
  return { ...backEnd, room, meter, ada };
}

/** And the object has written it. */
async function told(events: readonly unknown[], count: number): Promise<void> {
  await until(() => expect(events.length).toBeGreaterThanOrEqual(count));
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const minus = (one: Rows, other: Rows): Rows => ({
  rowsRead: one.rowsRead - other.rowsRead,
  rowsWritten: one.rowsWritten - other.rowsWritten,
});

describe("webhooks", () => {
  it("[Z77] of a message are one row, and of a member who comes or goes four", async () => {
    const { room, meter, ada, events } = await toldRoom();
    await ada.ask({ type: "send", id: "m1", data: 1 });
    await told(events, 1);
    expect(minus(await rowsOf(meter), ROOM_COUNTERS.message)).toEqual(WEBHOOK_COUNTERS.message);
    // With its row of a first visit.
    await (await join(room, "cy")).ask({ type: "read", id: "r" });
    await told(events, 2);
    await paced();
    await meter.take();
    const again = await join(room, "di");
    await told(events, 3);
    const { rowsWritten } = await meter.take();
    expect(rowsWritten).toBe(ROOM_COUNTERS.firstVisit.rowsWritten + WEBHOOK_COUNTERS.coming.rowsWritten);
    await paced();
    again.close(1000);
    await told(events, 4);
    expect(await rowsOf(meter)).toEqual(WEBHOOK_COUNTERS.coming);
  });

  it("[Z77] of a room that wakes are two rows read, and none where webhooks are off", async () => {
    const { meter, ada } = await toldRoom();
    await meter.sleep();
    await meter.take();
    await ada.settled();
    expect(minus(await rowsOf(meter), ROOM_COUNTERS.wake)).toEqual(WEBHOOK_COUNTERS.wake);
  });

  it("[Z77] of a notification are two rows, one of them an alarm, and a request", async () => {
    const { settings: backEnd, events } = startToldBackEnd();
    const user = uniqueName("cost");
    const settings: Record<string, string> = {};
    const meter = await measure(userObject(user), settings);
    const notify = (id: string) => callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id });
    for (let n = 0; n < 12; n++) await notify(`n${n}`);
    Object.assign(settings, backEnd);
    await meter.sleep();
    await notify("first");
    await told(events, 1);
    await runDurableObjectAlarm(userObject(user));
    await paced();
    await meter.take();
    await notify("m");
    await told(events, 2);
    await runDurableObjectAlarm(userObject(user));
    const { rowsRead, rowsWritten, requests } = await meter.take();
    const { notify: alone } = INBOX_COUNTERS;
    expect({ requests: requests - 1, ...minus({ rowsRead, rowsWritten }, alone) }).toEqual(
      WEBHOOK_COUNTERS.notify,
    );
  });

  it("[Z77] under load are a row a second, however much is said", async () => {
    const { meter, ada, events, requests } = await toldRoom();
    const before = requests.length;
    const began = performance.now();
    await fill(ada, 300);
    await told(events, 300);
    const batches = requests.length - before;
    // The first at once, and the last where a second is over as the test looks.
    expect(batches).toBeLessThanOrEqual(2 + (performance.now() - began) / 1_000);
    expect((await meter.take()).rowsWritten).toBe(300 + batches);
  });
});
