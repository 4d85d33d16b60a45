// The panel that shows the wire and disturbs it.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { publish, storedTexts } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

describe.skipIf(chromiumPath === undefined)("the panel of the wire", () => {
  let browser: Browser;
  let server: LocalServer;
  let ada: Visitor;

  beforeAll(async () => {
    const vars = { RECONNECT_MIN_MS: 100, RECONNECT_MAX_MS: 500 };
    [browser, server] = await Promise.all([launchChromium(), startServer({ vars })]);
    ada = await Visitor.join(browser, server.url, "Ada", "wire");
    await ada.press("On the wire");
  });
  afterAll(async () => {
    expect(ada.faults).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  const frames = (text: string) => ada.page.locator(".frame").filter({ hasText: text });

  it("[W38] shows frames and the round trip, and no token", async () => {
    await ada.say("Hello");
    await frames("Hello").first().waitFor();
    await ada.page.getByText(/^Connected · round trip \d+ ms$/).waitFor();
    expect(await ada.page.locator(".frames").textContent()).not.toMatch(/eyJ/);
  });

  it.each([
    ["Cut the line", "Closed with 4000"],
    ["Expire the token", "Closed with 4401"],
    ["Lose 2 s", "Nothing goes through for 2 s"],
  ])("[W38] after “%s” everything arrives once", async (button, entry) => {
    const before = await storedTexts(server, "wire");
    const opened = await frames("Connected to").count();
    await ada.press(button);
    await frames(entry).first().waitFor();
    await ada.say(`Said after ${button}`);
    await publish(server, "wire", `Missed after ${button}`);
    await expect.poll(() => frames("Connected to").count(), { timeout: 20_000 }).toBe(opened + 1);
    await ada.shows(`Missed after ${button}`);
    const added = [`Missed after ${button}`, `Said after ${button}`];
    await expect
      .poll(async () => (await storedTexts(server, "wire")).sort(), { timeout: 20_000 })
      .toEqual([...before, ...added].sort());
    await expect.poll(() => ada.message(`Said after ${button}`).count()).toBe(1);
    expect(await ada.message(`Missed after ${button}`).count()).toBe(1);
  });
});
