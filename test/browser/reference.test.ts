// The reference of calls and frames at `/docs`.

import type { BrowserContextOptions } from "playwright-core";
import { expect, it } from "vitest";
import { lowContrast } from "./contrast.ts";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { PHONE } from "./visitor.ts";

describeInBrowser("the reference page", () => {
  const demo = demoForTest({ vars: { BASE_PATH: "/realtime" } });
  const open = async (options: BrowserContextOptions = {}, hash = "") =>
    demo.open(`/docs${hash}`, await demo.profile(options));

  it("[Z209] shows calls, frames and shapes, and needs nothing from elsewhere", async () => {
    const requested = new Set<string>();
    const profile = await demo.profile();
    profile.on("request", (request) => requested.add(new URL(request.url()).origin));
    const { page } = await demo.open("/docs", profile);
    await page.getByRole("heading", { name: "Edge Rooms reference" }).waitFor();
    const call = page.locator("#publishMessage");
    await expect
      .poll(() => call.textContent())
      .toContain("Stores a message and sends it to everybody in the room.");
    expect(await call.getByRole("cell", { name: "mentions?" }).count()).toBe(1);
    expect(await page.locator("#socket-SendCommandFrame").count()).toBe(1);
    expect([...requested]).toEqual([new URL(demo.server.url).origin]);
    expect(await page.locator("script").count()).toBe(0);
  });

  it("[Z209] has no link that leads nowhere", async () => {
    const { page } = await open();
    const lost = await page.evaluate(() =>
      [...document.querySelectorAll("a")]
        .map((link) => link.getAttribute("href") ?? "")
        .filter((href) => href.startsWith("#") && document.getElementById(href.slice(1)) === null),
    );
    expect(lost).toEqual([]);
    const documents = page.locator('a[href$=".json"]');
    expect(await documents.count()).toBe(2);
    for (const link of await documents.all()) {
      const address = await link.evaluate((element) =>
        element instanceof HTMLAnchorElement ? element.href : "",
      );
      expect((await fetch(address)).status).toBe(200);
    }
  });

  it.each(["light", "dark"] as const)(
    "[Z209] can be read in %s colors, and on a phone",
    async (colorScheme) => {
      const { page } = await open({ ...PHONE, colorScheme }, "#publishMessage");
      await page.locator("#publishMessage").waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(await lowContrast(page)).toEqual([]);
    },
  );

  it("[Z209] is served with a policy that permits nothing else", async () => {
    const response = await fetch(`${demo.server.url}/docs`);
    expect(response.headers.get("Content-Security-Policy")).toContain(
      "default-src 'none'; img-src 'self'; style-src 'self'",
    );
  });
});
