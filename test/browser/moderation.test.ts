// Members and their status, bans, and slow mode.

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

/** For two windows on a busy machine. */
const SOON = { timeout: 15_000 };

describe.skipIf(chromiumPath === undefined)("people on the demo page", () => {
  let browser: Browser;
  let server: LocalServer;
  let visitors: Visitor[] = [];

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), startServer()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    const faults = visitors.flatMap((visitor) => visitor.faults);
    await Promise.all(visitors.map(({ page }) => page.close()));
    visitors = [];
    expect(faults).toEqual([]);
  });

  async function join(name: string, room: string, as?: "moderate"): Promise<Visitor> {
    const visitor = await Visitor.join(browser, server.url, name, room, as);
    visitors.push(visitor);
    return visitor;
  }

  async function remove(moderator: Visitor, name: string, how: string): Promise<void> {
    await moderator.member(name).getByRole("button").click();
    await moderator.page.getByRole("menuitem", { name: how }).click();
    await moderator.page.getByRole("dialog").getByRole("button", { name: how }).click();
  }

  it("[W7] a chosen status is shown at the member in every window, and survives a reload", async () => {
    const ada = await join("Ada", "status");
    const bo = await join("Bo", "status");
    await bo.member("Ada").getByText("Online").waitFor({ state: "attached" });
    await ada.page.getByRole("button", { name: "Ada: Online" }).click();
    await ada.page.keyboard.press("End");
    await ada.page.keyboard.press("Enter");
    await bo.member("Ada").getByText("Busy").waitFor();
    await ada.page.getByRole("button", { name: "Ada: Busy" }).waitFor();
    await ada.page.reload();
    await ada.connected();
    await ada.page.getByRole("button", { name: "Ada: Busy" }).waitFor();
    // For other users it is no button, because they are no moderators.
    expect(await bo.member("Ada").getByRole("button").count()).toBe(0);
  });

  it("[W7] a member without input for five minutes is away until the next key", async () => {
    const bo = await join("Bo", "idle");
    const page = await browser.newPage();
    await page.clock.install();
    await page.goto(`${server.url}/?room=idle`);
    const ada = new Visitor(page);
    visitors.push(ada);
    await page.getByLabel("Your name").fill("Ada");
    await ada.press("Join the room");
    await ada.connected();
    await bo.member("Ada").getByText("Online").waitFor({ state: "attached" });
    await page.clock.fastForward("05:01");
    await bo.member("Ada").getByText("Away").waitFor();
    await ada.connected();
    await ada.writing.press("a");
    await bo.member("Ada").getByText("Online").waitFor({ state: "attached" });
  });

  it("[W8] a removed user sees this and the remaining time, and returns after a moderator readmits them", async () => {
    const grace = await join("Grace", "kick", "moderate");
    const bo = await join("Bo", "kick");
    await bo.say("Buy now");
    await grace.shows("Buy now");
    expect(await bo.page.getByRole("button", { name: "Moderation" }).isVisible()).toBe(false);

    await remove(grace, "Bo", "Remove for 1 hour");
    await grace.sees("Bo was removed for 1 hour.");
    await expect.poll(() => grace.members.count(), SOON).toBe(1);
    const notice = bo.page.getByRole("alert").filter({ hasText: "You were removed from this room" });
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/You can come back in (1 hour|\d+ minutes)\./);
    expect(await bo.writing.isVisible()).toBe(false);
    expect(await notice.getByRole("button", { name: "Come back" }).isDisabled()).toBe(true);

    // A reload does not lead back in.
    await bo.page.reload();
    await bo.sees(/^You were removed from this room\. You can come back in/);

    await grace.press("Moderation");
    const panel = grace.page.getByRole("dialog", { name: "Moderation" });
    await panel
      .getByRole("listitem")
      .filter({ hasText: "Bo" })
      .getByRole("button", { name: "Let back in" })
      .click();
    await panel.getByText("No one has been removed.").waitFor();
    await bo.press("Join the room");
    await bo.connected();
    await bo.shows("Buy now");
  });

  it("[W8] a user who is only disconnected may return at once", async () => {
    const grace = await join("Grace", "disconnect", "moderate");
    const bo = await join("Bo", "disconnect");
    await bo.say("Hello");
    await grace.shows("Hello");
    await remove(grace, "Bo", "Disconnect");
    await bo.sees("You were removed from this room");
    await bo.press("Come back");
    await bo.connected();
    await bo.seesNoMore("You were removed from this room");
    await bo.say("Again");
    await grace.shows("Again");
  });

  it("[W8] a moderator deletes messages of others; a purged room says that it was deleted", async () => {
    const grace = await join("Grace", "purge", "moderate");
    const bo = await join("Bo", "purge");
    await bo.say("Spam");
    await grace.shows("Spam");
    await grace.act("Spam", "Delete");
    await grace.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await bo.sees("This message was deleted");
    await call(server, "DELETE", "/v1/rooms/purge");
    await bo.sees("This room was deleted");
    await bo.press("Start a new one");
    await bo.connected();
    await bo.sees("It is quiet here");
  });

  it("[W10] in slow mode a message says how long it waits, also for a user who was here before", async () => {
    const grace = await join("Grace", "slow", "moderate");
    const bo = await join("Bo", "slow");
    await grace.press("Moderation");
    const select = grace.page.getByRole("combobox", { name: "Slow mode" });
    await expect.poll(() => select.isEnabled(), SOON).toBe(true);
    await select.selectOption("5 seconds");
    await grace.sees("Slow mode: one message every 5 seconds.");
    await bo.say("One");
    await bo.say("Two");
    await bo.sees(/^waits \d s$/);
    await bo.sees("Slow mode: one message every 5 seconds");
    await grace.shows("Two");
    expect(await storedTexts(server, "slow")).toEqual(["One", "Two"]);
  });

  it("[W11] on a screen 360 px wide nothing overflows sideways, and every button has a name and is large enough", async () => {
    const phone = await browser.newContext({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    const ada = await Visitor.join(phone, server.url, "Ada", "a-long-name-of-a-room-for-a-phone", "moderate");
    const room = "a-long-name-of-a-room-for-a-phone";
    await publish(server, room, "Donaudampfschifffahrtsgesellschaft".repeat(6));
    await publish(server, room, "שלום עולם, hello <b>world</b>");
    await ada.say("Mine");
    await ada.message("Mine").locator(".time", { hasNotText: "Sending" }).waitFor();
    await ada.message("Mine").locator(".text").tap();
    await ada.page.getByRole("toolbar").waitFor();
    const narrow = () => ada.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    expect(await narrow()).toBe(true);
    await ada.press("Add a reaction");
    await ada.press("Party");
    await ada.message("Mine").locator(".chip").waitFor();
    expect(await narrow()).toBe(true);
    // What is stored meanwhile is created again.
    await expect.poll(() => ada.tooSmall(), SOON).toEqual([]);
    expect(ada.faults).toEqual([]);
    await phone.close();
  });
});
