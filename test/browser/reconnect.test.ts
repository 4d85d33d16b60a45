// The server stops and returns: what the page shows meanwhile, and that nothing is lost or repeated.

import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { publish, storedTexts } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

const ROOM = "comeback";

describeInBrowser("a killed server", () => {
  const demo = demoForTest({ keepPages: true, vars: { RECONNECT_MIN_MS: 500, RECONNECT_MAX_MS: 1_500 } });
  let ada: Visitor;
  let bo: Visitor;

  beforeAll(async () => {
    ada = await demo.join("Ada", ROOM);
    bo = await demo.join("Bo", ROOM);
  });

  const reconnect = (visitor: Visitor) => visitor.page.getByRole("button", { name: "Reconnect" });

  it("is dialed again automatically, and after five tries by a button", async () => {
    await ada.say("Before");
    await bo.shows("Before");
    // The test looks for it early, because it does not last.
    await Promise.all([ada.sees(/^Reconnecting/), demo.server.kill()]);
    for (const visitor of [ada, bo]) {
      await visitor.sees("Offline");
      await reconnect(visitor).waitFor();
    }
    await ada.say("Written offline");
    await ada.sees("Waiting…");
  });

  it("stores once what was written meanwhile, and the page gets what it missed", async () => {
    await demo.server.restart();
    await publish(demo.server, ROOM, "Missed");
    for (const visitor of [ada, bo]) {
      await reconnect(visitor).click();
      await visitor.connected();
      await visitor.shows("Missed");
      await reconnect(visitor).waitFor({ state: "hidden" });
    }
    await bo.shows("Written offline");
    await ada.seesNoMore("Waiting…");
    const all = ["Before", "Missed", "Written offline"];
    expect(await storedTexts(demo.server, ROOM)).toEqual(all);
    for (const visitor of [ada, bo]) {
      expect(await visitor.messages.locator(".text").allInnerTexts()).toEqual(all);
      expect(visitor.faults).toEqual([]);
    }
  });

  it("[W34] takes no text away that was written without it, also if the page is loaded again", async () => {
    await demo.server.kill();
    await ada.say("Kept one");
    await ada.say("Kept two");
    await ada.writing.fill("Begun");
    await ada.page.reload().catch(() => "The server is gone.");
    await demo.server.restart();
    // The error page of the browser also loads the same page again by itself, which interrupts this.
    await ada.page.goto(`${demo.server.url}/?room=${ROOM}`).catch(() => "The browser loads it.");
    await ada.connected();
    expect(await ada.writing.inputValue()).toBe("Kept one\nKept two\nBegun");
  });
});
