// Streaming POSTs to a real server: what its caller hears meanwhile, a body that is faster than the room, one that is cut,
// and a server that dies.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const guests = new Guests();
let local: LocalServer;
let server: ServerApi;

beforeAll(async () => {
  local = await startTestServer();
  server = createServerApi({ url: local.url, apiKey: local.apiKey });
});
afterAll(async () => {
  guests.close();
  await local?.stop();
});

type Line = Readonly<Record<string, unknown>>;

/** A body that a test writes line by line. */
function openBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  return {
    readable,
    write: (line: Line) => writer.write(encoder.encode(`${JSON.stringify(line)}\n`)),
    close: () => writer.close(),
  };
}

/** The POST, with what is answered line by line. */
async function post(room: string, body: ReadableStream<Uint8Array>, signal?: AbortSignal) {
  const init = {
    method: "POST",
    headers: {
      Authorization: `Bearer ${local.apiKey}`,
      "Content-Type": "application/x-ndjson",
      Accept: "application/x-ndjson",
    },
    ...{ body, duplex: "half" },
    ...(signal && { signal }),
  };
  const response = await fetch(`${local.url}/v1/rooms/${room}/messages/stream`, init);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let begun = "";
  return {
    status: response.status,
    async next(): Promise<Line | undefined> {
      for (;;) {
        const [line, ...more] = begun.split("\n");
        if (more.length > 0) {
          begun = more.join("\n");
          if (line) return JSON.parse(line);
          continue;
        }
        const piece = await reader?.read();
        if (piece?.value === undefined) return undefined;
        begun += piece.value;
      }
    },
  };
}

const textOf = async (room: string): Promise<unknown> => {
  const { messages } = await server.room(room).messages({ limit: 1 });
  const data: unknown = messages[0]?.data;
  return data instanceof Object && "text" in data ? data.text : undefined;
};
const stateOf = async (room: string) => (await server.room(room).messages({ limit: 1 })).messages[0]?.stream;

describe("a streaming POST", () => {
  it("[Y52] tells its caller of the message and of a stop while its body goes on", async () => {
    const room = uniqueName("answers");
    const body = openBody();
    const answered = post(room, body.readable);
    await body.write({ data: {}, id: "a" });
    const lines = await answered;
    expect(await lines.next()).toMatchObject({ type: "opened", seq: 1, id: "a" });
    await body.write({ text: "Hello" });
    await waitFor("the text is there", async () => (await textOf(room)) === "Hello");
    expect(await stateOf(room)).toBe("open");
    await server.room(room).stop(1);
    expect(await lines.next()).toEqual({ type: "stop", seq: 1, by: null });
    await body.write({ text: ", w" });
    await body.write({ status: "cancelled" });
    expect(await lines.next()).toMatchObject({ type: "done", n: 2, stream: "cancelled", stop: null });
    expect(await lines.next()).toBeUndefined();
    expect(await textOf(room)).toBe("Hello, w");
  });

  it("[Y53] that is cut leaves the message open, and the whole body again goes on", async () => {
    const room = uniqueName("answers");
    const [body, cut] = [openBody(), new AbortController()];
    const answered = post(room, body.readable, cut.signal);
    await body.write({ data: {}, id: "a" });
    const lines = await answered;
    await lines.next();
    await body.write({ text: "one " });
    await body.write({ text: "two " });
    await waitFor("the text is there", async () => (await textOf(room)) === "one two ");
    cut.abort();
    const all = openBody();
    const again = post(room, all.readable);
    for (const line of [{ data: {}, id: "a" }, ...["one ", "two ", "three"].map((text) => ({ text }))])
      await all.write(line);
    const said = await again;
    expect([said.status, await said.next()]).toMatchObject([
      200,
      { type: "opened", seq: 1, duplicate: true },
    ]);
    await waitFor("it goes on", async () => (await textOf(room)) === "one two three");
    expect(await stateOf(room)).toBe("open");
    await all.write({ status: "complete" });
    expect(await said.next()).toMatchObject({ type: "done", n: 3, stream: "complete" });
    expect(await textOf(room)).toBe("one two three");
  });

  it("[Y54] of a mebibyte that comes at once arrives whole, for a reader too", async () => {
    const room = uniqueName("answers");
    const ada = guests.enter(local.url, room, uniqueName("ada"));
    await ada.live();
    // Its lines differ, so that one which is missing or doubled shows.
    const texts = Array.from({ length: 10_400 }, (_, n) => `${String(n).padStart(8, "0")}${"x".repeat(91)} `);
    const body = [{ data: {} }, ...texts.map((text) => ({ text })), { status: "complete" }];
    const response = await fetch(`${local.url}/v1/rooms/${room}/messages/stream`, {
      method: "POST",
      headers: { Authorization: `Bearer ${local.apiKey}`, "Content-Type": "application/x-ndjson" },
      body: body.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
    expect(await response.json()).toMatchObject({ n: 10_400, stream: "complete" });
    expect((await textOf(room)) === texts.join("")).toBe(true);
    await waitFor("ada has it", () => ada.room.messages.at(-1)?.stream === "complete");
    const data: unknown = ada.room.messages.at(-1)?.data;
    expect(data instanceof Object && "text" in data && data.text === texts.join("")).toBe(true);
  });
});

describe("room.stream of the server SDK", () => {
  it("[Y57] stops where a member asks for it", async () => {
    const room = uniqueName("answers");
    const bo = guests.enter(local.url, room, uniqueName("bo"));
    await bo.live();
    const stops: string[] = [];
    const answer = server.room(room).stream((stop) => {
      stop.addEventListener("abort", () => stops.push("stop"));
      return new ReadableStream<string>({ start: (controller) => controller.enqueue("Hello") });
    });
    await waitFor("bo reads it", () => bo.room.messages.at(-1)?.stream === "open");
    await server.room(room).stop(1);
    expect(await answer).toMatchObject({ stream: "cancelled", n: 1, stop: null });
    expect([stops, await textOf(room)]).toEqual([["stop"], "Hello"]);
  });
});
