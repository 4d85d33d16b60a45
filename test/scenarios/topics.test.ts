// The second user, of topics: a React page of another origin fetches again what its back end says has changed. The
// connection has five attempts, and then a button.

import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import { startTestServer } from "../e2e/support/world.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import type { LocalServer } from "../support/local-server.ts";
import { buildPage, type PageHost, startPageHost } from "./support/page-host.ts";

const MODULES = ["react", "react-dom", "@tanstack/react-query", "@tanstack/query-core"];
const SOON = { timeout: 45_000, interval: 20 };
const WAITS_S = [1, 2, 4, 8, 16];

/** As long as the page says so, each wait is the longest that it may be: what is random is no part of this test. */
const STEADY = `
  const random = Math.random;
  globalThis.isSteady = false;
  Math.random = () => (globalThis.isSteady ? 1 : random());
`;

describe.skipIf(chromiumPath === undefined)("topics", () => {
  let server: LocalServer;
  let api: ServerApi;
  let host: PageHost;
  let browser: Browser;
  let removePage = () => {};

  /** The data of the app, by topic, and what the page has fetched of them. */
  const data = new Map([
    ["analysis", "draft"],
    ["proposals", "none"],
    ["knowledge", "a page"],
  ]);
  const fetched: string[] = [];

  beforeAll(async () => {
    host = await startPageHost(async (path) => {
      if (path === "/token") return (await api.token({ user: "ada", rooms: { workspace: "read" } })).token;
      const what = path.slice("/api/".length);
      fetched.push(what);
      return data.get(what) ?? "";
    });
    [browser, server] = await Promise.all([launchChromium(), startTestServer({ ALLOWED_ORIGINS: host.url })]);
    api = createServerApi({ url: server.url, apiKey: server.apiKey });
    const page = await buildPage(join(import.meta.dirname, "topics-page"), MODULES, server.url);
    removePage = page.remove;
    host.serve(page.folder);
  });
  afterAll(async () => {
    await browser?.close();
    host?.close();
    removePage();
    await server?.stop();
  });

  /** The app changes its data, and tells the room. */
  async function change(event: string, to: string): Promise<void> {
    const [topic = ""] = event.split(".");
    data.set(topic, to);
    await api.room("workspace").publish({ event, data: null });
  }

  const shows = (page: Page, id: string, text: string) =>
    expect.poll(() => page.locator(`#${id}`).textContent(), SOON).toBe(text);
  const toast = (page: Page) => page.getByRole("status").or(page.getByRole("alert"));
  const says = (page: Page, text: string) => expect.poll(() => toast(page).textContent(), SOON).toBe(text);

  it("[O66] a page of another origin fetches what is stale, tries five times, and misses nothing", async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    await page.clock.install();
    await page.addInitScript(STEADY);
    await page.goto(`${host.url}/?rooms=${server.url}`);
    for (const [what, text] of data) await shows(page, what, text);
    await toast(page).waitFor({ state: "detached" });

    // A topic that it listens to, and one that it does not.
    fetched.length = 0;
    await change("chat", "nobody fetches this");
    await change("analysis.completed", "final");
    await shows(page, "analysis", "final");
    await change("proposals.created", "one");
    await shows(page, "proposals", "one");
    expect(fetched).toEqual(["analysis", "proposals"]);
    await shows(page, "heard", "analysis.completed,proposals.created");

    // What was deleted is gone from the cache: it is fetched when it is shown again, and nothing of before is seen.
    const knowledge = page.getByRole("button", { name: "Knowledge" });
    await knowledge.click();
    await change("knowledge.deleted", "another page");
    await shows(page, "heard", "analysis.completed,proposals.created,knowledge.deleted");
    await knowledge.click();
    await shows(page, "knowledge", "another page");
    expect(fetched).toEqual(["analysis", "proposals", "knowledge"]);

    // The server is gone. Time stands still on the page, but for what the test lets pass.
    await page.clock.pauseAt(await page.evaluate<number>("Date.now() + 1_000"));
    await page.evaluate("isSteady = true");
    await server.kill();
    for (const [n, seconds] of WAITS_S.entries()) {
      const text = `Connection lost: attempt ${n + 1} of 5 in ${seconds} s`;
      await says(page, text);
      await page.clock.runFor(seconds * 1_000 - 1);
      expect(await toast(page).textContent()).toBe(text);
      await page.clock.runFor(1);
    }
    await page.getByRole("alert").waitFor();
    const reconnect = page.getByRole("button", { name: "Reconnect" });
    await reconnect.waitFor();

    // It is back, and says more than before. The page tries only when somebody wants it to.
    await server.restart();
    fetched.length = 0;
    await change("analysis.completed", "corrected");
    await change("knowledge.updated", "two pages");
    await change("proposals.created", "two");
    await page.clock.runFor(60_000);
    expect(fetched).toEqual([]);
    await page.evaluate("isSteady = false");
    await page.clock.resume();
    await reconnect.click();
    await toast(page).waitFor({ state: "detached" });
    for (const [what, text] of data) if (what !== "chat") await shows(page, what, text);
    const before = "analysis.completed,proposals.created,knowledge.deleted";
    await shows(page, "heard", `${before},analysis.completed,knowledge.updated,proposals.created`);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("[O66] a page of an origin that is not allowed shows why it is not connected", async () => {
    const page = await browser.newPage();
    await page.goto(`${host.url.replace("localhost", "127.0.0.1")}/?rooms=${server.url}`);
    await expect.poll(() => page.getByRole("alert").textContent(), SOON).toMatch(/ALLOWED_ORIGINS/);
    await page.close();
  });
});
