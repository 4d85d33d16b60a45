// Naming a user who was never here, or asking about them, creates nothing.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ask } from "./support/changes.ts";
import { userExists } from "./support/objects.ts";
import { callAs, callAsServer, join, tokenFor, uniqueName, userObject } from "./support/worker.ts";

/** Whether the user's object has any tables. */
const isMade = async (user: string): Promise<boolean> =>
  (await userExists(user)) &&
  runInDurableObject<DurableObject, boolean>(
    userObject(user),
    (_, { storage: { sql } }) => sql.exec("SELECT 1 FROM sqlite_master").toArray().length > 0,
  );

describe("a user who never was here", () => {
  it("[U28] may be mentioned: this creates nothing, and mentioned users who were here are notified", async () => {
    const room = uniqueName("room");
    const [never, here] = [uniqueName("never"), uniqueName("here")];
    (await join(uniqueName("elsewhere"), here)).close(1000);
    const ada = await join(room, "ada");
    expect(await ask(ada, { type: "send", data: 1, mentions: [never, here] })).toMatchObject({ type: "ok" });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 2, mentions: [never, here] });
    const unread = async () =>
      (await (await callAsServer("GET", `/v1/users/${here}`)).json<{ unread: number }>()).unread;
    await expect.poll(unread).toBe(2);
    expect(await isMade(never)).toBe(false);
  });

  const path = (user: string) => `/v1/users/${user}`;
  const asServer: [string, string, unknown?][] = [
    ["GET", ""],
    ["POST", "/signals", { event: "x" }],
    ["DELETE", "/rooms/lobby"],
  ];
  const asUser: [string, string, unknown?][] = [
    ["GET", "/v1/me/notifications"],
    ["POST", "/v1/me/notifications/mark", { all: true, state: "read" }],
    ["GET", "/v1/me/preferences"],
    ["GET", "/v1/me/rooms"],
    ["DELETE", "/v1/me/rooms/lobby"],
    ["DELETE", "/v1/me/push", { endpoint: "https://fcm.googleapis.com/x" }],
    ["GET", "/v1/push/key"],
  ];

  it.each(asServer)("[U28] may be queried by server code: %s users/:user%s", async (method, rest, body) => {
    const never = uniqueName("never");
    expect((await callAsServer(method, path(never) + rest, body)).status).toBe(200);
    expect(await isMade(never)).toBe(false);
  });

  it.each(asUser)("[U28] may call their own routes: %s %s", async (method, rest, body) => {
    const never = uniqueName("never");
    const response = await callAs(await tokenFor(never), method, rest, body);
    expect(response.status).toBe(200);
    expect(await isMade(never)).toBe(false);
    const answer = await response.json<object>();
    if (rest.startsWith("/v1/me/notifications")) expect(answer).toMatchObject({ unread: 0 });
  });

  it("[U28] may call rooms, be kicked and banned there, and occur in lists", async () => {
    const never = uniqueName("never");
    const room = uniqueName("room");
    const bearer = await tokenFor(never);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1 });
    await callAs(bearer, "POST", `/v1/rooms/${room}/signals`, { event: "e" });
    await callAs(bearer, "GET", `/v1/rooms/${room}/events`);
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: never, banSeconds: 5 });
    expect(await userObject(never).deliver(room, [])).toEqual([]);
    expect(await isMade(never)).toBe(false);
  });
});
