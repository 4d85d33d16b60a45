import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { UserObject } from "../../src/user/runtime/user-object.ts";
import { browserSubscription, toBase64Url } from "../support/web-push.ts";
import { alarm, HOST, holdAlarms, notify, startPushService, unsubscribe } from "./support/push-service.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const KEY = Reflect.get(env, "VAPID_PUBLIC_KEY");
const NO_KEYS = { VAPID_PUBLIC_KEY: undefined, VAPID_PRIVATE_KEY: undefined, VAPID_SUBJECT: undefined };

const subscribe = async (user: string, body: unknown) =>
  callAs(await tokenFor(user), "POST", "/v1/me/push", body);

const endpointsOf = (user: string): Promise<string[]> =>
  runInDurableObject<UserObject, string[]>(userObject(user), (_, { storage }) => {
    const rows = storage.sql.exec<{ endpoint: string }>("SELECT endpoint FROM push_subscription");
    return Array.from(rows, ({ endpoint }) => endpoint);
  });

describe("the VAPID key", () => {
  it("[U18] requires a user, as do all calls of push; without VAPID keys it is null, and they do not exist", async () => {
    const bearer = await tokenFor("ada");
    const key = await callAs(bearer, "GET", "/v1/push/key");
    expect([key.status, await key.json()]).toEqual([200, { key: KEY }]);
    for (const [method, path] of [
      ["GET", "/v1/push/key"],
      ["POST", "/v1/me/push"],
      ["DELETE", "/v1/me/push"],
    ] as const) {
      expect((await call(path, { method })).status).toBe(401);
      expect((await callAsServer(method, path)).status).toBe(403);
      const headers = { Authorization: `Bearer ${bearer}` };
      const without = await callWith(NO_KEYS, path, { method, headers });
      if (method === "GET") expect([without.status, await without.json()]).toEqual([200, { key: null }]);
      else expect([without.status, (await errorOf(without)).code]).toEqual([404, "not_found"]);
    }
  });
});

describe("a subscription", () => {
  it("[U18] is accepted as the browser sends it, and again; it can be removed, and again", async () => {
    const user = uniqueName("u");
    const { json } = await browserSubscription(`${HOST}/fcm/send/1`);
    for (let round = 0; round < 2; round++) {
      const response = await subscribe(user, json);
      expect([response.status, await response.json()]).toEqual([200, { user }]);
      expect(await endpointsOf(user)).toEqual([json.endpoint]);
    }
    for (let round = 0; round < 2; round++) {
      const response = await unsubscribe(user, json.endpoint);
      expect([response.status, await response.json()]).toEqual([200, {}]);
      expect(await endpointsOf(user)).toEqual([]);
    }
    const nobody = uniqueName("nobody");
    expect((await unsubscribe(nobody, json.endpoint)).status).toBe(200);
  });

  const good = { endpoint: `${HOST}/x`, keys: { p256dh: "", auth: "" } };
  const refused: [string, (keys: { p256dh: string; auth: string }) => unknown, unknown][] = [
    ["another host", (keys) => ({ ...good, endpoint: "https://evil.example/x", keys }), ["endpoint"]],
    ["no TLS", (keys) => ({ ...good, endpoint: "http://fcm.googleapis.com/x", keys }), ["endpoint"]],
    ["this machine", (keys) => ({ ...good, endpoint: "http://localhost:8080/x", keys }), ["endpoint"]],
    [
      "a long endpoint",
      (keys) => ({ ...good, endpoint: `${HOST}/${"x".repeat(2_048)}`, keys }),
      ["endpoint"],
    ],
    ["no endpoint", (keys) => ({ keys }), ["endpoint"]],
    ["no keys", () => ({ endpoint: good.endpoint }), ["keys"]],
    ["a short key", ({ auth }) => ({ ...good, keys: { p256dh: "BAAA", auth } }), ["keys", "p256dh"]],
    [
      "a point off the curve",
      ({ auth }) => ({ ...good, keys: { p256dh: toBase64Url(new Uint8Array(65).fill(4)), auth } }),
      ["keys", "p256dh"],
    ],
    ["a short secret", ({ p256dh }) => ({ ...good, keys: { p256dh, auth: "AAAA" } }), ["keys", "auth"]],
    ["an end that is no number", (keys) => ({ ...good, keys, expirationTime: "soon" }), ["expirationTime"]],
  ];

  it.each(refused)("[U18] with %s is refused", async (_, bodyWith, path) => {
    const user = uniqueName("u");
    const { json } = await browserSubscription(good.endpoint);
    const response = await subscribe(user, bodyWith(json.keys));
    expect([response.status, (await errorOf(response)).path]).toEqual([400, path]);
    expect(await endpointsOf(user).catch(() => [])).toEqual([]);
  });

  it("[U18] is one of at most 20: a new one replaces the oldest", async () => {
    const user = uniqueName("u");
    const endpoints = [];
    for (let n = 1; n <= 21; n++) {
      const { json } = await browserSubscription(`${HOST}/fcm/send/${n}`);
      endpoints.push(json.endpoint);
      await subscribe(user, json);
    }
    expect((await endpointsOf(user)).sort()).toEqual(endpoints.slice(1).sort());
  });

  it("[U18] ends when the browser said so, or when its service is no longer allowed", async () => {
    const service = startPushService();
    const user = uniqueName("u");
    await holdAlarms(user);
    const { json } = await browserSubscription(`${HOST}/fcm/send/ends`, Date.now() - 1);
    await subscribe(user, json);
    const stays = await service.subscribe(user);
    await notify(user);
    await alarm(user);
    expect(await endpointsOf(user)).toEqual([stays]);
    expect(service.pushes).toHaveLength(1);
  });
});
