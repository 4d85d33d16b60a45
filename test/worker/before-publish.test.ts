// The question to the deployer's back end before a message of a user is stored, in a real room.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { advanceClock, storedMessages } from "./support/objects.ts";
import { type Answers, heldAnswers, PASS, startPublishBackEnd } from "./support/publish-back-end.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  join,
  openSession,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

function listenToLog() {
  const errors = vi.spyOn(console, "error").mockImplementation(() => {});
  const lines = vi.spyOn(console, "info").mockImplementation(() => {});
  onTestFinished(() => {
    errors.mockRestore();
    lines.mockRestore();
  });
  return (event: string) =>
    [...errors.mock.calls, ...lines.mock.calls]
      .flat()
      .map(String)
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line): Record<string, unknown> => JSON.parse(line));
}

const send = (id: string, data: unknown = id, more: object = {}) => ({ type: "send", id, data, ...more });

describe("the question", () => {
  it("[Z128] is a signed POST of what the user wants to store, and follows no redirect", async () => {
    const backEnd = await startPublishBackEnd(() => PASS);
    const room = await backEnd.room();
    const ada = await join(room, "ada", { name: "Ada" });
    await ada.ask(send("m1", { text: "hello" }));
    await ada.ask(send("m2", null, { event: "note", replyTo: 1, mentions: ["bo"] }));
    await ada.ask({ type: "edit", id: "e", seq: 1, data: ["hi"] });
    const common = { room, user: { id: "ada", name: "Ada" } };
    expect(backEnd.asked).toEqual([
      { type: "send", ...common, event: "chat", data: { text: "hello" } },
      { type: "send", ...common, event: "note", replyTo: 1, mentions: ["bo"], data: null },
      { type: "edit", ...common, event: "chat", seq: 1, data: ["hi"] },
    ]);
    for (const { method, redirect, headers } of backEnd.requests) {
      expect([method, redirect]).toEqual(["POST", "manual"]);
      expect([...new Headers(headers).keys()].sort()).toEqual(["content-type", "edge-rooms-signature"]);
    }
  });

  it("[Z128] comes for each way of a user, and never for server code, signals, reactions and deletes", async () => {
    const backEnd = await startPublishBackEnd(() => PASS);
    const room = await backEnd.room();
    const [token, session] = [await tokenFor("bo"), await openSession(uniqueName("cy"))];
    const posted = await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: "call", id: "c" });
    expect(posted.status).toBe(201);
    expect((await callAs(token, "PATCH", `/v1/rooms/${room}/messages/1`, { data: "edit" })).status).toBe(200);
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    session.send({ ...send("s", "session"), room });
    await session.next("ok", ({ id }) => id === "s");
    const post = async (path: string, ...lines: object[]) => {
      const body = lines.map((line) => JSON.stringify(line)).join("\n");
      const headers = { Authorization: `Bearer ${token}` };
      return (await call(`/v1/rooms/${room}/${path}`, { method: "POST", headers, body })).text();
    };
    const opened = (await post("poll", { wait: 10 })).trim().split("\n");
    const { connection } = JSON.parse(opened.at(-1) ?? "{}");
    await post("commands", { connection, number: 1 }, send("p", "poll"));
    await expect.poll(() => backEnd.asked.length).toBe(4);
    expect(backEnd.asked.map(({ type, data }) => [type, data])).toEqual([
      ["send", "call"],
      ["edit", "edit"],
      ["send", "session"],
      ["send", "poll"],
    ]);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, from: { id: "bo" } });
    await callAsServer("PATCH", `/v1/rooms/${room}/messages/1`, { data: 2 });
    const ada = await join(room, "ada");
    ada.send({ type: "signal", event: "typing", data: true });
    await ada.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
    await ada.ask({ type: "history", id: "h" });
    expect((await callAs(token, "DELETE", `/v1/rooms/${room}/messages/1`)).status).toBe(200);
    expect(backEnd.asked).toHaveLength(4);
  });

  it("[Z129] is not asked about what is refused anyway, and a repeat is answered without it", async () => {
    const backEnd = await startPublishBackEnd(() => PASS, { RATE_PER_SECOND: 0.001, RATE_BURST: 12 });
    const room = await backEnd.room();
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, from: { id: "bo" } });
    const ada = await join(room, "ada");
    const code = async (command: object) => (await ada.ask({ id: crypto.randomUUID(), ...command })).code;
    expect(await code({ type: "send", data: "x".repeat(1_001) })).toBe("too_large");
    expect(await code({ type: "send", data: 1, event: "task.new" })).toBe("forbidden");
    expect(await code({ type: "send", data: 1, replyTo: 99 })).toBe("not_found");
    expect(await code({ type: "send", data: 1, retryOf: "other.1" })).toBe("stale_retry");
    expect(await code({ type: "edit", seq: 1, data: 2 })).toBe("forbidden");
    expect(await code({ type: "edit", seq: 9, data: 2 })).toBe("not_found");
    const reader = await join(room, "eve", { rooms: { "*": "read" } });
    expect(await reader.ask(send("no"))).toMatchObject({ code: "forbidden" });
    expect(backEnd.asked).toEqual([]);
    expect(await ada.ask(send("m1"))).toMatchObject({ seq: 2 });
    expect(await ada.ask(send("m1"))).toMatchObject({ seq: 2, duplicate: true });
    await callAsServer("PATCH", `/v1/rooms/${room}`, { slowModeMs: 60_000 });
    expect(await ada.ask(send("m2"))).toMatchObject({ code: "rate_limited" });
    await callAsServer("PATCH", `/v1/rooms/${room}`, { slowModeMs: 0 });
    // Each command cost one rate token, also what was refused: three of twelve are left.
    for (const id of ["m3", "m4", "m5"]) expect(await ada.ask(send(id))).toMatchObject({ type: "ok" });
    expect(await ada.ask(send("m6"))).toMatchObject({ code: "rate_limited" });
    expect(backEnd.asked.map(({ data }) => data)).toEqual(["m1", "m3", "m4", "m5"]);
  });

  it("[Z124] is asked about the topics that are named", async () => {
    const backEnd = await startPublishBackEnd(() => PASS, { BEFORE_PUBLISH_TOPICS: "support:open" });
    const ada = await join(await backEnd.room(), "ada");
    await ada.ask(send("m1"));
    await ada.ask(send("m2", 2, { event: "support.vip" }));
    await ada.ask({ type: "edit", id: "e1", seq: 1, data: 3 });
    await ada.ask({ type: "edit", id: "e2", seq: 2, data: 4 });
    expect(backEnd.asked.map(({ data }) => data)).toEqual([2, 4]);
  });

  it("[Z130] makes opening a stream forbidden for users, not for server code", async () => {
    const backEnd = await startPublishBackEnd(() => PASS, { BEFORE_PUBLISH_TOPICS: "chat:open" });
    const room = await backEnd.room();
    const ada = await join(room, "ada");
    const refused = await ada.ask(send("s1", { text: "" }, { stream: true }));
    expect(refused).toMatchObject({ code: "forbidden", path: ["stream"] });
    expect(refused.message).toContain("cannot stream");
    const path = `/v1/rooms/${room}/messages`;
    const opening = { data: { text: "" }, stream: true };
    const byCall = await callAs(await tokenFor("ada"), "POST", path, opening);
    expect(await errorOf(byCall)).toMatchObject({ code: "forbidden", path: ["stream"] });
    const lines = `${JSON.stringify({ data: { text: "" } })}\n`;
    const streamed = await call(`${path}/stream`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${await tokenFor("ada")}`,
        "Content-Type": "application/x-ndjson",
      },
      body: lines,
    });
    expect(await errorOf(streamed)).toMatchObject({ code: "forbidden", path: ["stream"] });
    const elsewhere = await ada.ask(send("s2", { text: "" }, { stream: true, event: "other" }));
    expect(elsewhere).toMatchObject({ type: "ok" });
    expect(backEnd.asked).toEqual([]);
    expect((await callAsServer("POST", path, opening)).status).toBe(201);
  });
});

describe("the answer", () => {
  it("[Z125] may change a message: all read what is stored, the sender too without echo", async () => {
    const backEnd = await startPublishBackEnd(({ data }) => ({
      action: "change",
      data: { text: String(data).replace("darn", "d***") },
    }));
    const room = await backEnd.room();
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    ada.send(send("m1", "darn it", { echo: false }));
    const expected = { id: "m1", from: { id: "ada" }, data: { text: "d*** it" } };
    const message = await ada.next("message");
    expect(message).toMatchObject(expected);
    expect(message).not.toHaveProperty("editedBy");
    expect(await ada.next("ok")).toMatchObject({ id: "m1", seq: 1 });
    expect(await bo.next("message")).toMatchObject(expected);
    await ada.ask({ type: "edit", id: "e", seq: 1, data: "darn" });
    const updated = await bo.next("messageUpdated");
    expect(updated).toMatchObject({ by: "ada", message: { data: { text: "d***" } } });
    expect(updated.message).not.toHaveProperty("editedBy");
    backEnd.answerWith(() => PASS);
    ada.send(send("m2", "as it is", { echo: false }));
    expect(await ada.next("ok", ({ id }) => id === "m2")).toMatchObject({ seq: 3 });
    await ada.settled();
    expect(ada.ofType("message").map(({ id }) => id)).toEqual(["m1"]);
  });

  it("[Z126] may refuse, with words for the sender", async () => {
    const backEnd = await startPublishBackEnd(() => ({ action: "refuse", message: "No links, please." }));
    const room = await backEnd.room();
    const ada = await join(room, "ada");
    const refusal = { code: "forbidden", message: "No links, please." };
    expect(await ada.ask(send("m1"))).toMatchObject({ type: "error", id: "m1", ...refusal });
    const called = await callAs(await tokenFor("ada"), "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(called.status).toBe(403);
    expect(await errorOf(called)).toMatchObject(refusal);
    expect(await storedMessages(room)).toBe(0);
  });

  it("[Z131] may flag: all read the flag, the log names the message and not its text, an edit replaces the flag", async () => {
    const lines = listenToLog();
    const backEnd = await startPublishBackEnd(({ data }) => ({ action: "flag", flag: `flag-${data}` }));
    const room = await backEnd.room();
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    ada.send(send("m1", "one", { echo: false }));
    expect(await ada.next("message")).toMatchObject({ flag: "flag-one" });
    expect(await bo.next("message")).toMatchObject({ flag: "flag-one", data: "one" });
    await ada.ask({ type: "edit", id: "e1", seq: 1, data: "two" });
    expect(await bo.next("messageUpdated")).toMatchObject({ message: { flag: "flag-two" } });
    backEnd.answerWith(() => PASS);
    await ada.ask({ type: "edit", id: "e2", seq: 1, data: "three" });
    const cleared = await bo.next("messageUpdated");
    expect(cleared.message).not.toHaveProperty("flag");
    const common = { level: "info", room, user: "ada", seq: 1, topic: "chat" };
    expect(lines("message_flagged")).toMatchObject([
      { ...common, flag: "flag-one" },
      { ...common, flag: "flag-two" },
    ]);
  });
});

describe("no answer", () => {
  const troubles: [string, Answers][] = [
    ["a failure", () => new Response("{}", { status: 500 })],
    ["a redirect", () => new Response(null, { status: 307, headers: { Location: "https://evil.example" } })],
    ["a network error", () => Promise.reject(new TypeError("network"))],
    ["nothing", () => new Response(null, { status: 204 })],
    ["no JSON", () => new Response("pass")],
    ["nonsense", () => ({ action: "maybe" })],
    ["a change without data", () => ({ action: "change" })],
    ["a change to what is too large", () => ({ action: "change", data: "x".repeat(1_000) })],
    ["a huge body", () => ({ action: "pass", pad: "x".repeat(10_000) })],
  ];

  it.each(troubles)(
    "[Z127] but %s lets pass what is open, and refuses for now what is closed",
    async (_, trouble) => {
      const lines = listenToLog();
      const backEnd = await startPublishBackEnd(trouble, { BEFORE_PUBLISH_TOPICS: "chat:closed,*:open" });
      const room = await backEnd.room();
      const ada = await join(room, "ada");
      const refused = await ada.ask(send("m1", "SECRET-TEXT"));
      expect(refused).toMatchObject({ code: "overloaded", retryAfterMs: 2_000 });
      const asked = backEnd.asked.length;
      // Sent before the client knew: it must not overtake the first one.
      expect(await ada.ask(send("m3"))).toMatchObject({ code: "overloaded" });
      expect(backEnd.asked).toHaveLength(asked);
      expect(await ada.ask(send("m2", 2, { event: "note" }))).toMatchObject({ seq: 1 });
      const logged = lines("publish_unanswered");
      expect(JSON.stringify(logged)).not.toContain("SECRET-TEXT");
      backEnd.answerWith(() => PASS);
      advanceClock(2_000);
      expect(await ada.ask(send("m1", "SECRET-TEXT"))).toMatchObject({ seq: 2 });
    },
  );

  it("[Z132] in time: the limit counts, also for a body that drips", async () => {
    listenToLog();
    const backEnd = await startPublishBackEnd(
      (_, signal) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"action":'));
              signal.addEventListener("abort", () => controller.error(signal.reason));
            },
          }),
        ),
      { BEFORE_PUBLISH_TIMEOUT_MS: 100 },
    );
    const ada = await join(await backEnd.room(), "ada");
    expect(await ada.ask(send("m1"))).toMatchObject({ code: "overloaded" });
  });

  it("[Z133] for three users in a row stops the questions for 1 to 2 s", async () => {
    listenToLog();
    const backEnd = await startPublishBackEnd(() => new Response("", { status: 503 }));
    const room = await backEnd.room();
    for (const user of ["ada", "ada", "bo", "cy"])
      expect(await (await join(room, user)).ask(send(`of ${user}`))).toMatchObject({ code: "overloaded" });
    expect(backEnd.asked).toHaveLength(4);
    const dan = await join(room, "dan");
    for (let n = 0; n < 5; n++) expect(await dan.ask(send(`d${n}`))).toMatchObject({ code: "overloaded" });
    expect(backEnd.asked).toHaveLength(4);
    backEnd.answerWith(() => PASS);
    advanceClock(2_000);
    expect(await dan.ask(send("d9"))).toMatchObject({ type: "ok" });
  });
});

describe("while the back end is asked", () => {
  it("[Z120] the sender's next commands wait in their order, and nobody else does", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd((asked) =>
      asked.user.id === "ada" ? held.answers(asked) : PASS,
    );
    const room = await backEnd.room();
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    ada.send(send("a1"));
    ada.send({
      type: "batch",
      commands: [{ type: "signal", event: "typing" }, send("a2"), { type: "ping", id: "p" }],
    });
    expect(await bo.ask(send("b1"))).toMatchObject({ seq: 1 });
    await held.lets();
    expect(await ada.next("ok")).toMatchObject({ id: "a1", seq: 2 });
    expect(await bo.next("signal")).toMatchObject({ event: "typing" });
    expect(ada.ofType("pong")).toEqual([]);
    await held.lets({ action: "refuse", message: "no" });
    expect(await ada.next("error")).toMatchObject({ id: "a2", message: "no" });
    await ada.next("pong");
    expect(await storedMessages(room)).toBe(2);
  });

  it("[Z121] a close lets what was sent before take effect, and the member leaves after it", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd(held.answers);
    const room = await backEnd.room();
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    ada.send(send("a1"));
    ada.send(send("a2"));
    ada.close(1000);
    await held.lets();
    expect(await bo.next("message")).toMatchObject({ id: "a1" });
    expect(bo.ofType("memberLeft")).toEqual([]);
    await held.lets();
    expect(await bo.next("message")).toMatchObject({ id: "a2" });
    await bo.next("memberLeft");
  });

  it("[Z121] a session that leaves a room stores what it sent there before", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd(held.answers);
    const room = await backEnd.room();
    const [ada, user] = [await join(room, "ada"), uniqueName("bo")];
    const session = await openSession(user);
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    for (const frame of [send("s1"), send("s2"), { type: "leave", id: "l" }])
      session.send({ ...frame, room });
    await held.lets();
    expect(await ada.next("message")).toMatchObject({ id: "s1" });
    await held.lets({ action: "refuse", message: "no" });
    await ada.next("memberLeft");
    expect(await session.next("ok", ({ id }) => id === "l")).toMatchObject({ type: "ok" });
    expect(await storedMessages(room)).toBe(1);
  });

  it("[Z121] what its client gave up for a newer connection stores nothing", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd(held.answers);
    const room = await backEnd.room();
    const first = await join(room, "ada");
    const [connected] = first.ofType("connected");
    first.send(send("m1"));
    await expect.poll(() => held.waiting.length).toBe(1);
    const second = await join(room, "ada", { query: `?replaces=${connected?.connection}` });
    await held.lets();
    second.send(send("m1"));
    await held.lets();
    expect(await second.next("ok")).toMatchObject({ id: "m1", seq: 1 });
    expect(second.ofType("ok").map(({ duplicate }) => duplicate)).toEqual([undefined]);
    expect(await storedMessages(room)).toBe(1);
  });

  it("[Z134] a ban or a purge counts: all is judged again in the flush", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd(held.answers);
    const room = await backEnd.room();
    const ada = await join(room, "ada");
    const posted = callAs(await tokenFor("bo"), "POST", `/v1/rooms/${room}/messages`, { data: "call" });
    await expect.poll(() => held.waiting.length).toBe(1);
    ada.send(send("a1"));
    await expect.poll(() => held.waiting.length).toBe(2);
    for (const user of ["ada", "bo"])
      await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    await held.lets();
    await held.lets();
    expect((await posted).status).toBe(403);
    await ada.closed;
    const cy = await join(room, "cy");
    expect(cy.ofType("message")).toEqual([]);
    cy.send(send("c1"));
    await expect.poll(() => held.waiting.length).toBe(1);
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    await held.lets();
    await cy.closed;
    const { messages } = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{
      messages: [];
    }>();
    expect(messages).toEqual([]);
  });

  it("[Z135] a client that sends again is asked about again, and its message is stored once", async () => {
    const held = heldAnswers();
    const backEnd = await startPublishBackEnd(held.answers);
    const room = await backEnd.room();
    const first = await join(room, "ada");
    const [connected] = first.ofType("connected");
    const cursor = `${connected?.epoch}.0`;
    first.send(send("m1"));
    await expect.poll(() => held.waiting.length).toBe(1);
    const second = await join(room, "ada");
    second.send(send("m1", "m1", { retryOf: cursor }));
    await expect.poll(() => held.waiting.length).toBe(2);
    await held.lets();
    await held.lets();
    const answers = [await first.next("ok"), await second.next("ok")];
    expect(answers).toMatchObject([{ seq: 1 }, { seq: 1 }]);
    expect(answers.filter(({ duplicate }) => duplicate === true)).toHaveLength(1);
    expect(await storedMessages(room)).toBe(1);
  });
});
