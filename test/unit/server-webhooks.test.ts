// What a deployer's back end reads with the server SDK: webhooks, and the question before a message is stored.

import { describe, expect, it, vi } from "vitest";
import { answerPublishQuestion, readWebhook } from "../../client/server/index.ts";
import { signRequest } from "../../src/auth/authorize-webhook.ts";

const SECRET = "a-webhook-secret-that-is-long-enough";
const NOW = 1_800_000_000_000;
const at = (ms: number) => ({ now: NOW + ms });

const message = {
  type: "message",
  seq: 1,
  id: "m1",
  event: "chat",
  from: { id: "ada" },
  at: 5,
  data: { text: "日本 👍" },
};
const EVENTS = [
  { type: "room.occupied", id: "1", at: 1, room: "r", occupancy: { members: 1, connections: 1 } },
  { type: "message.stored", id: "2", at: 2, room: "r", epoch: "e1", message },
  { type: "colour.changed", id: "3", at: 3, colour: "blue" },
  { type: "events.lost", id: "4", at: 4, room: "r", reason: "expired", count: 7 },
];
const BODY = JSON.stringify({ events: EVENTS });

async function request(body = BODY, secret = SECRET): Promise<Request> {
  const headers = { "Edge-Rooms-Signature": await signRequest(secret, body, NOW) };
  return new Request("https://app.example.com/hook", { method: "POST", body, headers });
}

/** As a framework of Node has it. */
const ofNode = async (body: unknown, signed = BODY) => ({
  headers: { "edge-rooms-signature": await signRequest(SECRET, signed, NOW), host: "app.example.com" },
  body,
});

describe("a webhook", () => {
  it("[Z294] gives its events in order, without those that only a newer server has", async () => {
    const webhook = await readWebhook(await request(), SECRET, at(0));
    expect(webhook).toEqual({ ok: true, events: EVENTS.filter(({ type }) => type !== "colour.changed") });
  });

  it("[Z294] may be the request of Express or Fastify with its raw body, as bytes or text", async () => {
    for (const body of [Buffer.from(BODY), new TextEncoder().encode(BODY), BODY])
      expect(await readWebhook(await ofNode(body), SECRET, at(0))).toMatchObject({
        ok: true,
        events: { length: 3 },
      });
  });

  it("[Z294] whose body was parsed, or read by somebody else, is a mistake in the back end, and says so", async () => {
    const isMistake = { code: "bad_request", message: expect.stringContaining("raw body") };
    await expect(readWebhook(await ofNode(JSON.parse(BODY)), SECRET, at(0))).rejects.toMatchObject(isMistake);
    const read = await request();
    await read.text();
    await expect(readWebhook(read, SECRET, at(0))).rejects.toMatchObject(isMistake);
    const { headers } = await ofNode(BODY);
    const unread = { headers: { ...headers, "content-length": `${BODY.length}` } };
    await expect(readWebhook(unread, SECRET, at(0))).rejects.toMatchObject(isMistake);
    await expect(readWebhook(await request(), undefined, at(0))).rejects.toMatchObject({
      code: "bad_request",
    });
  });

  it("[Z294] that was recorded and is sent again is told from one that nobody signed", async () => {
    expect(await readWebhook(await request(), SECRET, at(299_000))).toMatchObject({ ok: true });
    expect(await readWebhook(await request(), SECRET, at(301_000))).toEqual({
      ok: false,
      reason: "old",
      status: 401,
    });
    expect(await readWebhook(await request(BODY, "another-secret"), SECRET, at(301_000))).toEqual({
      ...{ ok: false, reason: "unsigned", status: 401 },
    });
    const changed = await ofNode(BODY.replace("ada", "eve"));
    const bare = new Request("https://app.example.com/hook", { method: "POST", body: BODY });
    for (const one of [changed, bare, { headers: {}, body: BODY }, { headers: {} }])
      expect(await readWebhook(one, SECRET, at(0))).toMatchObject({ ok: false, reason: "unsigned" });
  });

  it.each([
    "",
    "null",
    "{",
    '{"events":7}',
    JSON.stringify({ events: [{ type: "room.vacated", id: "1", at: 1 }] }),
  ])("[Z294] that is signed and has another form is unreadable: %s", async (body) => {
    expect(await readWebhook(await request(body), SECRET, at(0))).toEqual({
      ...{ ok: false, reason: "unreadable", status: 400 },
    });
  });

  it("[Z294] is taken under the old secret and the new one while they are replaced", async () => {
    expect(await readWebhook(await request(), ["new-secret", SECRET], at(0))).toMatchObject({ ok: true });
  });

  it("[Z294] has messages as the event map declares them", async () => {
    interface Shop {
      order: { readonly total: number };
    }
    const order = { ...message, event: "order", data: { total: 7 } };
    const body = JSON.stringify({ events: [{ ...EVENTS[1], message: order }] });
    const webhook = await readWebhook<Shop>(await request(body), SECRET, at(0));
    const [event] = webhook.ok ? webhook.events : [];
    if (event?.type !== "message.stored" || event.message.data === null)
      throw new Error("It has no message.");
    const total: number = event.message.data.total;
    expect(total).toBe(7);
  });
});

describe("the question before a message is stored", () => {
  const question = {
    type: "send",
    room: "r",
    user: { id: "ada", name: "Ada" },
    event: "chat",
    data: { text: "casino" },
  };

  it.each([
    [{ action: "pass" }],
    [{ action: "change", data: { text: "c*****" }, flag: "advertising" }],
    [{ action: "refuse", message: "No advertising here." }],
    [{ action: "flag", flag: "advertising" }],
  ] as const)("[Z295] is answered by what the back end decides: %j", async (decision) => {
    const decide = vi.fn(async () => decision);
    const reply = await answerPublishQuestion(await request(JSON.stringify(question)), SECRET, decide, at(0));
    expect(decide).toHaveBeenCalledExactlyOnceWith(question);
    const response = new Response(reply.body, reply);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual(decision);
  });

  it("[Z295] is not put to the back end where it is not signed, is old, or has another form", async () => {
    const decide = vi.fn(() => ({ action: "pass" }) as const);
    const text = JSON.stringify(question);
    const replies = [
      await answerPublishQuestion(await request(text, "another-secret"), SECRET, decide, at(0)),
      await answerPublishQuestion(await request(text), SECRET, decide, at(600_000)),
      await answerPublishQuestion(await request('{"type":"send"}'), SECRET, decide, at(0)),
    ];
    expect(replies.map(({ status, body }) => [status, JSON.parse(body)])).toEqual([
      [401, { error: "unsigned" }],
      [401, { error: "old" }],
      [400, { error: "unreadable" }],
    ]);
    expect(decide).not.toHaveBeenCalled();
  });

  it("[Z295] is not answered where the back end fails: the topic says what that means", async () => {
    const decide = () => Promise.reject(new Error("the model is down"));
    const asked = answerPublishQuestion(await request(JSON.stringify(question)), SECRET, decide, at(0));
    await expect(asked).rejects.toThrow("the model is down");
  });
});
