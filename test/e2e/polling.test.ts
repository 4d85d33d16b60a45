// Long polling through proxies that let no WebSocket work: our client in Node against a server that runs, with nothing
// told to it about the network.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../../client/core/client.ts";
import { inboxOf } from "../../client/index.ts";
import { systemPorts } from "../../client/util/system-ports.ts";
import type { LocalServer } from "../support/local-server.ts";
import { type Blocking, BlockingProxy } from "./support/blocking-proxy.ts";
import {
  callAsServer,
  Guests,
  startTestServer,
  storedIn,
  tokenFor,
  uniqueName,
  waitFor,
} from "./support/world.ts";

const BLOCKED: readonly Blocking[] = ["refuses upgrades", "buffers answers", "cuts calls", "swallows frames"];

let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

describe.concurrent.each(BLOCKED)("behind a proxy that %s", (blocking) => {
  it("[C162] rooms and the inbox work, and nothing is lost or doubled", async () => {
    const proxy = await BlockingProxy.start(blocking, server.port);
    const guests = new Guests();
    try {
      const name = uniqueName("blocked");
      const [user, friend] = [uniqueName("ada"), uniqueName("bo")];
      // How long it takes there to find out has a test of its own.
      const polling = blocking === "swallows frames" ? ({ polling: "always" } as const) : {};
      const ada = guests.enter(proxy.url, name, user, polling);
      const bo = guests.enter(server.url, name, friend);
      await Promise.all([ada.live(), bo.live()]);
      expect(proxy.seen.calls).toBeGreaterThan(0);
      await waitFor(
        "they see each other",
        () => ada.room.members.length === 2 && bo.room.members.length === 2,
      );

      const sent = Array.from({ length: 12 }, (_, at) => `${at}`);
      for (const text of sent) await (Number(text) % 3 === 0 ? ada : bo).room.send(text);
      await waitFor("both have all", () => ada.received.length === 12 && bo.received.length === 12);
      expect(ada.texts()).toEqual(sent);
      expect(bo.received).toEqual(ada.received);
      expect(await storedIn(server, name)).toEqual(sent);

      // A signal may fall into the moment in which a call was cut off: who types goes on.
      await waitFor("bo sees ada type", () => {
        ada.room.startTyping();
        return bo.room.typing.length === 1;
      });
      await waitFor("ada sees bo type", () => {
        bo.room.startTyping();
        return ada.room.typing.length === 1;
      });

      const inbox = inboxOf(ada.client);
      const titles: string[] = [];
      inbox.on("notification", ({ title }) => titles.push(title));
      await waitFor("the inbox is there", () => inbox.state.status === "connected");
      await callAsServer(server, "POST", "/v1/notify", { user, title: "Hello", message: "there", id: "n1" });
      await waitFor("a notification comes", () => titles.join() === "Hello");

      if (blocking === "cuts calls") {
        // Nothing happens, so calls wait, and are cut off until they wait for less.
        await waitFor("calls are cut", () => proxy.seen.cuts >= 2);
        await ada.live();
        await bo.room.send("after the cuts");
        await ada.receives("after the cuts");
        expect(ada.texts()).toEqual([...sent, "after the cuts"]);
        // Two cuts say enough.
        expect(proxy.seen.cuts).toBeLessThanOrEqual(4);
      }
      const before = Date.now();
      ada.room.leave();
      await waitFor("bo sees ada leave", () => bo.room.members.length === 1);
      expect(Date.now() - before).toBeLessThan(4_000);
    } finally {
      guests.close();
      await proxy.close();
    }
  });
});

/** So much faster than time, for what a client waits. */
const SPEED = 8;
const fastClock = {
  now: () => Date.now(),
  elapsed: () => performance.now() * SPEED,
  after(delayMs: number, fn: () => void) {
    const timer = setTimeout(fn, delayMs / SPEED);
    return () => clearTimeout(timer);
  },
};

it("[C275][C162] a socket that opens and stays silent is given up soon, and calls take its place", async () => {
  const proxy = await BlockingProxy.start("swallows frames", server.port);
  const options = { url: proxy.url, getToken: () => tokenFor("ada"), log: "off" } as const;
  const client = new Client(options, { ...systemPorts(), clock: fastClock });
  try {
    const room = client.room(uniqueName("swallowed"));
    await waitFor("the room is live", () => room.state.status === "connected");
    expect(await room.send("through calls")).toMatchObject({ seq: 1 });
    // The room's, and the one that shows that no other gets through either. A page that comes back knows it.
    expect(proxy.seen).toMatchObject({ upgrades: 2, gets: 1 });
  } finally {
    client.close();
    await proxy.close();
  }
});

it("[C153][C162] a client goes back to a WebSocket as soon as one gets through, and loses nothing", async () => {
  const proxy = await BlockingProxy.start("refuses upgrades", server.port);
  const guests = new Guests();
  const wakers = new Set<(isCrowd: boolean) => void>();
  const onWake = (fn: (isCrowd: boolean) => void) => {
    wakers.add(fn);
    return () => wakers.delete(fn);
  };
  const options = {
    url: proxy.url,
    getToken: () => tokenFor("ada"),
    log: "off",
    reconnect: { minMs: 50, maxMs: 400 },
  } as const;
  // A WebSocket is tried again half a minute after the last one.
  let skippedMs = 0;
  const ports = systemPorts();
  const clock = { ...fastClock, after: ports.clock.after, elapsed: () => performance.now() + skippedMs };
  const client = new Client(options, { ...ports, clock, onWake });
  try {
    const name = uniqueName("left");
    const room = client.room(name);
    const bo = guests.enter(server.url, name, "bo");
    await waitFor("the room is live", () => room.state.status === "connected");
    await bo.live();
    const sent: Promise<unknown>[] = [];
    const texts = Array.from({ length: 30 }, (_, at) => `${at}`);
    const { upgrades } = proxy.seen;
    for (const text of texts) {
      sent.push(room.send(text));
      if (text !== "10") await bo.room.send(`bo ${text}`);
      else {
        proxy.isOpen = true;
        skippedMs = 30_000;
        for (const wake of [...wakers]) wake(false);
      }
    }
    await Promise.all(sent);
    // The try, and the room.
    await waitFor("the room has a socket", () => proxy.seen.upgrades === upgrades + 2);
    await waitFor("both have all", () => room.messages.length === 59 && bo.room.messages.length === 59);
    expect(room.messages).toEqual(bo.room.messages);
    expect(bo.texts().filter((text) => !String(text).startsWith("bo"))).toEqual(texts);
    const { calls } = proxy.seen;
    await bo.room.send("the last");
    await waitFor("it comes", () => room.messages.at(-1)?.data === "the last");
    expect(proxy.seen.calls).toBe(calls);
  } finally {
    guests.close();
    client.close();
    await proxy.close();
  }
});
