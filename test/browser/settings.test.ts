// Notification settings, set in one tab and applied in all; and pushes, as far as a browser without a push service
// allows.

import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vapidKeys } from "../../src/tools/vapid-keys.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { call } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

/** For several windows on a busy machine. */
const SOON = { timeout: 15_000 };

describe.skipIf(chromiumPath === undefined)("settings on the demo page", () => {
  let browser: Browser;
  let server: LocalServer;
  let context: BrowserContext;
  let one: Visitor;
  let two: Visitor;

  beforeAll(async () => {
    const { publicKey, privateKey } = vapidKeys();
    const vars = {
      VAPID_PUBLIC_KEY: publicKey,
      VAPID_PRIVATE_KEY: privateKey,
      VAPID_SUBJECT: "mailto:tests@example.com",
    };
    [browser, server] = await Promise.all([launchChromium(), startServer({ vars })]);
    context = await browser.newContext();
    one = await Visitor.join(context, server.url, "Ada", "lobby");
    two = await Visitor.join(context, server.url, "Ada", "lobby");
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const notify = (body: object) => call(server, "POST", "/v1/notify", { user: "ada", message: "", ...body });
  const panel = ({ page }: Visitor) => page.getByRole("dialog", { name: "Notifications", exact: true });
  const settings = ({ page }: Visitor) => page.getByRole("dialog", { name: "Notification settings" });
  const entry = (tab: Visitor, title: string) => panel(tab).getByRole("listitem").filter({ hasText: title });

  async function openSettings(tab: Visitor): Promise<void> {
    await tab.page.bringToFront();
    await tab.page.getByRole("button", { name: "Settings", exact: true }).click();
    await settings(tab).waitFor();
  }

  async function bothCount(unread: number): Promise<void> {
    const label = unread === 0 ? "Notifications" : `Notifications, ${unread} unread`;
    for (const { bell } of [one, two])
      await expect.poll(() => bell.getAttribute("aria-label"), SOON).toBe(label);
  }

  it("[W15] an archived notification disappears in every tab", async () => {
    await notify({ title: "Build completed", topic: "builds" });
    await notify({ title: "Build started", topic: "builds" });
    await bothCount(2);
    await two.bell.click();
    await entry(two, "Build completed").waitFor();
    await one.page.bringToFront();
    await one.bell.click();
    await entry(one, "Build completed").getByRole("button", { name: "Archive" }).click();
    for (const tab of [one, two]) await expect.poll(() => entry(tab, "completed").count(), SOON).toBe(0);
    await bothCount(1);
  });

  it("[W15] a topic is muted at a notification, and unmuted in the settings of another tab", async () => {
    await entry(one, "Build started").getByRole("button", { name: "More" }).click();
    await one.page.getByRole("menuitem", { name: "Mute “builds”" }).click();
    await one.sees("You are no longer notified about builds.");
    await notify({ title: "Build failed", topic: "builds.main" });
    await notify({ title: "Lunch", topic: "food" });
    await bothCount(2);
    expect(await entry(one, "Build failed").count()).toBe(0);

    await openSettings(two);
    await settings(two).getByRole("button", { name: "Unmute builds" }).click();
    await settings(two).getByRole("button", { name: "Unmute builds" }).waitFor({ state: "hidden" });
    await settings(two).getByRole("button", { name: "Done" }).click();
    await notify({ title: "Build again", topic: "builds" });
    await bothCount(3);
  });

  it("[W15] a muted room and quiet hours are stored, and shown in the settings that are open in another tab", async () => {
    await openSettings(two);
    await openSettings(one);
    await settings(one).getByRole("switch", { name: "Quiet hours" }).check();
    await settings(one).getByLabel("Quiet from").fill("21:30");
    await settings(one).getByRole("textbox", { name: "Muted rooms" }).fill("noise");
    await one.page.keyboard.press("Enter");
    await settings(two).getByRole("button", { name: "Unmute noise" }).waitFor();
    await expect.poll(() => settings(two).getByLabel("Quiet from").inputValue(), SOON).toBe("21:30");
    await one.page.reload();
    await one.connected();
    await openSettings(one);
    await settings(one).getByRole("button", { name: "Unmute noise" }).waitFor();
    expect(await settings(one).getByRole("switch", { name: "Quiet hours" }).isChecked()).toBe(true);
    await one.page.keyboard.press("Escape");
    expect([...one.faults, ...two.faults]).toEqual([]);
  });

  it("[W17] push is offered, and what prevents it is shown", async () => {
    await context.grantPermissions(["notifications"], { origin: server.url });
    await one.page.reload();
    await one.connected();
    await one.bell.click();
    await panel(one).getByRole("button", { name: "Turn on push" }).click();
    await one.sees("The push service cannot be reached right now. Please try again.");
    await context.clearPermissions();
    const strict = await browser.newContext({ permissions: [] });
    const bo = await Visitor.join(strict, server.url, "Bo", "lobby");
    await bo.bell.click();
    // Without a window this browser refuses permission.
    await panel(bo)
      .getByText("Your browser blocks notifications for this page. You can change that in its settings.")
      .waitFor();
    expect(await panel(bo).getByRole("button", { name: "Turn on push" }).isVisible()).toBe(false);
    await openSettings(bo);
    expect(await settings(bo).getByRole("switch", { name: "Push in this browser" }).isDisabled()).toBe(true);
    await strict.close();
  });

  it("[W17] the page offers no push if the server has none", async () => {
    const plain = await startServer();
    const ada = await Visitor.join(browser, plain.url, "Ada", "lobby");
    await openSettings(ada);
    await settings(ada).getByText("Muted rooms").waitFor();
    await expect.poll(() => settings(ada).getByRole("switch").count(), SOON).toBe(0);
    await ada.page.keyboard.press("Escape");
    await ada.bell.click();
    await panel(ada).waitFor();
    expect(await panel(ada).getByText("Turn on push").isVisible()).toBe(false);
    expect(ada.faults).toEqual([]);
    await ada.page.close();
    await plain.stop();
  });
});
