// What outlives the page, in Chromium beside the real server: without a network, over reloads, in a tab that crashes or is
// frozen, and with a server that is killed.

import { createServer } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { launchPlainBrowser, type PlainBrowser, type PlainTab } from "../support/plain-tabs.ts";
import { STORAGE_CONTRACT } from "../support/storage-contract.ts";
import { publish, storedTexts } from "./server-code.ts";

const SOON = { timeout: 45_000, interval: 50 };
const root = join(import.meta.dirname, "../..");

/** `user`, `room` and `via`, the address of the server, stand in the query; `shared` where tabs share a connection. */
const SCRIPT = `
  import { createClient } from "./client/index.ts";
  import { clientOutbox, IndexedDbStorage, keepOffline } from "./client/offline/index.ts";
  import { shareTabs } from "./client/tabs/share-tabs.ts";
  import { STORAGE_CONTRACT } from "./test/support/storage-contract.ts";
  const { searchParams } = new URL(location.href);
  const [user, room, url] = ["user", "room", "via"].map((name) => searchParams.get(name) ?? "");
  const tabs = searchParams.has("shared") ? shareTabs() : undefined;
  window.contract = (index) => {
    const name = "contract " + index + " " + Math.random();
    return STORAGE_CONTRACT[index].run(() => new IndexedDbStorage(name));
  };
  if (room !== "") {
    const getToken = async () => (await fetch(url + "/dev/token?user=" + user)).json();
    const reconnect = { minMs: 100, maxMs: 500 };
    const offline = keepOffline({ cache: true });
    window.client = createClient({ url, getToken, log: "off", reconnect, offline, ...(tabs && { tabs }) });
    window.room = window.client.room(room);
    window.outbox = clientOutbox(window.client);
    window.firstShown = undefined;
    window.room.subscribe(() => {
      const { messages, state } = window.room.getSnapshot();
      if (messages.length > 0) window.firstShown ??= [state.status, messages.map(({ data }) => data?.text)];
    });
    window.texts = () => window.room.messages.map(({ data }) => data?.text ?? null);
    window.statuses = () => window.outbox.entries.map(({ kind, status }) => kind + " " + status);
    const storage = new IndexedDbStorage("edge-rooms");
    window.keptTexts = async () => (await storage.list("entry/")).map(({ value }) => value.said?.data.text).sort();
  }
`;

/** A way to the server that can be cut, or made to hold back what the server says, and mended. */
function cutWay(port: number) {
  const open = new Set<Socket>();
  /** Where the server answers, and who hears it. */
  const ears = new Map<Socket, Socket>();
  let isCut = false;
  let isHeld = false;
  const server = createTcpServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, "localhost");
    near.pipe(far);
    ears.set(far, near);
    if (!isHeld) far.pipe(near);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        ears.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  return {
    server,
    cut() {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    holdAnswers() {
      isHeld = true;
      for (const [far, near] of ears) far.unpipe(near);
    },
    mend() {
      if (isHeld) for (const [far, near] of ears) far.pipe(near);
      isCut = false;
      isHeld = false;
    },
  };
}

const listen = (server: Server) =>
  new Promise<string>((resolve) =>
    server.listen(0, "localhost", () =>
      resolve(`http://localhost:${(server.address() as AddressInfo).port}`),
    ),
  );

describe.skipIf(chromiumPath === undefined)("what outlives the page", () => {
  let server: LocalServer;
  let browser: PlainBrowser;
  /** One origin for each user, as each has a browser. */
  let pages: readonly Server[];
  let way: ReturnType<typeof cutWay>;
  let origins: Readonly<Record<string, string>>;
  let via: string;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchPlainBrowser(), startServer()]);
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: root, loader: "ts" },
      ...{ bundle: true, write: false, format: "iife", target: "es2022" },
    });
    const page = `<!doctype html><link rel="icon" href="data:,"><script>${outputFiles[0]?.text}</script>`;
    pages = ["ada", "bo"].map(() =>
      createServer((_, response) => {
        response.setHeader("Content-Type", "text/html");
        response.end(page);
      }),
    );
    way = cutWay(server.port);
    via = await listen(way.server);
    const [ada = "", bo = ""] = await Promise.all(pages.map(listen));
    origins = { ada, bo };
  });
  afterAll(async () => {
    await browser?.close();
    way?.cut();
    way?.server.close();
    for (const server of pages ?? []) server.close();
    await server?.stop();
  });

  const addressOf = (room: string, user: string) =>
    `${origins[user]}/?room=${room}&user=${user}&via=${encodeURIComponent(via)}`;
  const status = (tab: PlainTab) => tab.read("window.room?.state.status");
  const texts = (tab: PlainTab) => tab.read("window.texts?.()");

  async function openRoom(room: string, user: string, more = ""): Promise<PlainTab> {
    const tab = await browser.open(addressOf(room, user) + more);
    await expect.poll(() => status(tab), SOON).toBe("connected");
    return tab;
  }

  const setOffline = async (tab: PlainTab, offline: boolean) => {
    await tab.send("Network.enable");
    await tab.send("Network.emulateNetworkConditions", {
      ...{ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
    });
  };

  it.each(STORAGE_CONTRACT.map(({ title }, index) => ({ title, index })))(
    "[C170] IndexedDB of Chromium $title",
    async ({ index }) => {
      const tab = await browser.open(String(origins.ada));
      await expect.poll(() => tab.read("typeof window.contract"), SOON).toBe("function");
      const result = await tab.read(`window.contract(${index}).then((result) => JSON.stringify(result))`);
      const { got, due } = JSON.parse(String(result));
      expect(got).toEqual(due);
    },
  );

  it("[W61][C183] is shown at once after a reload, and all that was done offline is stored once", async () => {
    const room = "offline";
    for (const text of ["one", "two", "three"]) await publish(server, room, text);
    const bo = await openRoom(room, "bo");
    const ada = await openRoom(room, "ada");
    const own = await ada.read(`room.send({ text: "own" }).then(({ seq }) => seq)`);
    await setOffline(ada, true);
    await expect.poll(() => status(ada), SOON).not.toBe("connected");
    await ada.read(`room.send({ text: "first" }), room.edit(${own}, { text: "own, edited" }), 0`);
    await ada.read(`room.react(1, "👍"), room.markRead(), 0`);
    await expect.poll(() => ada.read("statuses()"), SOON).toEqual(["send kept", "edit kept", "react kept"]);
    // The page itself can be loaded again; the server cannot be reached.
    way.cut();
    await setOffline(ada, false);
    await ada.send("Page.reload");
    const shown = ["one", "two", "three", "own, edited", "first"];
    await expect.poll(() => texts(ada), SOON).toEqual(shown);
    await ada.read(`room.send({ text: "second" }), 0`);
    await expect.poll(() => ada.read("statuses().at(-1)"), SOON).toBe("send kept");
    // What a crash of the tab would do.
    await ada.crash();
    await publish(server, room, "meanwhile");
    way.mend();
    const again = await openRoom(room, "ada");
    expect(await again.read("firstShown")).toEqual(["connecting", ["one", "two", "three", "own"]]);
    const all = ["one", "two", "three", "own, edited", "meanwhile", "first", "second"];
    for (const tab of [again, bo]) await expect.poll(() => texts(tab), SOON).toEqual(all);
    expect(await storedTexts(server, room)).toEqual(all);
    await expect.poll(() => again.read("statuses()"), SOON).toEqual([]);
    const reactions = "JSON.stringify(room.messages[0].reactions)";
    expect([await again.read(reactions), await bo.read(reactions)]).toEqual(Array(2).fill('{"👍":["ada"]}'));
    await expect.poll(() => again.read("room.unread"), SOON).toBe(1);
  });

  it("[W62][C174] of a tab that is killed, or frozen, goes out from another one, once", async () => {
    for (const end of ["killed", "frozen"]) {
      const room = `tab-${end}`;
      const other = await openRoom(room, "ada");
      const tab = await openRoom(room, "ada");
      await setOffline(tab, true);
      await expect.poll(() => status(tab), SOON).not.toBe("connected");
      await tab.read(`room.send({ text: "left" }), 0`);
      await expect.poll(() => tab.read("statuses()"), SOON).toEqual(["send kept"]);
      expect(await storedTexts(server, room)).toEqual([]);
      await other.show();
      if (end === "killed") await tab.crash();
      else await tab.setState("frozen");
      await expect.poll(() => storedTexts(server, room), SOON).toEqual(["left"]);
      if (end === "killed") continue;
      await setOffline(tab, false);
      await tab.setState("active");
      await expect
        .poll(() => tab.read("[room.state.status, statuses().length, texts().length].join()"), SOON)
        .toBe("connected,0,1");
      expect(await storedTexts(server, room)).toEqual(["left"]);
    }
  });

  it("[W62][C248] of tabs that share a connection goes out once, as its holder is killed in the middle of it", async () => {
    const room = "shared-and-kept";
    const tabs = [];
    for (let count = 0; count < 3; count++) tabs.push(await openRoom(room, "ada", "&shared"));
    const [holder, second, third] = tabs as [PlainTab, PlainTab, PlainTab];
    const bo = await openRoom(room, "bo");
    expect(await bo.read("room.occupancy.connections")).toBe(2);
    // All of it is kept, and no tab has heard of its end, as the holder is killed.
    way.holdAnswers();
    await second.read(`room.send({ text: "s1" }), room.send({ text: "s2" }), 0`);
    await holder.read(`room.send({ text: "h1" }), room.send({ text: "h2" }), 0`);
    await expect.poll(() => third.read("keptTexts()"), SOON).toEqual(["h1", "h2", "s1", "s2"]);
    await holder.crash();
    way.mend();
    const sorted = async (tab: PlainTab) => [...((await texts(tab)) as string[])].sort();
    for (const tab of [second, third, bo]) {
      await expect.poll(() => sorted(tab), SOON).toEqual(["h1", "h2", "s1", "s2"]);
    }
    way.cut();
    await expect.poll(() => status(second), SOON).not.toBe("connected");
    for (const tab of [second, third]) {
      await tab.read(`room.send({ text: "offline" }), 0`);
      // Before it may stand what the holder left, which one of these tabs takes over when it looks.
      await expect.poll(() => tab.read("statuses().at(-1)"), SOON).toBe("send kept");
    }
    await second.crash();
    way.mend();
    await third.show();
    const all = ["h1", "h2", "offline", "offline", "s1", "s2"];
    await expect.poll(() => sorted(third), SOON).toEqual(all);
    await expect.poll(() => third.read("statuses()"), SOON).toEqual([]);
    expect([...(await storedTexts(server, room))].sort()).toEqual(all);
  });

  it("[W61][N4] has a file for pages without a bundler, with tabs that share and pushes", async () => {
    const tab = await browser.open(String(origins.ada));
    const script = `import("${server.url}/edge-rooms-all.js").then(async (all) => {
      const { clientOutbox, createClient, createPush, keepOffline, sharedRoom, shareTabs } = all;
      const getToken = async () => (await fetch("${server.url}/dev/token?user=eve")).json();
      const options = { offline: keepOffline(), tabs: shareTabs(), log: "off" };
      const client = createClient({ url: "${server.url}", getToken, ...options });
      const { seq } = await client.room("no-bundler").send({ text: "one" });
      createPush(client);
      return [seq, clientOutbox(client).entries.length].join();
    }, String)`;
    expect(await tab.read(script)).toBe("1,0");
  });

  it("[W63][C171] goes out once after the server was killed and restarted", async () => {
    const room = "restarted";
    const tab = await openRoom(room, "ada");
    await tab.read(`room.send({ text: "before" })`);
    await tab.read(`void room.send({ text: "at the end" }), 0`);
    await server.kill();
    await expect.poll(() => status(tab), SOON).not.toBe("connected");
    await tab.read(`void room.send({ text: "while it is gone" }), 0`);
    await expect.poll(() => tab.read("statuses().at(-1)"), SOON).toBe("send kept");
    await tab.send("Page.reload");
    await server.restart();
    await expect.poll(() => status(tab), SOON).toBe("connected");
    const all = ["before", "at the end", "while it is gone"];
    await expect.poll(() => storedTexts(server, room), SOON).toEqual(all);
    await expect.poll(() => texts(tab), SOON).toEqual(all);
    await expect.poll(() => tab.read("statuses()"), SOON).toEqual([]);
  });
});
