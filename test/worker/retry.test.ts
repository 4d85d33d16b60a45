import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { storedMessages } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  cursorOf,
  fill,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const restart = (room: string) => evictDurableObject(roomObject(room), { webSockets: "close" });

describe("a repeat", () => {
  it("[S5] is answered with the first seq, at and duplicate, whatever else it carries", async () => {
    const room = uniqueName("repeat");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const first = await ada.ask({ type: "send", id: "m", data: "first", event: "a" });
    await fill(bo, 3);
    const repeats = [
      { data: "first", event: "a" },
      { data: "other", event: "b" },
      { data: null, replyTo: 1_000 },
      { data: 1, mentions: ["bo"], echo: false },
      { data: 1, retryOf: "unreadable" },
    ];
    for (const repeat of repeats) {
      const answer = await ada.ask({ type: "send", id: "m", ...repeat });
      expect(answer).toEqual({ type: "ok", id: "m", seq: 1, at: first.at, duplicate: true });
    }
    await bo.settled();
    expect(bo.ofType("message").filter(({ id }) => id === "m")).toHaveLength(1);
    expect(await storedMessages(room)).toBe(4);
  });

  it("[S5] in the same batch is a duplicate too", async () => {
    const ada = await join(uniqueName("twice"), "ada");
    const command = { type: "send", id: "m", data: 1 };
    ada.send({ type: "batch", commands: [command, command] });
    await ada.settled();
    expect(ada.ofType("message")).toHaveLength(1);
    expect(ada.ofType("ok").map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [1, undefined],
      [1, true],
    ]);
  });

  it("[S5][E21] has the id of its author: the same id of another user, or of server code, is another message", async () => {
    const room = uniqueName("authors");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const post = async (from?: { id: string }) => {
      const body = { id: "m", data: 1, ...(from && { from }) };
      const response = await callAsServer("POST", `/v1/rooms/${room}/messages`, body);
      return response.json<{ seq: number; duplicate?: boolean }>();
    };
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 1 });
    expect(await bo.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 2 });
    expect(await post()).toMatchObject({ seq: 3 });
    expect(await post()).toMatchObject({ seq: 3, duplicate: true });
    expect(await post({ id: "ada" })).toMatchObject({ seq: 4 });
    expect(await post({ id: "ada" })).toMatchObject({ seq: 4, duplicate: true });
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 1, duplicate: true });
  });

  it("[S5] of a refused send is not a duplicate", async () => {
    const ada = await join(uniqueName("refused"), "ada");
    expect(await ada.ask({ type: "send", id: "m", data: 1, replyTo: 9 })).toMatchObject({
      code: "not_found",
    });
    expect(await ada.ask({ type: "send", id: "m", data: "x".repeat(2_000) })).toMatchObject({
      code: "too_large",
    });
    const stored = await ada.ask({ type: "send", id: "m", data: 1 });
    expect(stored).toMatchObject({ type: "ok", seq: 1 });
    expect(stored).not.toHaveProperty("duplicate");
  });

  it("[S5] over HTTP of a command on a socket is a duplicate", async () => {
    const room = uniqueName("both");
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "m", data: 1 });
    const body = { id: "m", data: 1 };
    const posted = await callAs(await tokenFor("ada"), "POST", `/v1/rooms/${room}/messages`, body);
    expect([posted.status, await posted.json()]).toMatchObject([200, { seq: 1, duplicate: true }]);
  });
});

describe("a retry", () => {
  it("[S7] after a lost acknowledgement is stored once", async () => {
    const room = uniqueName("lost");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    const bo = await join(room, "bo");
    ada.send({ type: "send", id: "m", data: 1 });
    await bo.next("message");
    ada.close(4000);
    const back = await join(room, "ada", { query: `?since=${cursor}` });
    expect(back.ofType("message")).toMatchObject([{ id: "m", from: { id: "ada" } }]);
    expect(await back.ask({ type: "send", id: "m", data: 1, retryOf: cursor })).toMatchObject({
      seq: 1,
      duplicate: true,
    });
    expect(await storedMessages(room)).toBe(1);
  });

  it("[S6][S7] is stored once also if the object restarted in between and others wrote", async () => {
    const room = uniqueName("restarted");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    await ada.ask({ type: "send", id: "m", data: 1 });
    await fill(ada, 5);
    await restart(room);
    const back = await join(room, "ada");
    await fill(back, 5);
    expect(await back.ask({ type: "send", id: "m", data: 1, retryOf: cursor })).toMatchObject({
      seq: 1,
      duplicate: true,
    });
    expect(await back.ask({ type: "send", id: "never", data: 1, retryOf: cursor })).toMatchObject({
      seq: 12,
    });
    expect(await back.ask({ type: "send", id: "never", data: 1, retryOf: cursor })).toMatchObject({
      seq: 12,
      duplicate: true,
    });
  });

  it("[S6] that is found is a duplicate even if the log no longer reaches back to retryOf", async () => {
    const room = uniqueName("found");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    await fill(ada, 30);
    await ada.ask({ type: "send", id: "m", data: 1 });
    await fill(ada, 40);
    await restart(room);
    const back = await join(room, "ada");
    expect(await back.ask({ type: "send", id: "m", data: 1, retryOf: cursor })).toMatchObject({
      seq: 31,
      duplicate: true,
    });
  });

  it("[S6] that is not found is stale_retry if the log no longer reaches back, and nothing is stored", async () => {
    const room = uniqueName("stale");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    await ada.ask({ type: "send", id: "m", data: 1 });
    await fill(ada, 60);
    await restart(room);
    const back = await join(room, "ada");
    for (const retryOf of [cursor, "other.5", "unreadable", cursor.replace(/\d+$/, "62")]) {
      expect(await back.ask({ type: "send", id: "m", data: 1, retryOf }), retryOf).toMatchObject({
        type: "error",
        code: "stale_retry",
      });
    }
    const posted = await callAs(await tokenFor("ada"), "POST", `/v1/rooms/${room}/messages`, {
      id: "m",
      data: 1,
      retryOf: cursor,
    });
    expect(posted.status).toBe(409);
    expect(await back.ask({ type: "send", id: "new", data: 1 })).toMatchObject({ seq: 62 });
  });

  it("[O63] of server code without retryOf is known for as long as the room keeps the message", async () => {
    const room = uniqueName("forgotten");
    const ada = await join(room, "ada");
    const cursor = await cursorOf(ada);
    const publish = (more = {}) =>
      callAsServer("POST", `/v1/rooms/${room}/messages`, { id: "m", data: 1, ...more });
    expect((await publish()).status).toBe(201);
    await fill(ada, 40);
    await restart(room);
    expect(await (await publish()).json()).toMatchObject({ seq: 1, duplicate: true });
    await fill(await join(room, "ada"), 20);
    await restart(room);
    // The room keeps 50. With the cursor nothing is stored twice.
    expect((await publish({ retryOf: cursor })).status).toBe(409);
    expect(await (await publish()).json()).toMatchObject({ seq: 62 });
  });

  it("[S7] among many after a restart is stored once", async () => {
    const room = uniqueName("storm");
    const before = await join(room, "ada");
    const cursor = await cursorOf(before);
    const commands = Array.from({ length: 40 }, (_, at) => ({
      type: "send",
      id: `m${at}`,
      data: at,
      retryOf: cursor,
    }));
    before.send({ type: "batch", commands: commands.slice(0, 25) });
    await before.settled();
    await restart(room);
    const [one, two] = await Promise.all([join(room, "ada"), join(room, "ada")]);
    for (const socket of [one, two]) socket.send({ type: "batch", commands });
    await Promise.all([one.settled(), two.settled()]);
    const seqOf = (socket: typeof one) => socket.ofType("ok").map(({ id, seq }) => [id, seq]);
    const expected = commands.map(({ id }, at) => [id, at + 1]);
    expect(seqOf(one)).toEqual(expected);
    expect(seqOf(two)).toEqual(expected);
    expect(await storedMessages(room)).toBe(40);
  });
});
