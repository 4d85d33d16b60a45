// The server stops and returns: what the page shows meanwhile, and that nothing is lost or repeated.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { publish, storedTexts } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

const ROOM = "comeback";

describe.skipIf(chromiumPath === undefined)("a killed server", () => {
  let browser: Browser;
  let server: LocalServer;
  let ada: Visitor;
  let bo: Visitor;

  beforeAll(async () => {
    const vars = { RECONNECT_MIN_MS: 500, RECONNECT_MAX_MS: 1_500 };
    [browser, server] = await Promise.all([launchChromium(), startServer({ vars })]);
    ada = await Visitor.join(browser, server.url, "Ada", ROOM);
    bo = await Visitor.join(browser, server.url, "Bo", ROOM);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const reconnect = (visitor: Visitor) => visitor.page.getByRole("button", { name: "Reconnect" });

  it("is dialed again automatically, and after five tries by a button", async () => {
    await ada.say("Before");
    await bo.shows("Before");
    // The test looks for it early, because it does not last.
    await Promise.all([ada.sees(/^Reconnecting/), server.kill()]);
    for (const visitor of [ada, bo]) {
      await visitor.sees("Offline");
      await reconnect(visitor).waitFor();
    }
    await ada.say("Written offline");
    await ada.sees("Waiting…");
  });

  it("stores once what was written meanwhile, and the page gets what it missed", async () => {
    await server.restart();
    await publish(server, ROOM, "Missed");
    for (const visitor of [ada, bo]) {
      await reconnect(visitor).click();
      await visitor.connected();
      await visitor.shows("Missed");
      await reconnect(visitor).waitFor({ state: "hidden" });
    }
    await bo.shows("Written offline");
    await ada.seesNoMore("Waiting…");
    const all = ["Before", "Missed", "Written offline"];
    expect(await storedTexts(server, ROOM)).toEqual(all);
    for (const visitor of [ada, bo]) {
      expect(await visitor.messages.locator(".text").allInnerTexts()).toEqual(all);
      expect(visitor.faults).toEqual([]);
    }
  });

  it("[W34] takes no text away that was written without it, also if the page is loaded again", async () => {
    await server.kill();
    await ada.say("Kept one");
    await ada.say("Kept two");
    await ada.writing.fill("Begun");
    await ada.page.reload().catch(() => "The server is gone.");
    await server.restart();
    // The error page of the browser also loads the page again by itself, which interrupts the first try.
    const open = () => ada.page.goto(`${server.url}/?room=${ROOM}`);
    await open().catch(open);
    await ada.connected();
    expect(await ada.writing.inputValue()).toBe("Kept one\nKept two\nBegun");
  });
});
