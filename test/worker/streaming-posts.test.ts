// Streaming POSTs: a whole answer in one request.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ServerApi } from "../../client/server/server-api.ts";
import { serverContext } from "../../client/server/server-context.ts";
import { systemClock } from "../../client/util/system-clock.ts";
import { until } from "../support/until.ts";
import { advanceClock, recordWrites } from "./support/objects.ts";
import { lastOf, open, post, refusalOf } from "./support/open-message.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const NDJSON = "application/x-ndjson";

const stream = (
  room: string,
  body: string | ReadableStream<Uint8Array>,
  { type = "application/x-ndjson", accept = "*/*", as = env.API_KEYS } = {},
) =>
  call(`/v1/rooms/${room}/messages/stream`, {
    method: "POST",
    headers: { Authorization: `Bearer ${as}`, "Content-Type": type, Accept: accept },
    body,
  });

const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const events = (...values: object[]) =>
  values.map((value) => `data: ${JSON.stringify(value)}\r\n\r\n`).join("");
const COMPLETE = { status: "complete" };

/** A body whose lines a test writes while it is read. */
function openBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  return {
    readable,
    // Settles when it is read, and rejects where nobody reads on.
    write: (text: string) => void writer.write(new TextEncoder().encode(text)).catch(() => {}),
    close: () => void writer.close().catch(() => {}),
  };
}

/** The last line of an answer. */
async function lastLineOf(response: Response): Promise<unknown> {
  return JSON.parse((await response.text()).trim().split("\n").at(-1) ?? "");
}

describe("a streaming POST", () => {
  it.each([
    [
      "lines",
      "application/x-ndjson; charset=utf-8",
      lines({ data: { model: "toy" } }, { text: "Hé" }, { text: "llo" }, { patch: { a: 1 } }, COMPLETE),
    ],
    [
      "events",
      "text/event-stream",
      `: hi\n\n${events({ data: { model: "toy" } }, { text: "Hé" }, { text: "llo" }, { patch: { a: 1 } })}data: [DONE]\n\n`,
    ],
  ])("[Y47] is a whole answer: %s", async (_, type, body) => {
    const room = uniqueName("answers");
    const ada = await join(room, "ada");
    const response = await stream(room, body, { type });
    const result = await response.json();
    expect([response.status, result]).toEqual([
      201,
      { seq: 1, id: expect.any(String), at: expect.any(Number), n: 3, stream: "complete" },
    ]);
    expect(await ada.next("messageUpdated")).toMatchObject({
      message: { stream: "complete", data: { model: "toy", text: "Héllo", a: 1 } },
    });
    const path = `/v1/rooms/${room}/messages`;
    expect(await lastOf(path)).toMatchObject({ seq: 1, data: { text: "Héllo" }, from: null });
  });

  it("[Y47] answers in lines if its caller accepts them", async () => {
    const room = uniqueName("answers");
    const body = lines(
      { data: {}, id: "a", from: { id: "bot" } },
      { text: "Hi" },
      { status: "cancelled", data: { text: "…" } },
    );
    const response = await stream(room, body, { accept: "application/x-ndjson" });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([201, "application/x-ndjson"]);
    const said = (await response.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const opened = { seq: 1, id: "a", at: expect.any(Number) };
    expect(said).toEqual([
      { type: "opened", ...opened },
      { type: "done", ...opened, n: 1, stream: "cancelled" },
    ]);
    expect(await lastOf(`/v1/rooms/${room}/messages`)).toMatchObject({
      data: { text: "…" },
      from: { id: "bot" },
    });
  });

  it("[Y48] adds nothing to a message that had ended, and says how it did", async () => {
    const room = uniqueName("answers");
    const body = lines({ data: {}, id: "a" }, { text: "Hi" }, COMPLETE);
    const first = await (await stream(room, body)).json<object>();
    const again = await stream(room, body);
    const { n: _, ...known } = { n: 0, ...first };
    expect([again.status, await again.json()]).toEqual([200, { ...known, duplicate: true }]);
    expect(await lastOf(`/v1/rooms/${room}/messages`)).toMatchObject({ data: { text: "Hi" } });
    await callAsServer("DELETE", `/v1/rooms/${room}/messages/1`);
    expect(await refusalOf(stream(room, body))).toMatchObject({ status: 404, code: "not_found" });
  });

  it("[Y48] goes on with a message that is open, and skips what it has", async () => {
    const { path, seq, room } = await open({ id: "a" });
    await post(`${path}/${seq}/append`, { n: 1, text: "one " });
    const response = await stream(
      room,
      lines({ data: {}, id: "a" }, { text: "one " }, { text: "two" }, COMPLETE),
    );
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { seq, n: 2, stream: "complete", duplicate: true },
    ]);
    expect(await lastOf(path)).toMatchObject({ data: { text: "one two" } });
  });

  it.each<[string, string, object, string | undefined]>([
    ["ends without a status", lines({ data: {} }, { text: "Hi" }), { stream: "failed", n: 1 }, undefined],
    ["has a line that is no JSON", `${lines({ data: {} }, { text: "Hi" })}oops\n`, {}, "bad_request"],
    [
      "is of a model's service, as it is",
      lines({ data: {} }, { text: "Hi" }, { choices: [{ delta: { content: "!" } }] }, COMPLETE),
      {},
      "bad_request",
    ],
    [
      "has data without a status",
      lines({ data: {} }, { text: "Hi" }, { text: "!", data: {} }, COMPLETE),
      {},
      "bad_request",
    ],
    ["has a line that does not fit", lines({ data: {} }, { text: "Hi" }, { text: 1 }), {}, "bad_request"],
    [
      "has too large an append",
      lines({ data: {} }, { text: "Hi" }, { text: "x".repeat(1_001) }),
      {},
      "too_large",
    ],
    ["patches the text", lines({ data: {} }, { text: "Hi" }, { patch: { text: "" } }), {}, "bad_request"],
  ])("[Y49] that %s ends as failed", async (_, body, result, code) => {
    const room = uniqueName("answers");
    const response = await stream(room, body);
    expect(await response.json()).toMatchObject(code === undefined ? result : { error: { code } });
    expect(await lastOf(`/v1/rooms/${room}/messages`)).toMatchObject({
      stream: "failed",
      data: { text: "Hi" },
    });
  });

  it("[Y50] opens nothing where its beginning is refused", async () => {
    const room = uniqueName("answers");
    const ada = await tokenFor("ada");
    const reader = await tokenFor("ada", { rooms: { "*": "read" } });
    const refused: [number, string[] | undefined, Promise<Response>][] = [
      [400, undefined, stream(room, "{}", { type: "application/json" })],
      [400, undefined, stream(room, "")],
      [400, undefined, stream(room, "\n\n")],
      [400, undefined, stream(room, "[]\n")],
      [400, ["data"], stream(room, lines({ id: "a" }))],
      [400, ["data"], stream(room, lines({ data: 1 }))],
      [403, ["from"], stream(room, lines({ data: {}, from: { id: "bo" } }), { as: ada })],
      [403, undefined, stream(room, lines({ data: {}, event: "task" }), { as: ada })],
      [403, undefined, stream(room, lines({ data: {} }), { as: reader })],
      [413, undefined, stream(room, `{"data":"${"x".repeat(1_100_000)}`)],
    ];
    for (const [status, path, response] of refused)
      expect(await refusalOf(response)).toMatchObject({ status, ...(path && { path }) });
    expect(await lastOf(`/v1/rooms/${room}/messages`)).toEqual({});
  });

  it.each([
    ["finishes", "POST", "/finish", { status: "complete" }, "not_open"],
    ["deletes", "DELETE", "", undefined, "not_found"],
    ["purges", "DELETE", undefined, undefined, "not_found"],
  ])(
    "[Y53] ends, though its client is silent, where somebody %s the message",
    async (_, method, below, body, code) => {
      const room = uniqueName("answers");
      const path = `/v1/rooms/${room}`;
      const { readable, write, close } = openBody();
      write(lines({ data: {} }, { text: "Hi" }));
      const response = await stream(room, readable, { accept: NDJSON });
      await callAsServer(method, below === undefined ? path : `${path}/messages/1${below}`, body);
      expect(await lastLineOf(response)).toMatchObject({ type: "error", code });
      close();
    },
  );

  it("[Y50] ends with the token of its caller, before and after its first line", async () => {
    const room = uniqueName("answers");
    const as = await tokenFor("ada");
    const [under, late] = [openBody(), openBody()];
    under.write(lines({ data: {} }, { text: "Hi" }));
    const response = await stream(room, under.readable, { as, accept: NDJSON });
    const refused = stream(room, late.readable, { as });
    await callAs(as, "GET", `/v1/rooms/${room}`);
    advanceClock(30 * 86_400_000);
    under.write(lines({ text: "there" }));
    late.write(lines({ data: {} }));
    expect(await lastLineOf(response)).toMatchObject({ type: "error", code: "token_expired" });
    expect(await refusalOf(refused)).toMatchObject({ status: 401, code: "token_expired" });
    for (const { close } of [under, late]) close();
  });

  it("[Y51] waits where a user is too fast, and goes on", async () => {
    const room = uniqueName("answers");
    const texts = Array.from({ length: 330 }, (_, n) => ({ text: String(n % 10).repeat(900) }));
    const response = await stream(room, lines({ data: {} }, ...texts, COMPLETE), {
      as: await tokenFor("ada"),
    });
    expect(await response.json()).toMatchObject({ n: 330, stream: "complete" });
    const { data } = await lastOf(`/v1/rooms/${room}/messages`);
    expect(data).toEqual({ text: texts.map(({ text }) => text).join("") });
  });

  it("[Y54] is one call to the object of the room, and three rows", async () => {
    const room = uniqueName("answers");
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    const writes = await recordWrites(roomObject(room));
    const calls: string[] = [];
    /** A namespace of objects whose calls are noted. */
    const counted = (name: string, namespace: object) => ({
      getByName: (id: string) => {
        const stub: object = Object(Reflect.apply(Reflect.get(namespace, "getByName"), namespace, [id]));
        return new Proxy(stub, {
          get: (_, call) => {
            calls.push(`${name}.${String(call)}`);
            return (...args: unknown[]) => Reflect.apply(Reflect.get(stub, call), stub, args);
          },
        });
      },
    });
    const texts = Array.from({ length: 500 }, (_, n) => ({ text: `token ${n} ` }));
    const response = await callWith(
      { ROOMS: counted("ROOMS", env.ROOMS), USERS: counted("USERS", env.USERS) },
      `/v1/rooms/${room}/messages/stream`,
      {
        method: "POST",
        headers: { Authorization: `Bearer ${env.API_KEYS}`, "Content-Type": "application/x-ndjson" },
        body: lines({ data: {} }, ...texts, COMPLETE),
      },
    );
    expect([await response.json(), calls]).toMatchObject([{ n: 500 }, ["ROOMS.streamAnswer"]]);
    expect(writes.rows()).toBe(3);
  });

  it("[Y56] is `overloaded` where the object dies, and the SDK goes on exactly", async () => {
    const room = uniqueName("answers");
    const tries: number[] = [];
    const fetch = async (url: string, init: RequestInit) => {
      const response = await call(new URL(url).pathname, init);
      tries.push(response.status);
      return response;
    };
    const context = serverContext(
      { url: "https://rooms.test", apiKey: env.API_KEYS, fetch },
      { clock: systemClock, random: () => 0, newId: () => crypto.randomUUID() },
    );
    const server = new ServerApi(context);
    const words = Array.from({ length: 30 }, (_, n) => `word-${n} `);
    async function* model() {
      for (const [n, word] of words.entries()) {
        if (n === 10 || n === 20) {
          const there = words.slice(0, n).join("");
          await until(async () =>
            expect(await lastOf(`/v1/rooms/${room}/messages`)).toMatchObject({ data: { text: there } }),
          );
          await runInDurableObject<DurableObject, void>(roomObject(room), (_, state) =>
            state.abort("dies"),
          ).catch(() => {});
        }
        yield word;
      }
    }
    const answer = await server.room(room).stream(model());
    expect(answer).toMatchObject({ seq: 1, n: 30, stream: "complete", duplicate: true });
    expect(tries).toEqual([201, 200, 200]);
    expect(await lastOf(`/v1/rooms/${room}/messages`)).toMatchObject({ data: { text: words.join("") } });
  });
});
