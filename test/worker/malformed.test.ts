import { describe, expect, it } from "vitest";
import { storedMessages } from "./support/objects.ts";
import { fill, join, openSession, uniqueName } from "./support/worker.ts";

type Case = readonly [
  what: string,
  frame: string | ArrayBuffer | object,
  path?: readonly (string | number)[],
];

const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000);
const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

const noFrames: Case[] = [
  ["nothing", ""],
  ["no JSON", "hello"],
  ["half of JSON", '{"type":"send"'],
  ["more than JSON", '{"type":"topics","id":"x","topics":null} {}'],
  ["null", "null"],
  ["a number", "1"],
  ["text", '"send"'],
  ["true", "true"],
  ["an array", "[]"],
  ["an array of commands", '[{"type":"send","id":"x","data":1}]'],
  ["a binary frame", new TextEncoder().encode('{"type":"send","id":"x","data":1}').buffer],
  ["an empty binary frame", new ArrayBuffer(0)],
  ["arrays 100,000 deep", deep("[", "]")],
  ["a byte order mark alone", "\ufeff"],
];

const noTypes: Case[] = [
  ["no type", { id: "x" }, ["type"]],
  ["an unknown type", { type: "shout", id: "x" }, ["type"]],
  ["a type in another case", { type: "Send", id: "x", data: 1 }, ["type"]],
  ["a type of the server", { type: "message", id: "x", data: 1 }, ["type"]],
  ["a number for a type", { type: 1, id: "x" }, ["type"]],
  ["null for a type", { type: null, id: "x" }, ["type"]],
  ["a list for a type", { type: ["send"], id: "x", data: 1 }, ["type"]],
  ["__proto__ as type", { type: "__proto__", id: "x" }, ["type"]],
  ["constructor as type", { type: "constructor", id: "x" }, ["type"]],
  ["toString as type", { type: "toString", id: "x" }, ["type"]],
  ["hasOwnProperty as type", { type: "hasOwnProperty", id: "x" }, ["type"]],
  ["objects 100,000 deep", `{"id":"x","a":${'{"a":'.repeat(100_000)}1${"}".repeat(100_001)}`, ["type"]],
  ["a batch in a batch", { type: "batch", commands: [{ type: "batch", id: "x", commands: [] }] }, ["type"]],
];

const noCommands: Case[] = [
  ["send without data", { type: "send", id: "x" }, ["data"]],
  ["send with a bad event", { type: "send", id: "x", data: 1, event: "a b" }, ["event"]],
  ["send with null for an event", { type: "send", id: "x", data: 1, event: null }, ["event"]],
  ["send with a number for an event", { type: "send", id: "x", data: 1, event: 1 }, ["event"]],
  ["send in reply to 0", { type: "send", id: "x", data: 1, replyTo: 0 }, ["replyTo"]],
  ["send in reply to text", { type: "send", id: "x", data: 1, replyTo: "1" }, ["replyTo"]],
  ["send in reply to half", { type: "send", id: "x", data: 1, replyTo: 1.5 }, ["replyTo"]],
  ["send in reply to 2^53", '{"type":"send","id":"x","data":1,"replyTo":9007199254740992}', ["replyTo"]],
  ["send in reply to 1e400", '{"type":"send","id":"x","data":1,"replyTo":1e400}', ["replyTo"]],
  [
    "send with 21 mentions",
    { type: "send", id: "x", data: 1, mentions: many(21, (at) => `u${at}`) },
    ["mentions"],
  ],
  ["send that mentions a number", { type: "send", id: "x", data: 1, mentions: [1] }, ["mentions", 0]],
  ["send that mentions an object", { type: "send", id: "x", data: 1, mentions: { 0: "bo" } }, ["mentions"]],
  ["send with text for echo", { type: "send", id: "x", data: 1, echo: "false" }, ["echo"]],
  ["send with a number for retryOf", { type: "send", id: "x", data: 1, retryOf: 5 }, ["retryOf"]],
  ["signal without event", { type: "signal", id: "x" }, ["event"]],
  ["signal with an empty event", { type: "signal", id: "x", event: "" }, ["event"]],
  ["signal to nobody's id", { type: "signal", id: "x", event: "e", to: "" }, ["to"]],
  ["signal to a list", { type: "signal", id: "x", event: "e", to: ["bo"] }, ["to"]],
  ["presence with an unknown status", { type: "presence", id: "x", status: "gone" }, ["status"]],
  ["presence with null for a status", { type: "presence", id: "x", status: null }, ["status"]],
  ["topics without topics", { type: "topics", id: "x" }, ["topics"]],
  ["topics as text", { type: "topics", id: "x", topics: "a" }, ["topics"]],
  ["21 topics", { type: "topics", id: "x", topics: many(21, (at) => `t${at}`) }, ["topics"]],
  ["topics with null among them", { type: "topics", id: "x", topics: ["a", null] }, ["topics", 1]],
  ["history before -1", { type: "history", id: "x", before: -1 }, ["before"]],
  ["history before text", { type: "history", id: "x", before: "1" }, ["before"]],
  ["history after a half", { type: "history", id: "x", after: 0.5 }, ["after"]],
  ["history after null", { type: "history", id: "x", after: null }, ["after"]],
  ["history of 0", { type: "history", id: "x", limit: 0 }, ["limit"]],
  ["history of 1,001", { type: "history", id: "x", after: 0, limit: 1_001 }, ["limit"]],
  ["history both ways", { type: "history", id: "x", before: 1, after: 1 }],
  ["auth without a token", { type: "auth", id: "x" }, ["token"]],
  ["auth with an object", { type: "auth", id: "x", token: {} }, ["token"]],
];

const needsId = [
  { type: "send", data: 1 },
  { type: "presence" },
  { type: "topics", topics: null },
  { type: "history" },
  { type: "auth", token: "t" },
];
const badIds = ["", "i".repeat(65), 5, null, ["x"], {}, true, "\ud800", "a\udc00b"];

const frameOf = (frame: string | ArrayBuffer | object) =>
  typeof frame === "string" || frame instanceof ArrayBuffer ? frame : JSON.stringify(frame);

describe("a frame that is no command of a room", () => {
  it.each([...noFrames, ...noTypes, ...noCommands].map(([what, frame, path]) => ({ what, frame, path })))(
    "[M2] $what is bad_request, and no one else notices",
    async ({ frame, path }) => {
      const room = uniqueName("malformed");
      const ada = await join(room, "ada");
      const bo = await join(room, "bo");
      await Promise.all([ada.settled(), bo.settled()]);
      const [delivered, own] = [bo.received.length, ada.received.length];
      ada.send(frameOf(frame));
      const error = await ada.next("error");
      expect(error).toMatchObject({ code: "bad_request", message: expect.any(String) });
      expect(error.path).toEqual(path);
      expect(error.id).toBe(noFrames.some(([, other]) => other === frame) ? undefined : "x");
      expect(JSON.stringify(error).length).toBeLessThan(300);
      await Promise.all([ada.settled(), bo.settled()]);
      expect(ada.received.slice(own).map(({ type }) => type)).toEqual(["error", "pong"]);
      expect(bo.received.slice(delivered).map(({ type }) => type)).toEqual(["pong"]);
      expect(await storedMessages(room)).toBe(0);
    },
  );

  it.each(needsId)("[M2][A12] $type without an id, or with an invalid id, is refused", async (command) => {
    const room = uniqueName("malformed");
    const ada = await join(room, "ada");
    for (const id of [undefined, ...badIds]) {
      ada.send({ ...command, id });
      const error = await ada.next("error");
      expect(error, JSON.stringify(id)).toMatchObject({ code: "bad_request", path: ["id"] });
      expect(error, JSON.stringify(id)).not.toHaveProperty("id");
    }
    expect(await storedMessages(room)).toBe(0);
  });

  it.each([{ type: "signal", event: "e" }, { type: "ping" }])(
    "[M2] $type with an invalid id is refused",
    async (command) => {
      const ada = await join(uniqueName("malformed"), "ada");
      for (const id of badIds) {
        ada.send({ ...command, id });
        expect(await ada.next("error"), JSON.stringify(id)).toMatchObject({ path: ["id"] });
      }
    },
  );

  it("[M2] the first field that does not fit is named", async () => {
    const ada = await join(uniqueName("malformed"), "ada");
    const command = { type: "send", id: "x", event: "a b", data: 1, replyTo: -1, mentions: [""] };
    expect(await ada.ask(command)).toMatchObject({ code: "bad_request", path: ["event"] });
  });

  it("[M2] unknown fields are ignored, also those with names of the language", async () => {
    const ada = await join(uniqueName("malformed"), "ada");
    ada.send('{"type":"send","id":"x","data":1,"__proto__":{"event":"evil"},"constructor":1,"later":true}');
    expect(await ada.next("message")).toEqual({
      type: "message",
      seq: 1,
      id: "x",
      event: "chat",
      from: { id: "ada" },
      at: expect.any(Number),
      data: 1,
    });
  });

  it.each([
    { type: "send", id: "x" },
    { type: "signal", id: "x", event: "e" },
    { type: "presence", id: "x" },
  ])("[M2][S9] $type with data 100,000 deep is refused, and no one else notices", async (command) => {
    const room = uniqueName("deep");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    ada.send(`${JSON.stringify(command).slice(0, -1)},"data":${deep("[", "]")}}`);
    expect(await ada.next("error")).toMatchObject({ id: "x", code: "too_large", path: ["data"] });
    await bo.settled();
    expect(bo.received.map(({ type }) => type)).toEqual(["connected", "caughtUp", "pong"]);
    expect(await storedMessages(room)).toBe(0);
  });

  it("[M2] presence over 1 KiB is too_large, and no one else notices", async () => {
    const room = uniqueName("malformed");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const presence = { type: "presence", id: "p", status: "busy" };
    expect(await ada.ask({ ...presence, data: "é".repeat(512) })).toMatchObject({ code: "too_large" });
    await bo.settled();
    expect(bo.ofType("memberUpdated")).toEqual([]);
    expect(await ada.ask({ ...presence, data: "é".repeat(511) })).toMatchObject({ type: "ok" });
  });
});

describe("a frame that is no command of a session", () => {
  const cases: Case[] = [
    ...noFrames,
    ...noTypes,
    ["send", { type: "send", id: "x", data: 1 }, ["type"]],
    ["mark without a state", { type: "mark", id: "x", all: true }, ["state"]],
    ["mark with an unknown state", { type: "mark", id: "x", all: true, state: "gone" }, ["state"]],
    ["mark of nothing", { type: "mark", id: "x", state: "read" }],
    ["mark of two", { type: "mark", id: "x", state: "read", all: true, upTo: 1 }],
    ["mark of all: false", { type: "mark", id: "x", state: "read", all: false }, ["all"]],
    ["mark of a number", { type: "mark", id: "x", state: "read", ids: [1] }, ["ids", 0]],
    ["mark of an empty id", { type: "mark", id: "x", state: "read", ids: ["a", ""] }, ["ids", 1]],
    ["mark of an id of 201", { type: "mark", id: "x", state: "read", ids: ["i".repeat(201)] }, ["ids", 0]],
    ["mark of 1,001", { type: "mark", id: "x", state: "read", ids: many(1_001, String) }, ["ids"]],
    ["mark up to -1", { type: "mark", id: "x", state: "read", upTo: -1 }, ["upTo"]],
    ["notifications of 201", { type: "notifications", id: "x", limit: 201 }, ["limit"]],
    ["notifications before text", { type: "notifications", id: "x", before: "1" }, ["before"]],
    ["notifications in no state", { type: "notifications", id: "x", state: "new" }, ["state"]],
    ["history without after", { type: "history", id: "x" }, ["after"]],
    ["topics as text", { type: "topics", id: "x", topics: "a" }, ["topics"]],
  ];

  it("[M2] is bad_request, and the other devices receive nothing", async () => {
    const user = uniqueName("malformed");
    const other = await openSession(user);
    for (const [what, frame, path] of cases) {
      const session = await openSession(user);
      session.send(frameOf(frame));
      const error = await session.next("error");
      expect(error, what).toMatchObject({ code: "bad_request" });
      expect(error.path, what).toEqual(path);
      expect(error.id, what).toBe(noFrames.some(([, one]) => one === frame) ? undefined : "x");
      session.close(1000);
    }
    await other.settled();
    expect(other.received.map(({ type }) => type)).toEqual(["connected", "caughtUp", "pong"]);
  });
});

describe("an answer", () => {
  it("[M10] contains no stack, no secret and nothing that the client sent", async () => {
    const room = uniqueName("quiet");
    const ada = await join(room, "ada");
    await fill(ada, 1);
    const token = "eyJhbGciOiJIUzI1NiJ9.SENSITIVE.SENSITIVE";
    const frames = [
      "SENSITIVE",
      { type: "SENSITIVE", id: "x" },
      { type: "send", id: "x", data: "SENSITIVE", event: "SENSITIVE SENSITIVE" },
      { type: "send", id: "x", data: "SENSITIVE".repeat(200) },
      { type: "send", id: "x", data: 1, replyTo: "SENSITIVE" },
      { type: "send", id: "x", data: 1, mentions: ["SENSITIVE\nSENSITIVE"] },
      { type: "send", id: "x", data: 1, retryOf: "SENSITIVE" },
      { type: "presence", id: "x", status: "SENSITIVE" },
      { type: "topics", id: "x", topics: ["SENSITIVE SENSITIVE"] },
      { type: "auth", id: "x", token },
    ];
    for (const frame of frames) {
      ada.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      const text = JSON.stringify(await ada.next("error"));
      expect(text).not.toMatch(/SENSITIVE|eyJ|\bat .*\.(ts|js):|secret/i);
    }
  });
});
