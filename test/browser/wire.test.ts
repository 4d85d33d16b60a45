// The panel that shows the wire and disturbs it.

import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { publish, storedTexts } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

describeInBrowser("the panel of the wire", () => {
  const demo = demoForTest({ keepPages: true, vars: { RECONNECT_MIN_MS: 100, RECONNECT_MAX_MS: 500 } });
  let ada: Visitor;

  beforeAll(async () => {
    ada = await demo.join("Ada", "wire");
    await ada.press("On the wire");
  });

  const frames = (text: string) => ada.page.locator(".frame").filter({ hasText: text });

  it("[W38] shows frames and the round trip, and no token", async () => {
    await ada.say("Hello");
    await frames("Hello").first().waitFor();
    await ada.page.getByText(/^Connected · round trip \d+ ms$/).waitFor();
    expect(await ada.page.locator(".frames").textContent()).not.toMatch(/eyJ/);
  });

  it.each([
    ["Cut the line", "Closed with code 4000"],
    ["Expire the token", "Closed with code 4401"],
    ["Lose 2 seconds", "Nothing gets through for 2 seconds"],
  ])("[W38] after “%s” everything arrives once", async (button, entry) => {
    const before = await storedTexts(demo.server, "wire");
    const opened = await frames("Connected to").count();
    await ada.press(button);
    await frames(entry).first().waitFor();
    await ada.say(`Said after ${button}`);
    await publish(demo.server, "wire", `Missed after ${button}`);
    await expect.poll(() => frames("Connected to").count(), SOON).toBe(opened + 1);
    await ada.shows(`Missed after ${button}`);
    const added = [`Missed after ${button}`, `Said after ${button}`];
    await expect
      .poll(async () => (await storedTexts(demo.server, "wire")).sort(), SOON)
      .toEqual([...before, ...added].sort());
    await expect.poll(() => ada.message(`Said after ${button}`).count()).toBe(1);
    expect(await ada.message(`Missed after ${button}`).count()).toBe(1);
  });
});
