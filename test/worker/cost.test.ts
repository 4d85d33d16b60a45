import { describe, expect, it } from "vitest";
import { configureRoom, recordWrites } from "./support/objects.ts";
import {
  callAsServer,
  fill,
  join,
  openSession,
  roomObject,
  uniqueName,
  userObject,
} from "./support/worker.ts";

describe("rows written", () => {
  it.each([50, 1_000])(
    "[S11] are one per message at steady state, with a HISTORY_LIMIT of %s",
    async (limit) => {
      const room = uniqueName("rows");
      await configureRoom(room, { HISTORY_LIMIT: limit, RATE_BURST: 100_000 });
      const ada = await join(room, "ada");
      const bo = await join(room, "bo");
      await fill(ada, limit + 10);
      const writes = await recordWrites(roomObject(room));
      await fill(ada, 1_024, (n) => ({ text: `message ${n}` }));
      await bo.settled();
      expect(writes.rows()).toBeGreaterThanOrEqual(1_024);
      expect(writes.rows() / 1_024).toBeLessThanOrEqual(1.05);
    },
  );

  it("[S11] are none for signals, presence, topics, history, pings, joining and leaving", async () => {
    const room = uniqueName("rows");
    const ada = await join(room, "ada");
    await fill(ada, 3);
    // A user's first opening of a room writes a row in that user's object.
    (await join(room, "bo")).close(1000);
    const writes = await recordWrites(roomObject(room));
    const bo = await join(room, "bo");
    ada.send({ type: "signal", event: "typing" });
    await ada.ask({ type: "presence", id: "p", status: "away" });
    await ada.ask({ type: "topics", id: "t", topics: ["chat"] });
    await ada.ask({ type: "history", id: "h" });
    bo.close(1000);
    await bo.closed;
    await ada.settled();
    expect(writes.statements).toEqual([]);
    expect(writes.rows()).toBe(0);
  });

  it("[U10] are at most 2 for a notify that removes notifications that were marked by id", async () => {
    const user = uniqueName("rows");
    const notify = (n: number) =>
      callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id: `n${n}` });
    for (let n = 1; n <= 10; n++) await notify(n);
    const session = await openSession(user);
    await session.ask({
      type: "mark",
      id: "m",
      ids: Array.from({ length: 10 }, (_, at) => `n${at + 1}`),
      state: "read",
    });
    const writes = await recordWrites(userObject(user));
    for (let n = 11; n <= 20; n++) await notify(n);
    expect(writes.rows() / 10).toBeLessThanOrEqual(2);
  });

  it("[U10] are at most 2 for a notify, retention included", async () => {
    const user = uniqueName("rows");
    const notify = (n: number) =>
      callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", id: `n${n}`, topic: "a" });
    for (let n = 1; n <= 12; n++) await notify(n);
    const writes = await recordWrites(userObject(user));
    for (let n = 13; n <= 32; n++) await notify(n);
    expect(writes.statements).toHaveLength(20);
    expect(writes.rows() / 20).toBeLessThanOrEqual(2);
    const session = await openSession(user);
    const before = writes.rows();
    await session.ask({ type: "mark", id: "m", all: true, state: "read" });
    expect(writes.rows() - before).toBe(1);
    await session.ask({ type: "mark", id: "m", all: true, state: "seen" });
    await session.ask({ type: "notifications", id: "n" });
    expect(writes.rows() - before).toBe(1);
  });
});
