// What is done to a room, or to a user, while clients are at its relay.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, configureRoom } from "./support/objects.ts";
import { call, callAsServer, fill, join, openRoom, roomHas, uniqueName } from "./support/worker.ts";

async function relayed(prefix: string, ...users: string[]) {
  const room = uniqueName(prefix);
  await configureRoom(room, { RELAY_ABOVE: 0 });
  const sockets = await Promise.all(users.map((user) => join(room, user)));
  await roomHas(room, users.length);
  return { room, path: `/v1/rooms/${room}`, sockets };
}

describe("a room with clients at a relay", () => {
  it("[L148] is refused to more than its new maxConnections, and keeps to its new limits for those who are there", async () => {
    const { room, path, sockets } = await relayed("settings", "ada", "bo");
    const [ada = expect.fail(), bo = expect.fail()] = sockets;
    expect((await callAsServer("PATCH", path, { maxConnections: 2, slowModeMs: 60_000 })).status).toBe(200);
    expect(await (await openRoom(room, "cy")).closed).toMatchObject({ code: 4503 });
    expect(await ada.ask({ type: "send", id: "1", data: 1 })).toMatchObject({ type: "ok" });
    expect(await ada.ask({ type: "send", id: "2", data: 2 })).toMatchObject({ code: "rate_limited" });
    await callAsServer("PATCH", path, { maxConnections: 3, slowModeMs: 0, historyLimit: 2 });
    await join(room, "cy");
    await fill(bo, 4);
    expect(await (await openRoom(room, "di")).closed).toMatchObject({ code: 4503 });
    await callAsServer("PATCH", path, { maxConnections: 10 });
    const di = await join(room, "di");
    expect(di.ofType("message").map(({ data }) => data)).toEqual([3, 4]);
  });

  it("[L148] is closed by an import, and shows the log that was imported", async () => {
    const from = await relayed("exported", "ada");
    await fill(from.sockets[0] ?? expect.fail(), 2, (n) => `imported ${n}`);
    const file = await (await callAsServer("GET", `${from.path}/export`)).arrayBuffer();
    const { room, path, sockets } = await relayed("imported", "ada", "bo");
    const headers = { Authorization: `Bearer ${env.API_KEYS}`, "Content-Type": "application/x-ndjson" };
    const response = await call(`${path}/import`, { method: "POST", headers, body: file });
    expect(response.status).toBe(200);
    await response.text();
    for (const socket of sockets) expect((await socket.closed).code).toBe(4503);
    const ada = await join(room, "ada");
    await fill(ada, 1, () => "after");
    expect(ada.ofType("message").map(({ data }) => data)).toEqual(["imported 1", "imported 2", "after"]);
  });

  it("[L148] shows the erasure of a user to all, and closes the user", async () => {
    const user = uniqueName("erased");
    const { room, sockets } = await relayed("erasure", user, "bo");
    const [erased = expect.fail(), bo = expect.fail()] = sockets;
    await fill(erased, 1, () => "theirs");
    await fill(bo, 1, () => "mine");
    expect((await callAsServer("DELETE", `/v1/users/${user}`)).status).toBe(200);
    expect((await erased.closed).code).toBe(4401);
    await roomHas(room, 1);
    const cy = await join(room, "cy");
    expect(cy.ofType("message").map(({ data }) => data)).toEqual([null, "mine"]);
    await bo.settled();
    expect(bo.texts.join()).toMatch(/"type":"messageDeleted"/);
  });

  it("[L145] gives the place of a connection that was given up to its successor at the same relay", async () => {
    const room = uniqueName("place");
    await configureRoom(room, { RELAY_ABOVE: 0, MAX_CONNECTIONS_PER_USER: 1 });
    const first = await join(room, "ada");
    expect(await (await openRoom(room, "ada")).closed).toMatchObject({ code: 4503 });
    const { connection } = await first.next("connected");
    await join(room, "ada", { query: `?replaces=${connection}` });
    expect(await first.closed).toMatchObject({ code: 4409 });
    await roomHas(room, 1);
  });

  it("[L148] takes back who was banned as soon as the ban is lifted", async () => {
    const { room, path, sockets } = await relayed("unban", "ada", "bo");
    await callAsServer("POST", `${path}/kick`, { user: "bo", banSeconds: 600 });
    expect((await sockets[1]?.closed)?.code).toBe(4403);
    expect((await (await openRoom(room, "bo")).closed).code).toBe(4403);
    const response = await callAsServer("DELETE", `${path}/bans/bo`);
    expect(response.status).toBe(200);
    const bo = await join(room, "bo");
    await fill(sockets[0] ?? expect.fail(), 1);
    await bo.settled();
    expect(bo.ofType("message").map(({ data }) => data)).toEqual([1]);
  });

  it("[L148] sends nothing to a user at the relay whose token has expired", async () => {
    const room = uniqueName("expiry");
    await configureRoom(room, { RELAY_ABOVE: 0 });
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo", { expiresInS: 60 })];
    await fill(ada, 1, () => "before");
    await bo.settled();
    advanceClock(61_000);
    await ada.ask({ type: "send", id: "after", data: "after" });
    expect((await bo.closed).code).toBe(4401);
    expect(bo.ofType("message").map(({ data }) => data)).toEqual(["before"]);
  });
});
