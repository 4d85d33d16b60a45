// What the developer tools of a browser show of the page: nothing, as long as nothing is wrong.

import type { Page, Request } from "playwright-core";
import { expect, it } from "vitest";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { call } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

describeInBrowser("the browser's console", () => {
  const demo = demoForTest({ vars: { DEV_TOKENS: "off", ALLOWED_ORIGINS: "" } });

  /** Lines in the console, and requests that failed. */
  function faultsOf(page: Page): string[] {
    const faults: string[] = [];
    page.on("console", (line) => faults.push(`${line.type()}: ${line.text()}`));
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    const answered = new Set<Request>();
    page.on("response", (response) => {
      answered.add(response.request());
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    // Chromium also reports an answer that is not for caches as failed once a page has read its stream to the end.
    page.on("requestfailed", (request) => {
      if (!answered.has(request)) faults.push(`${request.failure()?.errorText} ${request.url()}`);
    });
    return faults;
  }

  it("[W40] stays empty in production, before and after a user joins", async () => {
    const page = await (await demo.profile()).newPage();
    const faults = faultsOf(page);
    const ada = new Visitor(page);
    await page.goto(`${demo.server.url}/?room=quiet`);
    await page.getByLabel("Token").waitFor();
    expect(faults).toEqual([]);

    const { token } = await call<{ token: string }>(demo.server, "POST", "/v1/tokens", {
      ...{ user: "ada", name: "Ada", rooms: { "*": "write" } },
    });
    await page.getByLabel("Token").fill(token);
    await ada.press("Join room");
    await ada.connected();
    await ada.say("Is anybody listening?");
    await ada.shows("Is anybody listening?");
    await ada.bell.click();
    await page.getByRole("dialog", { name: "Notifications" }).waitFor();
    await page.keyboard.press("Escape");
    await page.reload();
    await ada.connected();
    await ada.shows("Is anybody listening?");
    expect(faults).toEqual([]);
  });
});
