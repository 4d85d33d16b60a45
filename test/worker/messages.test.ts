import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { failWrites, recordWrites, storedMessages } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

describe("messages", () => {
  it("[S1] a message is stored before it is delivered to anyone, its sender included", async () => {
    const room = uniqueName("stored");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const happened: string[] = [];
    await recordWrites(roomObject(room), () => happened.push("stored"));
    ada.send({ type: "send", id: "m", data: 1 });
    await Promise.all([
      bo.next("message").then(() => happened.push("bo received")),
      ada.next("message").then(() => happened.push("ada received")),
      ada.next("ok").then(() => happened.push("acknowledged")),
    ]);
    expect(happened[0]).toBe("stored");
    expect(happened).toHaveLength(4);
    expect(await storedMessages(room)).toBe(1);
  });

  it("[S2] every member receives the events of two senders in the same order, numbered from 1", async () => {
    const room = uniqueName("order");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    for (let i = 0; i < 20; i++) {
      ada.send({ type: "send", id: `a${i}`, data: i });
      bo.send({ type: "send", id: `b${i}`, data: i });
    }
    await Promise.all([ada.settled(), bo.settled()]);
    const seen = ada.ofType("message").map(({ seq, id }) => [seq, id]);
    expect(seen.map(([seq]) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(bo.ofType("message").map(({ seq, id }) => [seq, id])).toEqual(seen);
  });

  it("[S3] the ok of a send comes after its event on the same connection", async () => {
    const ada = await join(uniqueName("ok"), "ada", { name: "Ada" });
    for (let i = 0; i < 10; i++) ada.send({ type: "send", id: `m${i}`, data: i });
    await ada.settled();
    const messages = ada.ofType("message");
    const oks = ada.ofType("ok");
    expect(oks.map(({ id, seq }) => [id, seq])).toEqual(messages.map(({ id, seq }) => [id, seq]));
    expect(oks).toHaveLength(10);
    for (const [at, ok] of oks.entries()) {
      const message = messages[at];
      if (message === undefined) throw new Error("no message");
      expect(ada.received.indexOf(message)).toBeLessThan(ada.received.indexOf(ok));
      expect(ok).toEqual({ type: "ok", id: message.id, seq: message.seq, at: message.at });
      expect(message).toEqual({
        type: "message",
        seq: at + 1,
        id: `m${at}`,
        event: "chat",
        from: { id: "ada", name: "Ada" },
        at: expect.any(Number),
        data: at,
      });
    }
  });

  it("[S3] any JSON is delivered unchanged, with event, replyTo and mentions", async () => {
    const ada = await join(uniqueName("json"), "ada");
    const values = [null, false, 0, "", "\u2028😀\ud800", [], [[1, { a: [] }]], 1e21, -0.5];
    for (const data of values) {
      await ada.ask({ type: "send", id: crypto.randomUUID(), data });
      expect((await ada.next("message")).data).toEqual(data);
    }
    const own = '{"type":"send","id":"own","data":{"__proto__":{"x":1},"constructor":2},"event":"a.b:c"}';
    ada.send(own);
    await ada.settled();
    expect(ada.texts.join()).toContain('"event":"a.b:c"');
    expect(ada.texts.join()).toContain('"data":{"__proto__":{"x":1},"constructor":2}');
    await ada.ask({ type: "send", id: "reply", data: 1, replyTo: 1, mentions: ["bo"] });
    expect(await ada.next("message", ({ id }) => id === "reply")).toMatchObject({
      replyTo: 1,
      mentions: ["bo"],
    });
  });

  it("[S4] with echo:false the ok takes the place of the event on this connection; others and replays have the event", async () => {
    const room = uniqueName("echo");
    const ada = await join(room, "ada");
    const second = await join(room, "ada");
    const bo = await join(room, "bo");
    const at = ada.received.length;
    ada.send({
      type: "batch",
      commands: [
        { type: "send", id: "1", data: 1 },
        { type: "send", id: "2", data: 2, echo: false },
        { type: "send", id: "3", data: 3 },
      ],
    });
    await Promise.all([ada.settled(), second.settled(), bo.settled()]);
    const own = ada.received.slice(at).filter(({ type }) => type === "message" || type === "ok");
    expect(own.map(({ type, id }) => [type, id])).toEqual([
      ["message", "1"],
      ["ok", "2"],
      ["message", "3"],
      ["ok", "1"],
      ["ok", "3"],
    ]);
    expect(own.slice(0, 3).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    for (const other of [second, bo])
      expect(other.ofType("message").map(({ id }) => id)).toEqual(["1", "2", "3"]);
    const replayed = await join(room, "ada");
    expect(replayed.ofType("message").map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });

  it("[S4] the ok also takes its place on a connection whose topics do not match", async () => {
    const ada = await join(uniqueName("echo"), "ada", { query: "?topics=other" });
    expect(await ada.ask({ type: "send", id: "1", data: 1, echo: false })).toMatchObject({ seq: 1 });
    expect(ada.ofType("message")).toEqual([]);
  });

  it("[S8] replyTo is the seq of a message, or at or below floor; otherwise not_found, and nothing is stored", async () => {
    const room = uniqueName("reply");
    const ada = await join(room, "ada");
    await fill(ada, 60);
    const reply = async (replyTo: number) =>
      ada.ask({ type: "send", id: crypto.randomUUID(), data: 1, replyTo });
    expect(await reply(61)).toMatchObject({ type: "error", code: "not_found", path: ["replyTo"] });
    expect(await reply(1_000_000)).toMatchObject({ code: "not_found" });
    expect(await reply(60)).toMatchObject({ type: "ok", seq: 61 });
    expect(await reply(12)).toMatchObject({ type: "ok", seq: 62 });
    expect(await reply(3)).toMatchObject({ type: "ok", seq: 63 });
    expect(await reply(64)).toMatchObject({ code: "not_found" });
  });

  it("[S9] data over MAX_MESSAGE_BYTES in UTF-8 is too_large, and nothing is stored", async () => {
    const room = uniqueName("large");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const send = (data: unknown) => ada.ask({ type: "send", id: crypto.randomUUID(), data });
    expect(await send("x".repeat(999))).toMatchObject({ type: "error", code: "too_large", path: ["data"] });
    expect(await send("é".repeat(500))).toMatchObject({ code: "too_large" });
    expect(await send({ a: ["😀".repeat(250)] })).toMatchObject({ code: "too_large" });
    ada.send({ type: "signal", id: "s", event: "x", data: "x".repeat(999) });
    expect(await ada.next("error")).toMatchObject({ id: "s", code: "too_large" });
    expect(await send("x".repeat(998))).toMatchObject({ type: "ok", seq: 1 });
    expect(await send("é".repeat(499))).toMatchObject({ type: "ok", seq: 2 });
    await bo.settled();
    expect([bo.ofType("message").length, bo.ofType("signal").length]).toEqual([2, 0]);
    expect(await storedMessages(room)).toBe(2);
  });

  it("[S10] without write a send or signal is forbidden, on the socket and over HTTP", async () => {
    const room = uniqueName("reader");
    const bo = await join(room, "bo");
    const reader = await join(room, "ada", { rooms: { "*": "read" } });
    expect(await reader.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ code: "forbidden" });
    reader.send({ type: "signal", id: "s", event: "x" });
    expect(await reader.next("error")).toMatchObject({ id: "s", code: "forbidden" });
    const token = await tokenFor("ada", { rooms: { "*": "read" } });
    const posted = await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect([posted.status, (await errorOf(posted)).code]).toEqual([403, "forbidden"]);
    await bo.settled();
    expect(bo.ofType("message").length + bo.ofType("signal").length).toBe(0);
  });

  it.each(["task", "task.created", "task:created"])(
    "[S10] %s can be sent by server code only",
    async (event) => {
      const room = uniqueName("server");
      const ada = await join(room, "ada", { rooms: { "*": "moderate" } });
      const refused = { code: "forbidden", path: ["event"] };
      expect(await ada.ask({ type: "send", id: "m", event, data: 1 })).toMatchObject(refused);
      ada.send({ type: "signal", id: "s", event });
      expect(await ada.next("error")).toMatchObject(refused);
      const token = await tokenFor("ada", { rooms: { "*": "moderate" } });
      for (const path of ["messages", "signals"]) {
        const response = await callAs(token, "POST", `/v1/rooms/${room}/${path}`, { event, data: 1 });
        expect(response.status).toBe(403);
        expect(await errorOf(response)).toMatchObject(refused);
      }
      const posted = await callAsServer("POST", `/v1/rooms/${room}/messages`, { event, data: 1 });
      expect(posted.status).toBe(201);
      expect(await ada.next("message")).toMatchObject({ event, from: null, seq: 1 });
    },
  );

  it("[S10] names that only begin the same way can be sent by users", async () => {
    const ada = await join(uniqueName("free"), "ada");
    for (const event of ["tasks", "task_created", "Task", "my.task"]) {
      expect(await ada.ask({ type: "send", id: event, event, data: 1 })).toMatchObject({ type: "ok" });
    }
  });

  it("[S12] a seq is never reused within an epoch, also after a restart and whatever retention has removed", async () => {
    const room = uniqueName("seq");
    let next = 1;
    let epoch: unknown;
    for (const count of [1, 49, 1, 60, 300]) {
      const ada = await join(room, "ada");
      const connected = await ada.next("connected");
      expect(connected.head).toBe(next - 1);
      epoch ??= connected.epoch;
      expect(connected.epoch).toBe(epoch);
      await fill(ada, count);
      next += count;
      await evictDurableObject(roomObject(room), { webSockets: "close" });
    }
  });

  it("[S14] a failed write is internal and delivered to no one, and the room continues to work", async () => {
    const room = uniqueName("failing");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    await fill(ada, 2);
    const heal = await failWrites(roomObject(room), (query) => query.startsWith("INSERT"));
    const failed = await ada.ask({ type: "send", id: "m", data: 1 });
    expect(failed).toMatchObject({ type: "error", code: "internal" });
    const silent = await ada.ask({ type: "send", id: "n", data: 1, echo: false });
    expect(silent).toMatchObject({ type: "error", code: "internal" });
    const posted = await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(posted.status).toBe(500);
    expect((await posted.text()) + ada.texts.join() + bo.texts.join()).not.toContain("DETAIL-OF-THE-FAULT");
    ada.send({ type: "signal", event: "still" });
    await bo.next("signal");
    expect(bo.ofType("message")).toHaveLength(2);
    heal();
    expect(await ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok", seq: 3 });
    expect(await bo.next("message", ({ seq }) => seq === 3)).toMatchObject({ id: "m" });
  });

  it("[S14] in a batch only the command whose write failed fails", async () => {
    const room = uniqueName("failing");
    const ada = await join(room, "ada");
    let inserts = 0;
    await failWrites(roomObject(room), (query) => query.startsWith("INSERT") && ++inserts === 2);
    ada.send({
      type: "batch",
      commands: [1, 2, 3].map((data) => ({ type: "send", id: `m${data}`, data })),
    });
    await ada.settled();
    expect(ada.ofType("message").map(({ id, seq }) => [id, seq])).toEqual([
      ["m1", 1],
      ["m3", 2],
    ]);
    expect(ada.ofType("error").map(({ id, code }) => [id, code])).toEqual([["m2", "internal"]]);
  });
});
