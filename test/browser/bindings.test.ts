// Components of React, Vue and Svelte in Chromium, on the package that the real server packed, beside that server.

import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient, type RoomHandle } from "../../client/index.ts";
import { chromiumPath } from "../support/chromium.ts";
import {
  type ComponentPage,
  type ComponentPages,
  FRAMEWORKS,
  type Framework,
  startComponentPages,
} from "./component-pages.ts";

const SOON = { timeout: 45_000, interval: 20 };

const shows = (page: Page, id: string, text: string) =>
  expect.poll(() => page.locator(`#${id}`).textContent(), SOON).toBe(text);

const list = (page: Page) => page.locator("li").allTextContents();

const listsRendered = (page: Page) => page.evaluate<number>("renders.lists");

async function say(page: Page, text: string): Promise<void> {
  await page.locator("input").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

let pages: ComponentPages;
const opened: ComponentPage[] = [];

async function open(...args: Parameters<ComponentPages["open"]>): Promise<ComponentPage> {
  const page = await pages.open(...args);
  opened.push(page);
  return page;
}

describe.skipIf(chromiumPath === undefined)("components in a browser", () => {
  beforeAll(async () => {
    pages = await startComponentPages();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ context }) => context.close()));
  });
  afterAll(() => pages?.stop());

  it("[V1][V6][V9][V10][N7] React, Vue and Svelte share a room, and what one types renders no list", async () => {
    const users = await Promise.all(FRAMEWORKS.map((framework) => open("chat", framework, "trio")));
    const tabs = users.map(({ page }) => page);
    for (const page of tabs) expect(await page.evaluate("typeof Promise.withResolvers")).toBe("undefined");
    for (const page of tabs) await shows(page, "members", "react,svelte,vue");
    const said: string[] = [];
    for (const [n, page] of tabs.entries()) {
      await say(page, `hello of ${n}`);
      said.push(`${FRAMEWORKS[n]}: hello of ${n}`);
      for (const other of tabs) await expect.poll(() => list(other), SOON).toEqual(said);
    }
    for (const page of tabs) await shows(page, "unread", "2");

    // All type at once: each list is beside two others who do, and its own writer.
    for (const page of tabs) await shows(page, "typing", "");
    const before = await Promise.all(tabs.map(listsRendered));
    await Promise.all(tabs.map((page) => page.locator("input").pressSequentially("not sent")));
    const typists = async (page: Page) => (await page.locator("#typing").textContent())?.split(",").length;
    for (const page of tabs) await expect.poll(() => typists(page), SOON).toBe(2);
    expect(await Promise.all(tabs.map(listsRendered))).toEqual(before);

    // Cut off, what is sent waits, and is stored once.
    for (const [n, { page, context }] of users.entries()) {
      await context.setOffline(true);
      await page.evaluate("client.reconnect()");
      await say(page, `later of ${n}`);
      await shows(page, "pending", "1");
      await expect
        .poll(async () => (await list(page)).at(-1), SOON)
        .toBe(`${FRAMEWORKS[n]}: later of ${n} …`);
      await context.setOffline(false);
      said.push(`${FRAMEWORKS[n]}: later of ${n}`);
      for (const other of tabs) await expect.poll(() => list(other), SOON).toEqual(said);
      await shows(page, "pending", "0");
    }
    // The browser reports each try without a network, and the client that `reconnect` got no new token.
    const real = users
      .flatMap(({ faults }) => faults)
      .filter(
        (fault) =>
          !/ERR_INTERNET_DISCONNECTED|WebSocket|is offline|getToken failed: TypeError: Failed to fetch/.test(
            fault,
          ),
      );
    expect(real).toEqual([]);
  });

  describe("that a server rendered", () => {
    let client: Client;
    let room: RoomHandle;
    /** What the room hears of the page's user, in order. */
    let seen: string[];
    afterEach(() => client.close());

    /** Somebody else in the room, who watches. */
    async function watch(name: string): Promise<void> {
      client = createClient({
        url: pages.server.url,
        getToken: async () => (await fetch(`${pages.server.url}/dev/token?user=watcher`)).json(),
      });
      room = client.room(name);
      seen = [];
      room.on("memberJoined", ({ member }) => seen.push(`${member.id} joined`));
      room.on("memberLeft", ({ user }) => seen.push(`${user} left`));
      await expect.poll(() => room.state.status, SOON).toBe("connected");
      seen.length = 0;
    }

    const sees = (...events: readonly string[]) => expect.poll(() => seen, SOON).toEqual(events);
    const set = (page: Page, state: object) => page.evaluate(`stage.set(${JSON.stringify(state)})`);
    /** What React renders out of sight, it renders as soon as nothing else is to be done. */
    const idle = (page: Page) => page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));

    /** The page, once it is hydrated and connected. */
    async function hydrated(framework: Framework, name: string): Promise<ComponentPage> {
      await watch(name);
      const tab = await open("stage", framework, room.name);
      await shows(tab.page, "status", "connected");
      await sees(`${framework} joined`);
      expect(room.occupancy.connections).toBe(2);
      // What the server rendered is still there, and nothing was repaired.
      const [kept, served] = await tab.page.evaluate<readonly [number, number]>(
        "[served.filter((node) => node.isConnected).length, served.length]",
      );
      expect(served).toBeGreaterThan(3);
      expect([kept, tab.faults, tab.sockets()]).toEqual([served, [], 1]);
      return tab;
    }

    it.each(FRAMEWORKS)(
      "[V3][V5][V14] %s: hydrates, joins once, hears nothing while hidden",
      async (name) => {
        const { page, faults, sockets } = await hydrated(name, `stage_${name}`);
        await room.send({ text: "one" });
        await expect.poll(() => list(page), SOON).toEqual(["one"]);

        await set(page, { isShown: false });
        await idle(page);
        const before = await listsRendered(page);
        for (const text of ["two", "three"]) await room.send({ text });
        await shows(page, "held", "3");
        await idle(page);
        expect(await listsRendered(page)).toBe(before);

        await set(page, { isHeld: false });
        await sees(`${name} joined`, `${name} left`);
        await set(page, { isShown: true });
        await expect.poll(() => list(page), SOON).toEqual(["one", "two", "three"]);
        await sees(`${name} joined`, `${name} left`, `${name} joined`);
        expect([sockets(), faults]).toEqual([2, []]);
      },
    );

    it("[V5][V13] React: a boundary that suspends keeps the room, and a transition ends beside a stream", async () => {
      const { page, faults, sockets } = await hydrated("react", "stream");
      await set(page, { isWaiting: true, isHeld: false });
      await page.locator("#waits").waitFor();
      await room.send({ text: "meanwhile" });
      await set(page, { isWaiting: false });
      await page.getByText("meanwhile").waitFor();
      expect([seen, sockets()]).toEqual([["react joined"], 1]);

      const ROWS = 20;
      let isCommitted = false;
      let sent = 0;
      const stream = (async () => {
        for (; !isCommitted; sent++) await room.send({ text: `${sent}` });
      })();
      await expect.poll(async () => (await list(page)).length, SOON).toBeGreaterThan(5);
      const before = (await list(page)).length;
      await set(page, { rows: ROWS });
      await expect.poll(() => page.locator("b").count(), SOON).toBe(ROWS);
      isCommitted = true;
      await stream;
      const { slowRows, heldAtCommit } = await page.evaluate<{ slowRows: number; heldAtCommit: number }>(
        "stage",
      );
      // Messages came while the rows were rendered. StrictMode renders twice: each row in the transition, and at most
      // twice more with what had come meanwhile.
      expect(heldAtCommit).toBeGreaterThan(before + 3);
      expect(slowRows).toBeLessThanOrEqual(2 * 3 * ROWS);
      expect(faults).toEqual([]);
    });
  });
});
