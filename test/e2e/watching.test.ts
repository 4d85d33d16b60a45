// Rooms that are watched: our client in Node against a server that runs.

import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createClient } from "../../client/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { callAsServer, Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer({ ANONYMOUS_ROOMS: "public_*" });
});
afterAll(() => server?.stop());

const guests = new Guests();
afterEach(() => guests.close());

const watching = { room: { watch: true }, getToken: () => null } as const;

it("[L110][L103] a crowd that watches gets each message once, in order, and one that takes part goes on", async () => {
  const name = uniqueName("public_watched");
  const bo = guests.enter(server.url, name, uniqueName("bo"));
  await bo.live();
  await bo.room.send("0");
  const crowd = Array.from({ length: 20 }, () => guests.enter(server.url, name, "nobody", watching));
  await Promise.all(crowd.map((watcher) => watcher.live()));
  const sent = Array.from({ length: 10 }, (_, at) => `${at + 1}`);
  for (const text of sent) await bo.room.send(text);
  await waitFor("all have all", () => crowd.every(({ received }) => received.length === 11));
  for (const watcher of crowd) {
    expect(watcher.texts()).toEqual(["0", ...sent]);
    expect([watcher.losses.count, watcher.states]).toEqual([0, ["connected"]]);
  }
  const [first] = crowd;
  expect(await first?.room.send("x").catch(({ code }) => code)).toBe("forbidden");
  expect(bo.room.occupancy).toEqual({ members: 1, connections: 1 });
});

it("[L115] who signs in goes on with a connection, without a gap", async () => {
  const name = uniqueName("public_watched");
  await callAsServer(server, "POST", `/v1/rooms/${name}/messages`, { data: "before" });
  const ada = guests.enter(server.url, name, uniqueName("ada"), { room: { watch: true } });
  await ada.live();
  await callAsServer(server, "POST", `/v1/rooms/${name}/messages`, { data: "meanwhile" });
  ada.client.room(name);
  await ada.room.send("now");
  await waitFor("all has come", () => ada.received.length === 3);
  expect(ada.texts()).toEqual(["before", "meanwhile", "now"]);
  expect(ada.losses.count).toBe(0);
  expect(ada.room.members).toHaveLength(1);
});

it("[L114] a private room gets a connection, and is refused without a token", async () => {
  const name = uniqueName("private");
  const ada = guests.enter(server.url, name, uniqueName("ada"), { room: { watch: true } });
  await ada.live();
  await ada.room.send("in");
  const nobody = createClient({ url: server.url, log: "off" });
  const room = nobody.room(name, { watch: true });
  const state = await waitFor("it is refused", () => room.state.status === "disconnected" && room.state);
  expect(state.error?.code).toBe("unauthorized");
  nobody.close();
});
