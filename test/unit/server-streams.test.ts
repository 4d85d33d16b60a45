// `room.stream` of the server SDK: what it sends, and what follows a lost connection, a stop, and a source that fails.

import { afterEach, describe, expect, it, vi } from "vitest";
import { modelText, type StreamLine } from "../../client/server/index.ts";
import { ServerApi } from "../../client/server/server-api.ts";
import { serverContext } from "../../client/server/server-context.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import { isRecord } from "../../src/protocol/index.ts";

/** What one try meets. */
interface Fate {
  /** The connection is lost after so many lines of the body, with the head. */
  readonly cutAfter?: number;
  /** The request is refused. */
  readonly refusal?: readonly [status: number, code: string];
  /** The last line is this error. */
  readonly error?: string;
  /** A member asks to stop after so many lines. */
  readonly stopAfter?: number;
}

/** Streams take their turns outside of microtasks too. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A server with one message: it takes each line once, as a room does. */
function world(fates: readonly Fate[] = []) {
  const clock = new FakeClock(undefined, { settle });
  const bodies: string[][] = [];
  const headers: Headers[] = [];
  const taken: unknown[] = [];
  let ended: unknown;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const fate = fates[bodies.length] ?? {};
    const lines: string[] = [];
    bodies.push(lines);
    headers.push(new Headers(init.headers));
    expect([url, init.method]).toEqual(["https://rooms.example.com/v1/rooms/r/messages/stream", "POST"]);
    if (fate.refusal !== undefined) {
      const [status, code] = fate.refusal;
      return Response.json({ error: { code, message: code } }, { status });
    }
    if (!(init.body instanceof ReadableStream)) throw new Error("there is no stream");
    const reader = init.body.pipeThrough(new TextDecoderStream()).getReader();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const say = (line: object) => writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    const opened = { seq: 7, id: "id-1", at: 5, ...(bodies.length > 1 && { duplicate: true }) };
    const run = async () => {
      void say({ type: "opened", ...opened });
      let n = 0;
      for (;;) {
        const { value } = await reader.read();
        if (value === undefined) return;
        for (const json of value.split("\n").filter((text) => text !== "")) {
          lines.push(json);
          if (lines.length === 1) continue;
          const { status, data, ...append }: StreamLine = JSON.parse(json);
          if (Object.keys(append).length > 0 && ++n > taken.length) taken.push(append);
          if (lines.length - 1 === fate.stopAfter) void say({ type: "stop", seq: 7, by: "ada" });
          if (lines.length - 1 === fate.cutAfter) return writer.abort(new Error("cut"));
          if (status === undefined) continue;
          ended = status;
          if (fate.error !== undefined) void say({ type: "error", code: fate.error, message: "" });
          else void say({ type: "done", ...opened, n, stream: status });
          return writer.close();
        }
      }
    };
    void run().catch(() => {});
    return new Response(readable, { status: 201 });
  };
  const context = serverContext(
    { url: "https://rooms.example.com", apiKey: "an-api-key", fetch },
    { clock, random: () => 1, newId: () => "id-1" },
  );
  return {
    room: new ServerApi(context).room("r"),
    ...{ clock, bodies, headers, taken },
    ended: () => ended,
  };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const DONE = { seq: 7, id: "id-1", at: 5, stream: "complete" };

/** A stream of these pieces. `cancelled` says whether nobody wants more. */
function streamOf<T>(pieces: readonly T[], end: "closes" | "hangs" | "fails" = "closes") {
  const waiting = [...pieces];
  const state = { cancelled: false, pulled: 0 };
  const stream = new ReadableStream<T>(
    {
      pull(controller) {
        state.pulled++;
        const piece = waiting.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        if (end === "closes") return controller.close();
        if (end === "fails") throw new Error("the model failed");
        return new Promise(() => {});
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

async function* generated<T>(...pieces: readonly T[]): AsyncGenerator<T, void> {
  yield* pieces;
}

const bytes = new TextEncoder().encode("Hé👍");

afterEach(() => vi.unstubAllGlobals());

describe("room.stream of the server SDK", () => {
  it.each([
    ["texts", () => streamOf(["Hé", "👍"]).stream],
    [
      "bytes that are cut within a character",
      () => streamOf([bytes.slice(0, 2), bytes.slice(2, 5), bytes.slice(5)]).stream,
    ],
    ["an async iterable of texts", () => generated("Hé", "👍")],
    ["a list", () => ["Hé", "👍"]],
    ["lines", () => generated<StreamLine>({ text: "Hé" }, { text: "👍" })],
    ["a function that gives one", () => async () => ["Hé", "👍"]],
  ])("[Y55] sends what it is given in one request: %s", async (_, source) => {
    const { room, bodies, headers, taken, clock } = world();
    const answer = room.stream(source(), { data: { model: "toy" }, from: { id: "bot" } });
    await clock.settle();
    const { n, ...result } = await answer;
    expect(result).toEqual(DONE);
    expect(taken.map((line) => isRecord(line) && line.text).join("")).toBe("Hé👍");
    expect(n).toBe(taken.length);
    expect(bodies.length).toBe(1);
    expect(JSON.parse(bodies[0]?.[0] ?? "")).toEqual({
      data: { model: "toy" },
      from: { id: "bot" },
      id: "id-1",
    });
    expect(headers[0]?.get("Content-Type")).toBe("application/x-ndjson");
    expect(clock.pending).toBe(0);
  });

  it("[Y55] passes patches on, and an end that the source has", async () => {
    const { room, bodies, clock } = world();
    const { stream, state } = streamOf<StreamLine>([
      { patch: { step: 1 } },
      { status: "complete", data: { text: "!" } },
      { text: "late" },
    ]);
    await room.stream(stream);
    await clock.settle();
    expect(bodies[0]?.slice(1).map((line) => JSON.parse(line))).toEqual([
      { patch: { step: 1 } },
      { status: "complete", data: { text: "!" } },
    ]);
    expect(state.cancelled).toBe(true);
  });

  it("[Y55] takes a text for one piece, and refuses what is no source before anything is sent", async () => {
    const { room, bodies } = world();
    await room.stream("Hello");
    expect(bodies[0]?.slice(1).map((line) => JSON.parse(line))).toEqual([
      { text: "Hello" },
      { status: "complete" },
    ]);
    for (const source of [undefined, 5, new Response("Hello")])
      expect(await failure(Reflect.apply(room.stream, room, [source]))).toMatchObject({
        code: "bad_request",
      });
    expect(bodies).toHaveLength(1);
  });

  it("[Y55] cuts a long text into appends, and no character", async () => {
    const { room, taken } = world();
    const text = `${"x".repeat(3_999)}👍${"y".repeat(9_000)}`;
    await room.stream([text]);
    const texts = taken.map((line) => (isRecord(line) ? String(line.text) : ""));
    expect(texts.join("")).toBe(text);
    expect(texts.map(({ length }) => length)).toEqual([3_999, 4_000, 4_000, 1_002]);
  });

  it.each<[string, Fate]>([
    ["the connection is lost", { cutAfter: 2 }],
    ["the server is busy", { refusal: [503, "overloaded"] }],
    ["something failed there", { error: "internal" }],
    ["a proxy says 502", { refusal: [502, "?"] }],
  ])("[Y56] sends all again under the same id where %s", async (_, fate) => {
    const { room, bodies, taken, clock } = world([fate, fate]);
    const answer = room.stream(streamOf(["one ", "two ", "three"]).stream);
    await clock.advance(3_000);
    expect(await answer).toMatchObject({ stream: "complete", n: 3, duplicate: true });
    expect(bodies.length).toBe(3);
    const heads = bodies.flatMap(([head]) => (head === undefined ? [] : [JSON.parse(head).id]));
    expect(new Set(heads)).toEqual(new Set(["id-1"]));
    expect(taken).toEqual(["one ", "two ", "three"].map((text) => ({ text })));
    expect(clock.pending).toBe(0);
  });

  it("[Y56] gives up after a minute of tries that soon failed, and at once what will not pass", async () => {
    const busy: Fate = { refusal: [503, "overloaded"] };
    const lasting = world(Array.from({ length: 20 }, () => busy));
    const { stream, state } = streamOf(["a"], "hangs");
    const error = failure(lasting.room.stream(stream));
    await lasting.clock.advance(120_000);
    expect(await error).toMatchObject({ code: "overloaded" });
    // They begin after 0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5 … 55.5 s.
    expect([lasting.bodies.length, state.cancelled]).toEqual([11, true]);

    const refused = world([{ refusal: [403, "forbidden"] }]);
    expect(await failure(refused.room.stream(["a"]))).toMatchObject({ code: "forbidden" });
    expect(refused.bodies.length).toBe(1);
  });

  it("[Y56] takes a server that is silent for lost", async () => {
    const clock = new FakeClock(undefined, { settle });
    const hung = vi.fn(() => new Promise<never>(() => {}));
    const context = serverContext(
      { url: "https://rooms.example.com", apiKey: "k", fetch: hung },
      { clock, random: () => 0, newId: () => "id-1" },
    );
    const error = failure(new ServerApi(context).room("r").stream(["a"]));
    await clock.advance(120_000);
    expect(await error).toMatchObject({ code: "timeout" });
    expect(hung.mock.calls.length).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it("[Y57] ends as cancelled when a member asks to stop, and cancels its source", async () => {
    const { room, ended, taken, clock } = world([{ stopAfter: 1 }]);
    const { stream, state } = streamOf(["one"], "hangs");
    const stops: boolean[] = [];
    const answer = room.stream((stop) => {
      stop.addEventListener("abort", () => stops.push(true));
      return stream;
    });
    await clock.settle();
    expect(await answer).toMatchObject({ stream: "cancelled", n: 1 });
    expect([ended(), taken, stops, state.cancelled]).toEqual(["cancelled", [{ text: "one" }], [true], true]);
  });

  it("[Y57] ends as cancelled with its signal, also between two tries", async () => {
    const { room, clock, bodies } = world([{ cutAfter: 1 }]);
    const { stream, state } = streamOf(["one"], "hangs");
    const controller = new AbortController();
    const answer = room.stream(stream, { signal: controller.signal });
    await clock.settle();
    controller.abort();
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ stream: "cancelled", n: 1 });
    expect([bodies.length, state.cancelled]).toEqual([2, true]);
  });

  it("[Y57] has its source hear of its signal also while that begins", async () => {
    const { room, bodies } = world();
    const controller = new AbortController();
    const begins = (stop: AbortSignal) =>
      new Promise<never>((_, reject) => stop.addEventListener("abort", () => reject(new Error("not begun"))));
    const answer = failure(room.stream(begins, { signal: controller.signal }));
    controller.abort();
    expect([await answer, bodies.length]).toMatchObject([{ message: "not begun" }, 0]);
  });

  it("[Y57] ends as failed where its source fails, and rejects with that error", async () => {
    const { room, ended } = world();
    expect(await failure(room.stream(streamOf(["one"], "fails").stream))).toMatchObject({
      message: "the model failed",
    });
    expect(ended()).toBe("failed");
  });

  it("[Y57] sends a blank line while its source is silent", async () => {
    const { room, clock } = world();
    const sent: string[] = [];
    const encode = TextEncoder.prototype.encode;
    vi.spyOn(TextEncoder.prototype, "encode").mockImplementation(function (this: TextEncoder, text = "") {
      sent.push(text);
      return encode.call(this, text);
    });
    const controller = new AbortController();
    const answer = room.stream(streamOf(["one"], "hangs").stream, { signal: controller.signal });
    await clock.advance(31_000);
    controller.abort();
    await clock.settle();
    await answer;
    vi.restoreAllMocks();
    expect(sent.filter((text) => text === "\n").length).toBe(2);
  });
});

describe("room.stream where fetch sends no streams", () => {
  /** A room that crashes: the appends after `saved` are lost once. */
  function oldRuntime(crashAfter = Number.POSITIVE_INFINITY) {
    const NativeRequest = Request;
    // Such a runtime makes a text of it, with a type.
    vi.stubGlobal(
      "Request",
      class extends NativeRequest {
        constructor(url: string, init: RequestInit) {
          super(url, { ...init, body: String(init.body) });
        }
      },
    );
    const clock = new FakeClock(undefined, { settle });
    const calls: [string, unknown][] = [];
    const appends: unknown[] = [];
    let crashed = false;
    const fetch = async (url: string, { body }: RequestInit): Promise<Response> => {
      const path = url.split("/messages")[1] ?? "";
      const asked: { n?: number; status?: string } = JSON.parse(String(body));
      calls.push([path, asked]);
      if (path === "") return Response.json({ seq: 7, id: "id-1", at: 5 });
      if (path.endsWith("finish")) return Response.json({ seq: 8 });
      const { n = 0, ...append } = asked;
      if (!crashed && n > crashAfter) {
        crashed = true;
        appends.splice(1);
      }
      if (n > appends.length + 1)
        return Response.json({ error: { code: "gap", message: "" } }, { status: 409 });
      if (n === appends.length + 1) appends.push(append);
      return Response.json({ n: appends.length, saved: 0, ...(calls.length > 6 && { stop: "ada" }) });
    };
    const context = serverContext(
      { url: "https://rooms.example.com", apiKey: "k", fetch },
      { clock, random: () => 0, newId: () => "id-1" },
    );
    return { room: new ServerApi(context).room("r"), clock, calls, appends };
  }

  it("[Y58] joins the text of 250 ms into one call", async () => {
    const { room, clock, calls } = oldRuntime();
    let push = (_: string) => {};
    const stream = new ReadableStream<string>({
      start(controller) {
        push = (text) => (text === "" ? controller.close() : controller.enqueue(text));
      },
    });
    const answer = room.stream(stream, { data: { model: "toy" } });
    for (const text of ["a", "b", "c", "d", "e", ""]) {
      push(text);
      await clock.advance(100);
    }
    await clock.advance(1_000);
    expect(await answer).toEqual({ seq: 7, id: "id-1", at: 5, n: 2, stream: "complete" });
    expect(calls).toEqual([
      ["", { data: { model: "toy" }, id: "id-1", stream: true }],
      ["/7/append", { n: 1, text: "abc" }],
      ["/7/append", { n: 2, text: "de" }],
      ["/7/append", { n: 2, text: "de" }],
      ["/7/finish", { status: "complete" }],
    ]);
    expect(clock.pending).toBe(0);
  });

  it("[Y58] sends again what a crash has taken, and stops where a member asks for it", async () => {
    const { room, clock, appends } = oldRuntime(2);
    const { stream } = streamOf<StreamLine>(
      ["1", "2", "3", "4", "5"].map((text) => ({ text, patch: { step: text } })),
      "hangs",
    );
    const answer = room.stream(stream);
    await clock.advance(60_000);
    expect(await answer).toMatchObject({ n: 5, stream: "cancelled", stop: "ada" });
    expect(appends).toEqual(["1", "2", "3", "4", "5"].map((text) => ({ text, patch: { step: text } })));
  });
});

describe("modelText", () => {
  it("[Y59] gives the text of Workers AI and of OpenAI's chat completions", async () => {
    const events = [
      'data: {"response":"Hé"}\n\ndata: {"resp',
      'onse":"👍"}\r\n\r\n: ping\n\ndata: {"choices":[{"delta":{"role":"assistant"}}]}\n\n',
      'data: {"choices":[{"delta":{"content":"!"}}]}\n\ndata: {"choices":[]}\n\ndata: [DONE]\n\n',
    ];
    const encoded = new TextEncoder().encode(events.join(""));
    for (const size of [1, 7, 1_000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < encoded.length; at += size) pieces.push(encoded.slice(at, at + size));
      const texts: string[] = [];
      for await (const text of modelText(streamOf(pieces).stream)) texts.push(text);
      expect(texts).toEqual(["Hé", "👍", "!"]);
    }
  });

  it("[Y59] leaves out what is no text, loses no character, and rejects where the model says an error", async () => {
    const odd = [
      '{"response":1}',
      "oops",
      '{"choices":1}',
      '{"choices":[null]}',
      '{"choices":[{"delta":[]}]}',
      "null",
    ];
    const events = [
      ...odd,
      '{"response":"a\u2028b"}',
      '{"error":{"message":"overloaded"}}',
      '{"response":"late"}',
    ];
    const { stream, state } = streamOf(events.map((event) => `data:${event}\n\n`));
    const texts: string[] = [];
    const reading = async () => {
      for await (const text of modelText(stream)) texts.push(text);
    };
    expect(await failure(reading())).toMatchObject({ message: 'The model failed: {"message":"overloaded"}' });
    expect([texts, state.cancelled]).toEqual([["a\u2028b"], true]);
  });
});
