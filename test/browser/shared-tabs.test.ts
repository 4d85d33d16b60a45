// Tabs of one browser that share a connection: the one that holds it is closed, frozen, killed or left, and another one
// goes on. The tabs are those of a user: all but one are hidden.

import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { launchPlainBrowser, type PlainBrowser, type PlainTab } from "../support/plain-tabs.ts";
import { until } from "../support/until.ts";
import { type AppHost, startAppHost } from "./app-host.ts";
import { call, publish } from "./server-code.ts";

/**
 * From the end of the holder until what others say arrives, with what the test itself takes on a busy machine. The unit tests
 * of the tabs hold it to a second.
 */
const WITHIN_MS = 10_000;

const SCRIPT = `
  export { createClient, inboxOf, sharedRoom } from "./client/index.ts";
  export { shareTabs } from "./client/tabs/share-tabs.ts";`;

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  import { createClient, inboxOf, sharedRoom, shareTabs } from "/tabs.js";
  const given = Object.fromEntries(new URL(location.href).searchParams);
  const client = createClient({ url: given.url, getToken: () => given.token, tabs: shareTabs(), log: "off" });
  const room = given.shared ? sharedRoom(client, given.room) : client.room(given.room);
  Object.assign(window, { client, room, heard: [], left: 0, texts: {} });
  room.on("message", ({ seq, data }) => {
    heard.push(seq);
    texts[data.text] = Date.now();
  });
  room.on("memberLeft", () => {
    window.left += 1;
  });
  if (given.shared) window.inbox = inboxOf(client);
</script>`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: `${import.meta.dirname}/../..`, loader: "ts" },
    ...{ bundle: true, format: "esm", target: "es2022", write: false },
  });
  return outputFiles[0]?.text ?? "";
}

describe.skipIf(chromiumPath === undefined)("tabs that share their connections", () => {
  let browser: PlainBrowser;
  let server: LocalServer;
  let host: AppHost;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchPlainBrowser(), startServer()]);
    host = await startAppHost(server, { "/tab": PAGE, "/tabs.js": await bundle() });
  });
  afterAll(async () => {
    await browser?.close();
    host?.close();
    await server?.stop();
  });

  async function open(room: string, user: string, shared = ""): Promise<PlainTab> {
    const body = { user, rooms: { "*": "write" } };
    const { token } = await call<{ token: string }>(server, "POST", "/v1/tokens", body);
    const tab = await browser.open(
      `${host.url}/tab?${new URLSearchParams({ url: server.url, token, room, shared })}`,
    );
    await until(async () => expect(await tab.read("room.state.status")).toBe("connected"));
    return tab;
  }

  async function tabsOf(room: string, count: number, shared = ""): Promise<PlainTab[]> {
    const tabs: PlainTab[] = [];
    for (let at = 0; at < count; at++) tabs.push(await open(room, "ada", shared));
    return tabs;
  }

  const connections = async (room: string) => {
    const { occupancy } = await call<{ occupancy: { connections: number } }>(
      ...([server, "GET", `/v1/rooms/${room}/members`] as const),
    );
    return occupancy.connections;
  };

  const expectHeard = (tabs: readonly PlainTab[], seqs: readonly number[]) =>
    until(async () => {
      for (const tab of tabs) expect(await tab.read("heard")).toEqual(seqs);
    });

  const send = (tab: PlainTab, text: string) =>
    tab.read(`room.send({ text: ${JSON.stringify(text)} }).then(({ seq }) => seq)`);

  it("[W67] are one connection, ten of them, and hear each message once", async () => {
    const tabs = await tabsOf("ten-tabs", 10);
    expect(await connections("ten-tabs")).toBe(1);
    const [first, , third] = tabs as [PlainTab, PlainTab, PlainTab];
    expect([await send(third, "one"), await send(first, "two")]).toEqual([1, 2]);
    await expectHeard(tabs, [1, 2]);
    expect(await third.read("room.members.length")).toBe(1);
    const bo = await open("ten-tabs", "bo");
    expect([await connections("ten-tabs"), await bo.read("room.user.id")]).toEqual([2, "bo"]);
    for (const tab of [...tabs, bo]) await tab.close();
  });

  it("[W67] are one session, with its inbox and rooms", async () => {
    const tabs = await tabsOf("on-the-session", 4, "shared");
    await until(async () => {
      for (const tab of tabs) expect(await tab.read("inbox.state.status")).toBe("connected");
    });
    const user = await call<{ connections: number }>(server, "GET", "/v1/users/ada");
    expect(user.connections).toBe(1);
    await call(server, "POST", "/v1/notify", { users: ["ada"], id: "n1", title: "One", message: "1" });
    await send(tabs[2] as PlainTab, "one");
    await expectHeard(tabs, [1]);
    await until(async () => {
      for (const tab of tabs)
        expect(await tab.read("[inbox.unread, inbox.notifications.length]")).toEqual([1, 1]);
    });
    await tabs[1]?.read(`inbox.mark({ all: true }, "read").then(() => true)`);
    await until(async () => {
      for (const tab of tabs) expect(await tab.read("inbox.unread")).toBe(0);
    });
    for (const tab of tabs) await tab.close();
  });

  it.each(["closed", "frozen", "killed", "left"])(
    "[W68] go on soon when the one that holds the connection is %s",
    async (how) => {
      const room = `holder-${how}`;
      const [holder, ...others] = (await tabsOf(room, 4)) as [PlainTab, ...PlainTab[]];
      const bo = await open(room, "bo");
      await send(bo, "before");
      await expectHeard([holder, ...others, bo], [1]);
      const began = Date.now();
      if (how === "closed") await holder.close();
      else if (how === "killed") await holder.crash();
      else if (how === "frozen") await holder.setState("frozen");
      else await holder.send("Page.navigate", { url: "about:blank" });
      await publish(server, room, "after");
      await expectHeard([...others, bo], [1, 2]);
      const arrivals = await Promise.all(others.map((tab) => tab.read("texts.after")));
      for (const at of arrivals) expect(Number(at) - began).toBeLessThan(WITHIN_MS);
      expect(await send(others[1] as PlainTab, "mine")).toBe(3);
      await expectHeard([...others, bo], [1, 2, 3]);
      expect(await connections(room)).toBe(2);
      // Nobody saw the user leave.
      expect(await bo.read("left")).toBe(0);
      if (how === "frozen") {
        await holder.setState("active");
        await expectHeard([holder], [1, 2, 3]);
        expect(await send(holder, "back")).toBe(4);
        await expectHeard([holder, ...others, bo], [1, 2, 3, 4]);
        expect(await connections(room)).toBe(2);
      }
      for (const tab of [...others, bo]) await tab.close();
    },
  );
});
