import { describe, expect, it } from "vitest";
import { configureRoom, storedMessages } from "./support/objects.ts";
import { call, callAsServer, fill, join, tokenFor, uniqueName } from "./support/worker.ts";

const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const sends = (count: number) => many(count, (at) => ({ type: "send", id: `m${at}`, data: at }));

describe("an answer", () => {
  it("[M1] comes once for every command except signal and ping, with its id", async () => {
    const ada = await join(uniqueName("once"), "ada");
    const commands = [
      { type: "send", id: "1", data: 1 },
      { type: "presence", id: "2", status: "away" },
      { type: "topics", id: "3", topics: ["chat"] },
      { type: "history", id: "4" },
      { type: "auth", id: "5", token: await tokenFor("ada") },
      { type: "send", id: "6", data: 1, replyTo: 99 },
      { type: "history", id: "7", before: 1, after: 1 },
      { type: "auth", id: "8", token: "nonsense" },
    ];
    for (const command of commands) ada.send(command);
    ada.send({ type: "signal", id: "s", event: "x" });
    ada.send({ type: "ping" });
    await ada.settled();
    const answers = ada.received.filter(({ type }) => type === "ok" || type === "error");
    expect(answers.map(({ type, id }) => `${type} ${id}`).sort()).toEqual([
      ...["error 6", "error 7", "error 8"],
      ...["ok 1", "ok 2", "ok 3", "ok 4", "ok 5"],
    ]);
  });

  it("[M1] commands of one connection take effect in the order sent", async () => {
    const room = uniqueName("order");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    ada.send({ type: "send", id: "1", data: 1 });
    ada.send({ type: "history", id: "h1" });
    ada.send({ type: "send", id: "2", data: 2 });
    ada.send({ type: "topics", id: "none", topics: [] });
    ada.send({ type: "send", id: "3", data: 3 });
    ada.send({ type: "history", id: "h2" });
    ada.send({ type: "topics", id: "all", topics: null });
    ada.send({ type: "send", id: "4", data: 4 });
    await Promise.all([ada.settled(), bo.settled()]);
    const answer = (id: string) => ada.received.find((frame) => frame.type === "ok" && frame.id === id);
    expect(answer("h1")).toMatchObject({ messages: [{ seq: 1 }] });
    expect(answer("h2")).toMatchObject({ messages: [] });
    expect(ada.ofType("message").map(({ seq }) => seq)).toEqual([1, 2, 4]);
    expect(bo.ofType("message").map(({ data }) => data)).toEqual([1, 2, 3, 4]);
    expect([answer("none")?.seq, answer("all")?.seq]).toEqual([2, 3]);
  });
});

describe("a batch", () => {
  it("[M3] takes 1 to 100 commands, each answered separately", async () => {
    const ada = await join(uniqueName("batch"), "ada");
    ada.send({ type: "batch", commands: sends(100) });
    await ada.settled();
    expect(ada.ofType("ok").map(({ seq }) => seq)).toEqual(many(100, (at) => at + 1));
    ada.send({ type: "batch", commands: [{ type: "ping", id: "one" }] });
    await ada.next("pong", ({ id }) => id === "one");
  });

  it("[M3] continues after a refused command", async () => {
    const ada = await join(uniqueName("batch"), "ada");
    const commands = [
      { type: "send", id: "1", data: 1 },
      { type: "send", id: "2" },
      null,
      { type: "shout", id: "4" },
      { type: "send", id: "5", data: "x".repeat(2_000) },
      { type: "send", id: "6", data: 6 },
    ];
    ada.send({ type: "batch", commands });
    await ada.settled();
    expect(ada.ofType("message").map(({ id }) => id)).toEqual(["1", "6"]);
    expect(ada.ofType("error").map(({ id, code }) => [id, code])).toEqual([
      ["2", "bad_request"],
      [undefined, "bad_request"],
      ["4", "bad_request"],
      ["5", "too_large"],
    ]);
  });

  it("[M3] that is too long, empty or not a list is refused as a whole", async () => {
    const room = uniqueName("batch");
    const ada = await join(room, "ada");
    for (const commands of [sends(101), [], { 0: sends(1)[0] }, "send", null, undefined]) {
      ada.send({ type: "batch", commands });
      expect(await ada.next("error")).toMatchObject({ code: "bad_request" });
    }
    expect(ada.ofType("error")).toHaveLength(6);
    expect(await storedMessages(room)).toBe(0);
  });

  it("[M4] a frame over 1 MiB is too_large, and the connection stays open", async () => {
    const room = uniqueName("huge");
    const ada = await join(room, "ada");
    for (const text of ["x".repeat(1_048_600), "é".repeat(524_300)]) {
      ada.send({ type: "send", id: "m", data: text });
      const error = await ada.next("error");
      expect(error).toMatchObject({ code: "too_large" });
      expect(error).not.toHaveProperty("id");
    }
    const command = '{"type":"send","id":"m","data":1}';
    ada.send(command.padEnd(1_048_576));
    expect(await ada.next("ok")).toMatchObject({ id: "m", seq: 1 });
    ada.send(command.padEnd(1_048_577));
    expect(await ada.next("error")).toMatchObject({ code: "too_large" });
  });

  it("[M4] the results of one flush are cut into frames that fit", async () => {
    const room = uniqueName("cut");
    await configureRoom(room, { MAX_MESSAGE_BYTES: 262_144 });
    const bo = await join(room, "bo");
    const senders = await Promise.all(many(6, (at) => join(room, `u${at}`)));
    for (const [at, sender] of senders.entries())
      sender.send({ type: "send", id: `m${at}`, data: "é".repeat(130_000) });
    await bo.next("message", ({ seq }) => seq === 6);
    expect(bo.ofType("message").map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    const sizes = bo.texts.map((text) => new TextEncoder().encode(text).byteLength);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
  });
});

describe("the rate limit", () => {
  it("[M5] charges one rate token per command and one more per mention; without any it answers rate_limited with retryAfterMs", async () => {
    const room = uniqueName("rate");
    await configureRoom(room, { RATE_PER_SECOND: 0.01, RATE_BURST: 6 });
    const ada = await join(room, "ada");
    const second = await join(room, "ada");
    expect(await ada.ask({ type: "history", id: "1" })).toMatchObject({ type: "ok" });
    expect(await ada.ask({ type: "send", id: "2", data: 1, mentions: ["a", "b"] })).toMatchObject({ seq: 1 });
    expect(await second.ask({ type: "presence", id: "3" })).toMatchObject({ type: "ok" });
    expect(await second.ask({ type: "topics", id: "4", topics: null })).toMatchObject({ type: "ok" });
    const refused = await ada.ask({ type: "send", id: "5", data: 1 });
    expect(refused).toMatchObject({ type: "error", code: "rate_limited", retryAfterMs: expect.any(Number) });
    expect(Number(refused.retryAfterMs)).toBeGreaterThan(90_000);
    expect(Number(refused.retryAfterMs)).toBeLessThanOrEqual(100_000);
    expect(await ada.ask({ type: "ping", id: "6" })).toMatchObject({ code: "rate_limited" });
    const bo = await join(room, "bo");
    expect(await bo.ask({ type: "send", id: "7", data: 1 })).toMatchObject({ seq: 2 });
  });

  it("[M5][H1] is the same over HTTP, where server code pays nothing", async () => {
    const room = uniqueName("rate");
    await configureRoom(room, { RATE_PER_SECOND: 0.1, RATE_BURST: 1 });
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "1", data: 1 });
    const response = await call(`/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await tokenFor("ada")}` },
      body: '{"data":1}',
    });
    expect(response.status).toBe(429);
    expect(response.headers.get("Retry-After")).toBe("10");
    for (let i = 0; i < 5; i++)
      expect((await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: i })).status).toBe(201);
  });

  it("[M5] charges each command of a batch", async () => {
    const room = uniqueName("rate");
    await configureRoom(room, { RATE_PER_SECOND: 0.01, RATE_BURST: 3 });
    const ada = await join(room, "ada");
    ada.send({ type: "batch", commands: sends(5) });
    await ada.next("error", ({ id }) => id === "m4");
    expect(ada.ofType("ok").map(({ id }) => id)).toEqual(["m0", "m1", "m2"]);
    expect(ada.ofType("error").map(({ id, code }) => [id, code])).toEqual([
      ["m3", "rate_limited"],
      ["m4", "rate_limited"],
    ]);
  });
});

describe("faulty clients", () => {
  it("[M6] 20 bad frames in a row close with 4400; a valid frame in between starts the count again", async () => {
    const ada = await join(uniqueName("bad"), "ada");
    for (let i = 0; i < 19; i++) ada.send("nonsense");
    await ada.settled();
    for (let i = 0; i < 19; i++) ada.send({ type: "shout" });
    await ada.settled();
    expect(ada.ofType("error")).toHaveLength(38);
    for (let i = 0; i < 20; i++) ada.send("nonsense");
    expect(await ada.closed).toEqual({ code: 4400, reason: "bad_request" });
    expect(ada.ofType("error")).toHaveLength(57);
  });

  it("[M6] 100 refusals within 10 s close with 4429; others are not affected", async () => {
    const room = uniqueName("refused");
    const bo = await join(room, "bo");
    const reader = await join(room, "ada", { rooms: { "*": "read" } });
    reader.send({ type: "batch", commands: sends(99) });
    await reader.settled();
    expect(reader.ofType("error")).toHaveLength(99);
    reader.send({ type: "send", id: "last", data: 1 });
    expect(await reader.closed).toEqual({ code: 4429, reason: "rate_limited 10000" });
    await fill(bo, 1);
    expect(bo.ofType("message")).toHaveLength(1);
  });
});

describe("history", () => {
  async function filled(count: number) {
    const room = uniqueName("history");
    const ada = await join(room, "ada");
    await fill(ada, count);
    const ask = (fields: object) => ada.ask({ type: "history", id: crypto.randomUUID(), ...fields });
    const seqsOf = (page: unknown) => (Array.isArray(page) ? page.map(({ seq }) => seq) : page);
    return { ask, seqsOf };
  }

  it("[M7] pages messages backwards: the latest first page, ascending within the page", async () => {
    const { ask, seqsOf } = await filled(25);
    const pages = [];
    let before: unknown;
    for (;;) {
      const page = await ask({ limit: 10, ...(before !== undefined && { before }) });
      pages.push(seqsOf(page.messages));
      before = page.seq;
      if (page.more === undefined) break;
      expect(page.more).toBe(true);
    }
    expect(pages).toEqual([many(10, (at) => 16 + at), many(10, (at) => 6 + at), many(5, (at) => 1 + at)]);
    expect(await ask({ before: 1 })).toMatchObject({ messages: [] });
    expect(await ask({ before: 0 })).toMatchObject({ messages: [] });
    expect(seqsOf((await ask({ before: 1_000_000 })).messages)).toEqual(many(25, (at) => at + 1));
  });

  it("[M7] pages events forwards", async () => {
    const { ask, seqsOf } = await filled(25);
    const first = await ask({ after: 0, limit: 20 });
    expect([seqsOf(first.events), first.seq, first.more]).toEqual([many(20, (at) => at + 1), 20, true]);
    const last = await ask({ after: first.seq, limit: 5 });
    expect([seqsOf(last.events), last.seq, last.more]).toEqual([[21, 22, 23, 24, 25], 25, undefined]);
    expect(await ask({ after: 25 })).toMatchObject({ events: [], seq: 25 });
    expect(await ask({ after: 26 })).toMatchObject({ type: "error", code: "not_found" });
  });

  it("[M7] ends at floor, and refuses both directions at once", async () => {
    const { ask, seqsOf } = await filled(70);
    const page = await ask({ limit: 200 });
    expect([seqsOf(page.messages), page.more]).toEqual([many(50, (at) => 21 + at), undefined]);
    expect(await ask({ after: 19 })).toMatchObject({ code: "not_found", path: ["after"] });
    expect(await ask({ after: 20 })).toMatchObject({ type: "ok", seq: 70 });
    expect(await ask({ before: 5, after: 20 })).toMatchObject({ code: "bad_request" });
    expect(await ask({ limit: 201 })).toMatchObject({ code: "bad_request" });
  });
});
