// What each route answers, against src/protocol/HTTP.md and the schemas: its status, its fields, and who may call it.

import { env } from "cloudflare:workers";
import { base64url, exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { fits } from "../../client/util/wire.ts";
import { HTTP_ROUTES, type HttpRoute, isCompound, isRecord, type Schema } from "../../src/protocol/index.ts";
import { call, callAs, callAsServer, errorOf, tokenFor, uniqueName } from "./support/worker.ts";

const textsOf = (files: Readonly<Record<string, string>>): string[] => Object.values(files);
const [page = ""] = textsOf(
  import.meta.glob<string>("../../src/protocol/HTTP.md", { query: "?raw", import: "default", eager: true }),
);
const [, ofUser = ""] = page.split("## The user who calls");

const sectionOf = (title: string): string => page.split(`### \`${title}\`\n`)[1]?.split(/^#/m)[0] ?? "";

const user = uniqueName("ada");
const room = uniqueName("contract");
const content = { title: "t", message: "m" };
const { publicKey } = await generateKeyPair("ECDH-ES", { crv: "P-256" });
const { x = "", y = "" } = await exportJWK(publicKey);
const p256dh = base64url.encode(Uint8Array.of(4, ...base64url.decode(x), ...base64url.decode(y)));
const keys = { p256dh, auth: "A".repeat(22) };

/** A body that each route takes. */
const BODIES: Readonly<Record<string, unknown>> = {
  "PATCH /v1/rooms/:room": { slowModeMs: 0 },
  "PUT /v1/rooms/:room/receipts/me": {},
  "POST /v1/rooms/:room/messages": { data: 1 },
  "PATCH /v1/rooms/:room/messages/:seq": { data: 2 },
  "POST /v1/rooms/:room/messages/:seq/append": { n: 1, text: "a" },
  "POST /v1/rooms/:room/messages/:seq/finish": { status: "complete" },
  "POST /v1/rooms/:room/scheduled": { data: 1, sendAt: Date.now() + 3_600_000, id: "later" },
  "PATCH /v1/rooms/:room/scheduled/:id": { data: 2 },
  "POST /v1/rooms/:room/signals": { event: "e" },
  "POST /v1/rooms/:room/kick": { user: "zed" },
  "POST /v1/broadcast": { rooms: [room], event: "e", data: 1 },
  "POST /v1/notify": { user, ...content },
  "PUT /v1/me/preferences": {},
  "POST /v1/me/push": { endpoint: "https://fcm.googleapis.com/x", keys },
  "DELETE /v1/me/push": { endpoint: "https://fcm.googleapis.com/x" },
  "POST /v1/me/notifications/mark": { state: "read", all: true },
  "POST /v1/users/:user/signals": { event: "e" },
  "POST /v1/tokens": { user, rooms: {} },
};

const IMPORT = "POST /v1/rooms/:room/import";
const routes: Readonly<Record<string, HttpRoute>> = HTTP_ROUTES;
/** What ends a message, the room, or what its users hold, comes last. */
const ENDS = [
  "DELETE /v1/rooms/:room/messages/:seq",
  "DELETE /v1/rooms/:room",
  "POST /v1/users/:user/disconnect",
  "DELETE /v1/users/:user",
];
/** Each has an open message of its own. */
const OF_STREAMS = Object.keys(routes).filter((route) => /append|finish|stop|takeover/.test(route));
/** Of routes that take lines. */
const LINES: Readonly<Record<string, string>> = {
  "POST /v1/rooms/:room/messages/stream": '{"data":{}}\n{"status":"complete"}\n',
  [IMPORT]: `${JSON.stringify({
    ...{ type: "room", version: 1, room, epoch: "e", head: 0, createdAt: 1, settings: {}, at: 1 },
  })}\n{"type":"end","messages":0}\n`,
};
const names = Object.keys(routes).sort((a, b) => ENDS.indexOf(a) - ENDS.indexOf(b));

function ask(route: string, bearer: string, seq = 2 + OF_STREAMS.indexOf(route)): Promise<Response> {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern
    // An import takes a room without a log.
    .replace(":room", route === IMPORT ? `${room}.imported` : room)
    .replace(":seq", String(seq))
    .replace(":id", "later")
    .replace(":emoji", encodeURIComponent("👍"))
    .replace(":user", pattern.includes("/bans/") ? "zed" : user);
  const body = LINES[route];
  if (body === undefined) return callAs(bearer, method, path, BODIES[route]);
  const headers = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/x-ndjson" };
  return call(path, { method, headers, body });
}

const holding = (permission: string) => tokenFor(user, { rooms: { "*": permission } });

/** The fields of an answer that its schema does not have. */
function unknownFields(schema: Schema, value: unknown): string[] {
  if (typeof schema === "string") return [];
  if (isCompound(schema)) {
    if (schema[0] === "list" && Array.isArray(value))
      return value.flatMap((item: unknown) => unknownFields(schema[1], item));
    if (schema[0] === "optional" || schema[0] === "nullable")
      return value === undefined || value === null ? [] : unknownFields(schema[1], value);
    return [];
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = schema[name];
    return field === undefined ? [name] : unknownFields(field, inner);
  });
}

beforeAll(async () => {
  await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, from: { id: user } });
  for (const _ of OF_STREAMS)
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: {}, stream: true });
  await callAsServer("POST", "/v1/notify", { user, ...content });
});

describe("each route", () => {
  it.each(names)("[H39] takes the bearer that the reference names: %s", async (route) => {
    const [section = ""] = sectionOf(route).trim().split("\n\n");
    const isOfUser =
      ofUser.includes(`### \`${route}\``) && !ofUser.split("## The deployment")[1]?.includes(route);
    const takesKey = /Takes an API key/.test(section);
    const refusesKey = isOfUser || /an API key is `forbidden`/.test(section);
    const [, needed] = /(?:Takes|takes) (?:a user's token with )?`(read|write|moderate)`/.exec(section) ?? [];
    // Of nobody, who it is comes before whether there is such a message.
    for (const seq of [1, 999_999])
      if (refusesKey) expect([seq, (await ask(route, env.API_KEYS, seq)).status]).toEqual([seq, 403]);
    if (takesKey) expect((await ask(route, await holding("moderate"))).status).toBe(403);
    else if (needed !== undefined) {
      const levels = ["none", "read", "write", "moderate"];
      const below = levels[levels.indexOf(needed) - 1] ?? "none";
      const refused = await ask(route, await holding(below));
      expect([refused.status, (await errorOf(refused)).code]).toEqual([403, "forbidden"]);
    } else expect(isOfUser).toBe(true);
    const [method = "", pattern = ""] = route.split(" ");
    const nobody = await callAs("", method, pattern.replace(":room", room).replace(":user", user));
    expect(nobody.status).toBe(401);
  });

  it.each(names)("[H39] answers with the status and the fields of the reference: %s", async (route) => {
    const section = sectionOf(route);
    const isForUser = ofUser.includes(`### \`${route}\``) && !/Takes an API key/.test(section);
    const bearer =
      isForUser || /an API key is `forbidden`/.test(section) ? await holding("moderate") : env.API_KEYS;
    const response = await ask(route, bearer);
    const body: unknown = await response.json();
    const [, status = 200] = /Answer, with status (\d{3})/.exec(section) ?? [];
    expect([response.status, body]).toEqual([Number(status), body]);
    const { answer } = routes[route] ?? { answer: {} };
    expect([fits(answer, body), unknownFields(answer, body)]).toEqual([true, []]);
  });
});
