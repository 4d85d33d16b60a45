// Notification settings, set in one tab and applied in all; and pushes, as far as a browser without a push service
// allows.

import type { BrowserContext } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { startServer } from "../support/local-server.ts";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { pushVars } from "./push-vars.ts";
import { call } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

describeInBrowser("settings on the demo page", () => {
  const demo = demoForTest({ keepPages: true, vars: pushVars(), isWhole: true });
  let context: BrowserContext;
  let one: Visitor;
  let two: Visitor;

  beforeAll(async () => {
    context = await demo.profile();
    one = await demo.join("Ada", "lobby", { where: context });
    two = await demo.join("Ada", "lobby", { where: context });
  });

  const notify = (body: object) =>
    call(demo.server, "POST", "/v1/notify", { user: "ada", message: "", ...body });
  const panel = ({ page }: Visitor) => page.getByRole("dialog", { name: "Notifications", exact: true });
  const settings = ({ page }: Visitor) => page.getByRole("dialog", { name: "Notification settings" });
  const entry = (tab: Visitor, title: string) => panel(tab).getByRole("listitem").filter({ hasText: title });

  async function openSettings(tab: Visitor): Promise<void> {
    await tab.page.bringToFront();
    await tab.rooms.getByRole("button", { name: "Notification settings" }).click();
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
    await entry(one, "Build started").getByRole("button", { name: "More actions" }).click();
    await one.page.getByRole("menuitem", { name: "Mute “builds”" }).click();
    await one.sees("You will no longer get notifications about “builds”.");
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
  });

  it("[W55] a name that cannot be muted stays, with what is wrong", async () => {
    await openSettings(one);
    const field = settings(one).getByRole("textbox", { name: "Muted topics" });
    await field.fill("no topic!");
    await settings(one).getByRole("button", { name: "Mute" }).first().click();
    await settings(one)
      .getByRole("alert")
      .getByText("Topics use letters, digits and _ . : - and start with a letter or a digit.")
      .waitFor();
    expect(await field.inputValue()).toBe("no topic!");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    await one.page.keyboard.press("Escape");
  });

  it("[W17] push is offered, and what prevents it is shown", async () => {
    await context.grantPermissions(["notifications"], { origin: demo.server.url });
    await one.page.reload();
    await one.connected();
    await one.bell.click();
    await panel(one).getByRole("button", { name: "Turn on push notifications" }).click();
    await one.sees("Your browser's push service cannot be reached right now. Try again later.");
    await context.clearPermissions();
    const bo = await demo.join("Bo", "lobby", { where: await demo.profile({ permissions: [] }) });
    await bo.bell.click();
    // Without a window this browser refuses permission.
    await panel(bo)
      .getByText(
        "Your browser blocks notifications from this page. You can allow them in the browser's settings.",
      )
      .waitFor();
    expect(await panel(bo).getByRole("button", { name: "Turn on push notifications" }).isVisible()).toBe(
      false,
    );
    await openSettings(bo);
    expect(
      await settings(bo).getByRole("switch", { name: "Push notifications in this browser" }).isDisabled(),
    ).toBe(true);
  });

  it("[W17] the page offers no push if the server has none", async () => {
    const plain = await startServer();
    const ada = await Visitor.join(demo.browser, plain.url, "Ada", "lobby");
    await openSettings(ada);
    await settings(ada).getByText("Muted rooms").waitFor();
    await expect.poll(() => settings(ada).getByRole("switch").count(), SOON).toBe(0);
    await ada.page.keyboard.press("Escape");
    await ada.bell.click();
    await panel(ada).waitFor();
    expect(await panel(ada).getByText("Turn on push notifications").isVisible()).toBe(false);
    expect(ada.faults).toEqual([]);
    await ada.page.close();
    await plain.stop();
  });
});
