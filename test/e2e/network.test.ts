// Servers that are really killed and networks that really break: everything missed comes once, and everything sent is
// stored once.

import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import { Network } from "./support/network.ts";
import {
  callAsServer,
  Guests,
  startTestServer,
  storedIn,
  uniqueName,
  WAYS,
  waitFor,
} from "./support/world.ts";

/**
 * An upper bound: the 4 MiB of the room, and what proxies and the operating system hold of a connection that is not
 * read.
 */
const MAX_UNREAD_MESSAGES = 400;
/** The bytes of one message, which no compression makes smaller. */
const RANDOM_BYTES = 180_000;

let server: LocalServer;
let network: Network;

beforeAll(async () => {
  server = await startTestServer({ MAX_MESSAGE_BYTES: 262_144 });
  network = await Network.to(server.port);
});
afterAll(async () => {
  await network?.close();
  await server?.stop();
});

describe.each(WAYS)("a network and a server that fail, with rooms on %s", (way) => {
  const guests = new Guests(way);

  afterEach(() => guests.close());

  it("[D3] a killed server returns, and what was missed comes once", async () => {
    const name = uniqueName("killed");
    const ada = guests.enter(server.url, name, "ada");
    const bo = guests.enter(server.url, name, "bo");
    await Promise.all([ada.live(), bo.live()]);
    await ada.room.send("before");
    await bo.receives("before");
    bo.client.disconnect();
    const missed = Array.from({ length: 20 }, (_, at) => `missed ${at}`);
    await Promise.all(missed.map((text) => ada.room.send(text)));

    // Some of these are stored and not delivered, some have not arrived.
    const hurried = Array.from({ length: 30 }, (_, at) => `hurried ${at}`);
    const sent = hurried.map((text) => ada.room.send(text));
    await waitFor("something is stored", () => ada.texts().includes("hurried 0"));
    await server.kill();
    await waitFor("ada has noticed", () => ada.room.state.status !== "connected");
    const down = Array.from({ length: 5 }, (_, at) => `while down ${at}`);
    sent.push(...down.map((text) => ada.room.send(text)));
    const late = bo.room.send("from bo");
    bo.client.reconnect();

    await server.restart();
    const results = await Promise.all([...sent, late]);
    await Promise.all([ada.receives("from bo"), bo.receives("from bo")]);
    const all = ["before", ...missed, ...hurried, ...down, "from bo"].sort();
    await waitFor("bo has received everything", () => bo.received.length >= all.length);
    await waitFor("ada has received everything", () => ada.received.length >= all.length);
    expect([...ada.texts()].sort()).toEqual(all);
    expect(bo.received).toEqual(ada.received);
    expect(ada.received.map(({ seq }) => seq)).toEqual(all.map((_, at) => at + 1));
    expect(await storedIn(server, name)).toEqual(ada.texts());
    expect(new Set(results.map(({ seq }) => seq)).size).toBe(results.length);
    // The messages of one sender are in the order of sending, whatever happened in between.
    const own = ada.texts().filter((text) => text !== "from bo");
    expect(own).toEqual(["before", ...missed, ...hurried, ...down]);
    expect([ada.losses.count, bo.losses.count]).toEqual([0, 0]);
  });

  it("[S7][D3] what was stored before the server died is not stored again", async () => {
    const name = uniqueName("unacknowledged");
    const cut = guests.enter(network.url, name, "ada");
    const direct = guests.enter(server.url, name, "bo");
    await Promise.all([cut.live(), direct.live()]);
    network.freeze("down");
    const sent = cut.room.send("once", { echo: false });
    await direct.receives("once");
    await server.kill();
    network.cut();
    await server.restart();
    expect(await sent).toMatchObject({ seq: 1 });
    await direct.live();
    await cut.room.send("after");
    await direct.receives("after");
    expect(direct.texts()).toEqual(["once", "after"]);
    expect(await storedIn(server, name)).toEqual(["once", "after"]);
  });

  it.each([{ echo: true }, { echo: false }])(
    "[S7] a lost acknowledgement causes no second message (%o)",
    async (options) => {
      const name = uniqueName("lost_ack");
      const cut = guests.enter(network.url, name, "ada");
      const direct = guests.enter(server.url, name, "bo");
      await Promise.all([cut.live(), direct.live()]);
      network.freeze("down");
      const sent = cut.room.send("once", options);
      await direct.receives("once");
      expect(cut.room.outbox.map(({ status }) => status)).toEqual(["sent"]);
      network.cut();
      expect(await sent).toMatchObject({ seq: 1 });
      await cut.live();
      await cut.room.send("after");
      await direct.receives("after");
      expect(direct.texts()).toEqual(["once", "after"]);
      // The event comes with the replay, as nothing took its place.
      expect(cut.texts()).toEqual(["once", "after"]);
      expect(cut.room.messages.map(({ data }) => data)).toEqual(["once", "after"]);
    },
  );

  it("[G5] a client that stops reading is closed, others do not notice, and what it missed comes once", async () => {
    const name = uniqueName("slow");
    const slow = guests.enter(network.url, name, "ada");
    const reader = guests.enter(server.url, name, "bo");
    await Promise.all([slow.live(), reader.live()]);
    const reasons: unknown[] = [];
    slow.room.on("state", (state) => {
      if (state.status === "reconnecting") reasons.push(state.error.code);
    });
    const connections = async () => {
      type Info = { readonly occupancy: { readonly connections: number } };
      return (await callAsServer<Info>(server, "GET", `/v1/rooms/${name}`)).occupancy.connections;
    };
    network.stall();
    let sent = 0;
    while ((await connections()) === 2 && sent < MAX_UNREAD_MESSAGES) {
      const some = Array.from(
        { length: 8 },
        () => `${++sent} ${randomBytes(RANDOM_BYTES).toString("base64")}`,
      );
      await Promise.all(some.map((text) => reader.room.send(text)));
    }
    expect(await connections()).toBe(1);
    network.flow();
    await waitFor("the reason arrives", () => reasons.length > 0);
    await slow.live();
    await reader.room.send("after");
    await slow.receives("after");
    await reader.receives("after");
    expect(reasons).toEqual(["slow_consumer"]);
    expect(slow.received.map(({ seq }) => seq)).toEqual(Array.from({ length: sent + 1 }, (_, at) => at + 1));
    expect(slow.received).toEqual(reader.received);
    expect(reader.states.filter((status) => status === "connected")).toHaveLength(1);
    expect([slow.losses.count, reader.losses.count]).toEqual([0, 0]);
  });

  it("[S7] a message that was lost on its way to the server is stored once", async () => {
    const name = uniqueName("lost_send");
    const cut = guests.enter(network.url, name, "ada");
    const direct = guests.enter(server.url, name, "bo");
    await Promise.all([cut.live(), direct.live()]);
    network.freeze("up");
    const sent = cut.room.send("once");
    await waitFor("it is on its way", () => cut.room.outbox[0]?.status === "sent");
    await direct.room.send("first");
    await cut.receives("first");
    network.cut();
    expect(await sent).toMatchObject({ seq: 2 });
    await direct.receives("once");
    expect(direct.texts()).toEqual(["first", "once"]);
    expect(cut.texts()).toEqual(["first", "once"]);
  });
});
