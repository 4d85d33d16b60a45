// The server stops and returns: what the page shows meanwhile, and that nothing is lost or repeated.

import { beforeAll, expect, it } from "vitest";
import { BlockingProxy } from "../e2e/support/blocking-proxy.ts";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { publish, storedTexts } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

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

  it("[C163] behind a proxy without WebSockets it works too, and a reload knows the network", async () => {
    const proxy = await BlockingProxy.start("refuses upgrades", demo.server.port);
    try {
      const room = "blocked";
      const cy = await Visitor.join(await demo.profile(), proxy.url, "Cy", room);
      await cy.say("Over calls");
      await expect.poll(() => storedTexts(demo.server, room), SOON).toEqual(["Over calls"]);
      await publish(demo.server, room, "Back over calls");
      await cy.shows("Back over calls");
      const { upgrades, calls } = proxy.seen;
      // Three of the room, and the try right before calls take their place.
      expect([upgrades, calls > 0]).toEqual([4, true]);
      await cy.page.reload();
      await cy.connected();
      await cy.shows("Back over calls");
      // One that looks whether a WebSocket gets through by now.
      expect(proxy.seen.upgrades).toBe(upgrades + 1);
    } finally {
      await proxy.close();
    }
  });
});
