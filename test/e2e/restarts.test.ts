// A server that is killed and started again: what rooms on a session and server code have of it. Sockets of one room are in
// `network.test.ts`.

import { afterAll, beforeAll, expect, it } from "vitest";
import { type RoomHandle, sharedRoom } from "../../client/index.ts";
import { createServerApi } from "../../client/server/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { Network } from "./support/network.ts";
import { Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const guests = new Guests();
let server: LocalServer;
let network: Network;

beforeAll(async () => {
  server = await startTestServer();
  network = await Network.to(server.port);
});
afterAll(async () => {
  guests.close();
  await network?.close();
  await server?.stop();
});

function listen(room: RoomHandle) {
  const received: unknown[] = [];
  const seqs: number[] = [];
  room.on("message", ({ seq, data }) => {
    received.push(data);
    seqs.push(seq);
  });
  return { room, received, seqs };
}

it("[C47] all rooms return with their cursors after a cut connection and a killed server", async () => {
  const names = Array.from({ length: 8 }, () => uniqueName("cut"));
  const session = guests.client(network.url, "ada");
  const ada = names.map((name) => listen(sharedRoom(session, name)));
  const sockets = guests.client(server.url, "bo");
  const bo = names.map((name) => listen(sockets.room(name)));
  const all = [...ada, ...bo];
  await waitFor("all rooms are connected", () => all.every(({ room }) => room.state.status === "connected"));
  const say = (text: string) => Promise.all(all.map(({ room }, at) => room.send(`${text} ${at}`)));
  await say("at first");
  network.freeze("down");
  const whileFrozen = say("frozen");
  await Promise.all(bo.map(({ room }) => room.send("unheard")));
  network.cut();
  await whileFrozen;
  await server.kill();
  const whileDown = say("down");
  await server.restart();
  await whileDown;
  await waitFor("all have received everything", () => all.every(({ received }) => received.length === 7));
  for (const [at, { seqs, received }] of bo.entries()) {
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(ada[at]).toMatchObject({ seqs, received });
  }
});

it("[C96] server code is told when its server is back, and what it said is stored once", async () => {
  const room = createServerApi({ url: server.url, apiKey: server.apiKey }).room(uniqueName("restart"));
  const first = await room.publish({ data: "before", id: "one" });
  await server.kill();
  const late = room.publish({ data: "while it was down" }, { timeoutMs: 110_000 });
  await server.restart();
  expect(await late).toMatchObject({ seq: first.seq + 1 });
  expect(await room.publish({ data: "before", id: "one" })).toEqual({ ...first, duplicate: true });
  expect((await room.messages()).messages.map(({ data }) => data)).toEqual(["before", "while it was down"]);
});

it("[R40][R43] who has read how far is known after a killed server: of who left, and of who comes back", async () => {
  const name = uniqueName("positions");
  const api = createServerApi({ url: server.url, apiKey: server.apiKey }).room(name);
  const [staying, leaving] = [guests.client(server.url, "ada"), guests.client(server.url, "bo")];
  const [ada, bo] = [staying.room(name), leaving.room(name)];
  for (let n = 1; n <= 9; n++) await api.publish({ data: n });
  await waitFor("both are connected", () => [ada, bo].every(({ state }) => state.status === "connected"));
  await Promise.all([ada.markRead(8), bo.markRead(5)]);
  leaving.close();
  await waitFor("one has left", async () => (await api.info()).occupancy.members === 1);
  await server.kill();
  await server.restart();
  const known = async () => new Map((await api.receipts()).map(({ user, seq }) => [user, seq]));
  expect((await known()).get("bo")).toBe(5);
  await waitFor("the other one is back", async () => (await known()).get("ada") === 8);
});
