// The bell: one user with two tabs, and a server that sends notifications.

import type { BrowserContext } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

describeInBrowser("notifications on the demo page", () => {
  const demo = demoForTest({ keepPages: true });
  let where: BrowserContext;
  let tabs: Visitor[];

  beforeAll(async () => {
    where = await demo.profile();
    tabs = [await joinAsAda("one"), await joinAsAda("two")];
  });

  const joinAsAda = (room: string) => demo.join("Ada", room, { where });
  const notify = (body: object) =>
    call(demo.server, "POST", "/v1/notify", { user: "ada", message: "", ...body });
  const unread = (tab: Visitor) => tab.bell.getAttribute("aria-label");
  const toast = (tab: Visitor, title: string) => tab.page.locator(".toast", { hasText: title });

  async function allSee(label: string): Promise<void> {
    for (const tab of tabs) await expect.poll(() => unread(tab), SOON).toBe(label);
  }

  it("each appears as a toast and in the count, in both tabs", async () => {
    // They are sent only after both inboxes are connected: older notifications cause no toast.
    await notify({ title: "Warm-up", id: "warm-up" });
    await allSee("Notifications, 1 unread");
    await notify({ title: "Build completed", message: "All green", link: "https://ci.example.com/1" });
    await allSee("Notifications, 2 unread");
    for (const tab of tabs) {
      await toast(tab, "Build completed").waitFor();
      expect(await toast(tab, "Build completed").getByRole("link").getAttribute("href")).toBe(
        "https://ci.example.com/1",
      );
    }
  });

  it("a toast can be dismissed, an urgent one stays", async () => {
    const [tab] = tabs;
    if (tab === undefined) throw new Error("there is no tab");
    await notify({ title: "Disk full", priority: "urgent" });
    await allSee("Notifications, 3 unread");
    await toast(tab, "Build completed").getByRole("button", { name: "Dismiss" }).click();
    await toast(tab, "Build completed").waitFor({ state: "detached" });
    expect(await toast(tab, "Disk full").count()).toBe(1);
  });

  it("one is marked as read by itself, all of them at once, in both tabs", async () => {
    const [tab, other] = tabs;
    if (tab === undefined || other === undefined) throw new Error("there are no tabs");
    await tab.page.bringToFront();
    await tab.bell.click();
    const panel = tab.page.getByRole("dialog", { name: "Notifications" });
    await panel.getByRole("listitem").filter({ hasText: "Disk full" }).waitFor();
    await panel
      .getByRole("listitem")
      .filter({ hasText: "Disk full" })
      .getByRole("button", { name: "Mark as read" })
      .click();
    await allSee("Notifications, 2 unread");
    // What was read on one device is not shown as new on the other.
    await toast(other, "Disk full").waitFor({ state: "detached" });

    await panel.getByRole("button", { name: "Mark all as read" }).click();
    await allSee("Notifications");
    await tab.page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
  });

  it("older notifications of the inbox are counted and cause no toast", async () => {
    await notify({ title: "While away" });
    const late = await joinAsAda("three");
    tabs.push(late);
    await allSee("Notifications, 1 unread");
    expect(await toast(late, "While away").count()).toBe(0);
  });
});
