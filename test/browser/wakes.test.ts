// What the client does as a page is frozen, left for another one and entered again, or wakes with a socket that died: in
// Chromium, beside the real server.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Network } from "../e2e/support/network.ts";
import { chromiumPath } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { launchPlainBrowser, type PlainBrowser, type PlainTab } from "../support/plain-tabs.ts";
import { publish, storedTexts } from "./server-code.ts";

/**
 * The unit tests hold it to 2 s. This is how long a busy machine may take, and less than the heartbeat needs without a
 * wake: at least the rest of 25 s, and the 10 s in which its pong may come.
 */
const FOUND_WITHIN_MS = 15_000;
const SOON = { timeout: 45_000, interval: 50 };

/** `close` of the query: the app closes its client as docstrings show it. */
const PAGE = (server: string) => `<!doctype html><link rel="icon" href="data:,"><script type="module">
  import { createClient } from "${server}/edge-rooms.js";
  const { searchParams } = new URL(location.href);
  const [room, url] = ["room", "via"].map((name) => searchParams.get(name));
  window.happened = [];
  window.socketEnds = [];
  const { WebSocket } = window;
  window.WebSocket = class extends WebSocket {
    close(code) {
      socketEnds.push(code);
      super.close(code);
    }
  };
  for (const name of ["pagehide", "pageshow"]) addEventListener(name, (event) => {
    happened.push(name + (event.persisted ? " persisted" : ""));
  });
  addEventListener("visibilitychange", () => { window.shownAt = Date.now(); });
  for (const name of ["freeze", "resume"]) document.addEventListener(name, () => happened.push(name));
  const getToken = async () => (await fetch("${server}/dev/token?user=ada")).json();
  window.client = createClient({ url, getToken, log: "off" });
  window.room = client.room(room);
  window.states = [];
  window.room.on("state", ({ status }) => states.push([status, Date.now()]));
  window.texts = () => window.room.messages.map(({ data }) => data.text);
  // Added late, as a component may do it.
  if (searchParams.has("close")) addEventListener("load", () => setTimeout(() => {
    addEventListener("pagehide", () => client.close());
    window.closesAtTheEnd = true;
  }, 500));
</script>`;

const serve = (server: string): Server =>
  createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(PAGE(server));
  });

describe.skipIf(chromiumPath === undefined)("a page", () => {
  let server: LocalServer;
  let browser: PlainBrowser;
  let pages: Server;
  let network: Network;
  let origin: string;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchPlainBrowser(), startServer()]);
    pages = serve(server.url);
    network = await Network.to(server.port);
    await new Promise<void>((resolve) => pages.listen(0, "localhost", resolve));
    origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser?.close();
    await network?.close();
    pages?.close();
    await server?.stop();
  });

  const status = (tab: PlainTab) => tab.read("room.state.status");
  const happened = (tab: PlainTab) => tab.read("happened");

  async function openRoom(name: string, more = ""): Promise<PlainTab> {
    const tab = await browser.open(`${origin}/?room=${name}&via=${encodeURIComponent(network.url)}${more}`);
    await expect.poll(() => status(tab), SOON).toBe("connected");
    return tab;
  }

  it("[C137] that is frozen sends its last words, closes its socket, and comes back with what it missed", async () => {
    const tab = await openRoom("frozen");
    const other = await browser.open("about:blank");
    await other.show();
    await expect.poll(() => tab.read("document.visibilityState"), SOON).toBe("hidden");
    await tab.read(`document.addEventListener("freeze", () => void room.send({ text: "last words" })), 0`);
    await tab.setState("frozen");
    await expect.poll(() => storedTexts(server, "frozen"), SOON).toEqual(["last words"]);
    await publish(server, "frozen", "missed");
    await tab.setState("active");
    await expect.poll(() => tab.read("texts()"), SOON).toEqual(["last words", "missed"]);
    expect([await happened(tab), await tab.read("socketEnds")]).toEqual([
      ["pageshow", "freeze", "resume"],
      [4000],
    ]);
    expect(await tab.read("room.outbox")).toEqual([]);
  });

  it("[C137] that is left and entered again comes out of the browser's cache with what it missed", async () => {
    const tab = await openRoom("cached");
    await tab.read("window.isSame = true");
    await tab.send("Page.navigate", { url: "about:blank" });
    await expect.poll(() => tab.read("location.href"), SOON).toBe("about:blank");
    await publish(server, "cached", "missed");
    await tab.read("history.back()");
    await expect.poll(() => tab.read("window.texts?.()"), SOON).toEqual(["missed"]);
    expect(await tab.read("isSame")).toBe(true);
    expect(await happened(tab)).toContain("pageshow persisted");
    expect(await tab.read("socketEnds")).toEqual([4000]);
    await expect.poll(() => status(tab), SOON).toBe("connected");
  });

  it("[C137] whose app closes the client as it is left leaves the room at once", async () => {
    const tab = await openRoom("closing", "&close");
    await expect.poll(() => tab.read("window.closesAtTheEnd"), SOON).toBe(true);
    await tab.send("Page.navigate", { url: "about:blank" });
    await expect.poll(() => tab.read("location.href"), SOON).toBe("about:blank");
    await tab.read("history.back()");
    await expect.poll(() => tab.read("window.socketEnds"), SOON).toEqual([1000]);
    expect(await status(tab)).toBe("disconnected");
  });

  it("[C135] that is shown again finds out soon that its socket died, and reconnects", async () => {
    const tab = await openRoom("dead");
    const other = await browser.open("about:blank");
    await other.show();
    await expect.poll(() => tab.read("document.visibilityState"), SOON).toBe("hidden");
    network.freeze("up");
    network.freeze("down");
    await tab.read("states.splice(0), 0");
    await tab.show();
    await expect.poll(() => tab.read("states.length"), SOON).toBeGreaterThan(0);
    expect(await tab.read("states[0][0]")).toBe("reconnecting");
    expect(await tab.read("states[0][1] - shownAt")).toBeLessThan(FOUND_WITHIN_MS);
    network.cut();
    await expect.poll(() => status(tab), SOON).toBe("connected");
  });
});
