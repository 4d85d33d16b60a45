import { describe, expect, it, vi } from "vitest";
import { CommandWriter } from "../../../client/connection/transport/commands.ts";
import { createClient, inboxOf } from "../../../client/index.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { createLog } from "../../../client/util/log.ts";
import { baseUrl, query } from "../../../client/util/url.ts";
import { knownFrame, valuesIn } from "../../../client/util/wire.ts";
import { MAX_FRAME_BYTES, SERVER_EVENTS } from "../../../src/protocol/index.ts";
import { dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { LIMITS, message, sessionConnected } from "./support/frames.ts";

/** The frames in a text, for a channel that takes all. */
const framesIn = (text: string) =>
  valuesIn(text).flatMap(({ value }) => knownFrame(value, SERVER_EVENTS) ?? []);

describe("the address", () => {
  it.each([
    ["https://rooms.example.com", undefined, "wss://rooms.example.com"],
    ["http://localhost:8787/", undefined, "ws://localhost:8787"],
    ["wss://example.com/edge/rooms/?x#y", undefined, "wss://example.com/edge/rooms"],
    ["", "https://page.example.com", "wss://page.example.com"],
    ["/edge", "http://page.example.com", "ws://page.example.com/edge"],
  ])("%s from %s is %s", (url, origin, expected) => {
    expect(baseUrl(url, origin)).toBe(expected);
  });

  it.each(["", "rooms", "ftp://example.com"])("%s alone is refused", (url) => {
    expect(() => baseUrl(url, undefined)).toThrow(expect.objectContaining({ code: "bad_request" }));
  });

  it("has a query only if a parameter has a value", () => {
    expect(query({ since: undefined, after: "", topics: [], before: null })).toBe("");
    expect(query({ topics: ["a", "b"], limit: 0 })).toBe("?topics=a%2Cb&limit=0");
  });
});

describe("frames from the server", () => {
  it("[C32] that are unknown or malformed are ignored, the rest is used", () => {
    const good = message(2);
    const frames = [
      { type: "novelty" },
      { type: "message", seq: "1" },
      { type: "toString" },
      good,
      null,
      7,
      { type: "batch", events: [good] },
    ];
    expect(framesIn(JSON.stringify({ type: "batch", events: frames }))).toEqual([good]);
    for (const text of ["", "{", "null", "[]", '"x"', "{}", '{"type":"batch"}']) {
      expect(framesIn(text)).toEqual([]);
    }
  });

  it("[F33] in envelopes are as if each had come whole; those that are malformed are left out", () => {
    const from = { id: "ada", name: "Ada" };
    const rows = [
      [0, "a", { text: "a" }],
      { type: "reaction", seq: 6, at: 7, target: 1, emoji: "👍", user: "bo", op: "add" },
      [1, "b", null, 20, 2],
      ...[[9, "no such envelope", 1], [0, 7, "no id"], ["0", "c", 1], [0, "no step", 1, "x"], []],
      [0, "after it nothing is known", 1],
    ];
    const envelopes = [
      { event: "chat", from },
      { event: "news", from, byServer: true },
    ];
    const text = JSON.stringify({ type: "batch", seq: 4, at: 7, envelopes, events: rows });
    expect(framesIn(text)).toEqual([
      { type: "message", seq: 5, id: "a", event: "chat", from, at: 7, data: { text: "a" } },
      rows[1],
      { type: "message", seq: 7, id: "b", event: "news", from, byServer: true, at: 27, data: null },
      { type: "message", seq: 10, id: "c", event: "chat", from, at: 27, data: 1 },
    ]);
    expect(framesIn(JSON.stringify({ type: "batch", events: rows }))).toEqual([rows[1]]);
  });

  it("[F33] are asked of a room in envelopes, and of a session as ever", async () => {
    const { socket, client, clock } = await dialedRoom();
    expect(socket().url.search).toBe("?batch=envelopes");
    inboxOf(client).on("state", () => {});
    await clock.advance(0);
    expect([socket().url.pathname, socket().url.search]).toEqual(["/v1/connect", ""]);
  });

  it("[F33] are asked for as ever where bytes cannot be read", async () => {
    const { TextDecoder } = globalThis;
    Reflect.deleteProperty(globalThis, "TextDecoder");
    const { socket } = await dialedRoom().finally(() => Object.assign(globalThis, { TextDecoder }));
    expect(socket().url.search).toBe("");
  });

  it("[C32] with an instant that is no date are malformed", () => {
    for (const at of ["1e300", "1e999", "8640000000000001"]) {
      expect(framesIn(JSON.stringify(message(1)).replace(/"at":\d+/, `"at":${at}`))).toEqual([]);
    }
  });

  it("[C32] may have unknown fields, which are ignored", () => {
    expect(framesIn(JSON.stringify(message(1, { novelty: 1 })))).toMatchObject([{ seq: 1 }]);
  });

  it("[C22] with an unknown error code count as `internal`", () => {
    const [parsed] = framesIn('{"type":"error","id":"a","code":"novelty","message":"New."}');
    expect(parsed).toEqual({ type: "error", id: "a", code: "internal", message: "New." });
  });

  it("[C32] cannot break the client with random text", async () => {
    const { room, socket, clock } = await roomForTest();
    for (const text of ["{", "null", '{"type":"caughtUp"}', '{"type":"ok","id":"unknown"}']) {
      socket().deliverText(text);
    }
    socket().deliver(sessionConnected(), message(1));
    expect(room.state.status).toBe("connected");
    expect(room.messages.length).toBe(1);
    room.signal("wave");
    await clock.advance(0);
    expect(socket().sentOf("signal").length).toBe(1);
  });
});

describe("commands", () => {
  const ping = (id: string) => ({ type: "ping", id }) as const;

  function writerForTest(batchMs = 0, frameBytes?: number) {
    const clock = new FakeClock();
    const frames: string[] = [];
    return {
      clock,
      frames,
      writer: new CommandWriter(clock, batchMs, (frame) => frames.push(frame), frameBytes),
    };
  }

  it("[C25] are sent unwrapped alone, several in one batch", async () => {
    const { clock, frames, writer } = writerForTest(50);
    writer.write(ping("a"));
    await clock.advance(50);
    writer.write(ping("b"));
    await clock.advance(49);
    writer.write(ping("c"));
    await clock.advance(1);
    expect(frames.map((frame) => JSON.parse(frame))).toEqual([
      ping("a"),
      { type: "batch", commands: [ping("b"), ping("c")] },
    ]);
  });

  it("[C215] of signals of one event only the last is sent, in its place among the others", async () => {
    const { clock, frames, writer } = writerForTest();
    const signal = (event: string, data: unknown, to?: string) =>
      ({ type: "signal", event, data, ...(to !== undefined && { to }) }) as const;
    const send = { type: "send", id: "s", data: 1 } as const;
    const written = [
      writer.write(signal("cursor", 1)),
      writer.write(signal("typing", { isTyping: true })),
      writer.write(signal("cursor", 2, "usr_2")),
      writer.write(signal("cursor", 3), "other_room"),
      writer.write(send),
      writer.write(signal("cursor", 4)),
      writer.write(signal("typing", { isTyping: false })),
    ];
    expect(written).toEqual([true, true, true, true, true, "instead", "instead"]);
    await clock.advance(0);
    expect(frames.map((frame) => JSON.parse(frame))).toEqual([
      signal("cursor", 2, "usr_2"),
      { room: "other_room", ...signal("cursor", 3) },
      {
        type: "batch",
        commands: [send, signal("cursor", 4), signal("typing", { isTyping: false })],
      },
    ]);
    writer.write(signal("cursor", 5));
    await clock.advance(0);
    expect(frames).toHaveLength(4);
  });

  it("[C25] are sent in batches of at most 100", async () => {
    const { clock, frames, writer } = writerForTest();
    for (let n = 0; n < 201; n++) writer.write(ping(`p${n}`));
    await clock.advance(0);
    expect(frames.map((frame) => JSON.parse(frame).commands?.length)).toEqual([100, 100, undefined]);
  });

  it("[C25] are sent in frames below the size limit", async () => {
    const { clock, frames, writer } = writerForTest(0, 200);
    for (let n = 0; n < 20; n++) writer.write(ping("é".repeat(5 + n)));
    expect(writer.write(ping("é".repeat(100)))).toBe(false);
    await clock.advance(0);
    const bytes = frames.map((frame) => new TextEncoder().encode(frame).length);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(200);
    expect(frames.flatMap((frame) => JSON.parse(frame).commands ?? [frame]).length).toBe(20);
  });

  it("[C25] that are larger than a frame may be fail with `too_large`", async () => {
    // The server's own frame size is separate.
    const { room, socket, clock } = await roomForTest({}, {}, { limits: { ...LIMITS, frameBytes: 4_096 } });
    room.signal("wave", "x".repeat(5_000));
    await clock.advance(0);
    expect(socket().sentOf("signal")).toHaveLength(1);
    const sent = room.send("x".repeat(MAX_FRAME_BYTES));
    await expect(sent).rejects.toMatchObject({ code: "too_large" });
    await clock.advance(0);
    expect(socket().sentOf("send")).toEqual([]);
  });

  it("that were collected are sent before leaving", async () => {
    const { room, socket, clock } = await roomForTest({ batchMs: 1_000 });
    room.signal("bye");
    room.leave();
    await clock.advance(0);
    expect(socket().sentOf("signal").length).toBe(1);
  });
});

describe("the log of the client", () => {
  it("never contains a token", async () => {
    const lines: string[] = [];
    const { socket, clock } = await dialedRoom({
      getToken: () => "secret.e30.s",
      log: (...args) => lines.push(JSON.stringify(args)),
    });
    socket().end(4401, "unauthorized");
    await clock.advance(5_000);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain("secret");
  });

  it("may throw without stopping anything", async () => {
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
    const { room, socket, clock } = await roomForTest({
      log: () => {
        throw new Error("in the app");
      },
    });
    socket().end(1006);
    await clock.settle();
    expect(room.state.status).toBe("reconnecting");
    expect(reported.length).toBeGreaterThan(0);
    vi.unstubAllGlobals();
  });

  it("can be off", () => {
    expect(() => createLog("off")("error", "unseen")).not.toThrow();
  });
});

describe("createClient", () => {
  it("opens nothing by itself, and its getters never throw", () => {
    const client = createClient({ url: "https://rooms.example.com" });
    expect(client.state).toEqual({ status: "disconnected" });
    expect(inboxOf(client).notifications).toEqual([]);
    client.close();
    const room = client.room("lobby");
    expect([room.user, room.permission, room.head, room.messages, room.members, room.typing]).toEqual([
      null,
      "none",
      0,
      [],
      [],
      [],
    ]);
  });

  it("refuses an invalid address or room name", () => {
    expect(() => createClient({ url: "" })).toThrow(expect.objectContaining({ code: "bad_request" }));
    const client = createClient({ url: "https://rooms.example.com" });
    expect(() => client.room("no room")).toThrow(expect.objectContaining({ code: "bad_request" }));
  });
});
