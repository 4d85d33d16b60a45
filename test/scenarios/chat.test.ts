// The fifth user, of a chat: two windows of a Vue app. Each sees what the other one types, edits, deletes and reads, and
// nothing is missed while the server is gone.

import { join } from "node:path";
import vue from "@vitejs/plugin-vue";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { buildPage, type PageHost, startPageHost } from "./support/page-host.ts";

const SOON = { timeout: 45_000, interval: 20 };

describe.skipIf(chromiumPath === undefined)("a chat", () => {
  let server: LocalServer;
  let api: ServerApi;
  let host: PageHost;
  let browser: Browser;
  let removePage = () => {};
  let ada: Page;
  let bo: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    host = await startPageHost(async (path) => {
      const user = path.slice("/token/".length);
      return (await api.token({ user, rooms: { lobby: "write" } })).token;
    });
    [browser, server] = await Promise.all([
      launchChromium(),
      startServer({ vars: { ALLOWED_ORIGINS: host.url } }),
    ]);
    api = createServerApi({ url: server.url, apiKey: server.apiKey });
    const page = await buildPage(join(import.meta.dirname, "chat-page"), ["vue"], server.url, [vue()]);
    removePage = page.remove;
    host.serve(page.folder);
    [ada, bo] = await Promise.all([open("ada"), open("bo")]);
  });
  afterAll(async () => {
    await browser?.close();
    host?.close();
    removePage();
    await server?.stop();
  });

  /** A window of a user, whose clock the test can stop. */
  async function open(user: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    await page.clock.install();
    await page.goto(`${host.url}/?user=${user}&rooms=${server.url}`);
    return page;
  }

  const stopClock = async (page: Page) => page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
  const shows = (page: Page, id: string, text: string) =>
    expect.poll(() => page.locator(`#${id}`).textContent(), SOON).toBe(text);
  const lines = (page: Page) => page.locator("li").allInnerTexts();
  /** Without the buttons of own messages, and with one space between words. */
  const said = async (page: Page) =>
    (await lines(page)).map((line) =>
      line
        .replaceAll(/Edit|Delete/g, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
    );
  const bothShow = async (expected: readonly string[]) => {
    for (const page of [ada, bo]) await expect.poll(() => said(page), SOON).toEqual(expected);
  };
  const writing = (page: Page) => page.getByLabel("Message");
  const say = async (page: Page, text: string) => {
    await writing(page).fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  };
  const act = (page: Page, text: string, button: string) =>
    page.locator("li", { hasText: text }).getByRole("button", { name: button }).click();

  it("[O74] both windows say in their header that they are connected, and who is here", async () => {
    for (const page of [ada, bo]) {
      await shows(page, "status", "Connected");
      await shows(page, "members", "ada,bo");
    }
  });

  it("[O74] who types is shown until 3 s after the last key", async () => {
    await stopClock(bo);
    await writing(ada).press("H");
    await shows(bo, "typing", "ada is typing");
    await bo.clock.runFor(2_900);
    await shows(bo, "typing", "ada is typing");
    await bo.clock.runFor(200);
    await shows(bo, "typing", "");
    await bo.clock.resume();
    expect(await writing(ada).inputValue()).toBe("H");
    expect(await ada.locator("#typing").textContent()).toBe("");
  });

  it("[O74] a message is read, edited and deleted in both windows", async () => {
    await say(ada, "Helo");
    await say(bo, "Bye");
    await bothShow(["ada: Helo read by bo", "bo: Bye read by ada"]);
    await act(ada, "Helo", "Edit");
    await say(ada, "Hello");
    await bothShow(["ada: Hello (edited) read by bo", "bo: Bye read by ada"]);
    // Only own messages have buttons.
    expect(await ada.getByRole("button", { name: "Delete" }).count()).toBe(1);
    await act(bo, "Bye", "Delete");
    await bothShow(["ada: Hello (edited) read by bo", "deleted"]);
  });

  it("[O74] while the server is gone the header says so; then nothing is missed, in one order", async () => {
    for (const page of [ada, bo]) await stopClock(page);
    await server.kill();
    for (const page of [ada, bo]) await shows(page, "status", "Reconnecting");
    for (const text of ["one", "two"]) await say(ada, text);
    await say(bo, "three");
    await expect
      .poll(() => said(ada), SOON)
      .toEqual(["ada: Hello (edited) read by bo", "deleted", "ada: one …", "ada: two …"]);

    await server.restart();
    for (const text of ["missed 1", "missed 2"])
      await api.room("lobby").publish({ data: { text }, from: { id: "cy" } });
    for (const page of [ada, bo]) await page.clock.resume();
    for (const page of [ada, bo]) await shows(page, "status", "Connected");
    await expect.poll(async () => (await said(bo)).filter((line) => line.includes("…")), SOON).toEqual([]);
    await expect.poll(async () => (await api.room("lobby").messages()).messages.length, SOON).toBe(7);

    const { messages } = await api.room("lobby").messages();
    const texts = messages.map(({ data }) => Object(data).text);
    expect(texts.slice(0, 4)).toEqual(["Hello", undefined, "missed 1", "missed 2"]);
    expect(texts.filter((text) => text === "one" || text === "two")).toEqual(["one", "two"]);
    expect(texts.slice(4).toSorted()).toEqual(["one", "three", "two"]);
    for (const page of [ada, bo])
      await expect
        .poll(
          async () => (await page.locator("li span").allInnerTexts()).map((text) => text.split(": ")[1]),
          SOON,
        )
        .toEqual(texts.filter((text) => text !== undefined));
    expect(faults).toEqual([]);
  });
});
