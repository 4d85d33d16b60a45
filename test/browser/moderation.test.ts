// Members and their status, bans, and slow mode.

import { expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { PHONE, type Visitor } from "./visitor.ts";

describeInBrowser("people on the demo page", () => {
  const demo = demoForTest();

  async function remove(moderator: Visitor, name: string, how: string): Promise<void> {
    await moderator.member(name).getByRole("button").click();
    await moderator.page.getByRole("menuitem", { name: how }).click();
    await moderator.page.getByRole("dialog").getByRole("button", { name: how }).click();
  }

  it("[W7] a chosen status is shown at the member in every window, and survives a reload", async () => {
    const ada = await demo.join("Ada", "status");
    const bo = await demo.join("Bo", "status");
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
    const bo = await demo.join("Bo", "idle");
    const where = await demo.profile();
    await where.clock.install();
    const ada = await demo.join("Ada", "idle", { where });
    await bo.member("Ada").getByText("Online").waitFor({ state: "attached" });
    await where.clock.fastForward("05:01");
    await bo.member("Ada").getByText("Away").waitFor();
    await ada.connected();
    await ada.writing.press("a");
    await bo.member("Ada").getByText("Online").waitFor({ state: "attached" });
  });

  it("[W8] a removed user sees this and the remaining time, and returns after a moderator readmits them", async () => {
    const grace = await demo.join("Grace", "kick", { as: "moderate" });
    const bo = await demo.join("Bo", "kick");
    await bo.say("Buy now");
    await grace.shows("Buy now");
    expect(await bo.page.getByRole("button", { name: "Moderation" }).isVisible()).toBe(false);

    await remove(grace, "Bo", "Remove for 1 hour");
    await grace.sees("Bo was removed for 1 hour.");
    await expect.poll(() => grace.members.count(), SOON).toBe(1);
    const notice = bo.page.getByRole("alert").filter({ hasText: "You were removed from this room" });
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/You can rejoin in (1 hour|\d+ minutes)\./);
    expect(await bo.writing.isVisible()).toBe(false);
    expect(await notice.getByRole("button", { name: "Rejoin" }).isDisabled()).toBe(true);

    // A reload does not lead back in.
    await bo.page.reload();
    await bo.sees(/^You were removed from this room\. You can rejoin in/);

    await grace.press("Moderation");
    const panel = grace.page.getByRole("dialog", { name: "Moderation" });
    await panel
      .getByRole("listitem")
      .filter({ hasText: "Bo" })
      .getByRole("button", { name: "Let back in" })
      .click();
    await panel.getByText("No one has been removed.").waitFor();
    await bo.press("Join room");
    await bo.connected();
    await bo.shows("Buy now");
  });

  it("[W8] a user who is only disconnected may return at once", async () => {
    const grace = await demo.join("Grace", "disconnect", { as: "moderate" });
    const bo = await demo.join("Bo", "disconnect");
    await bo.say("Hello");
    await grace.shows("Hello");
    await remove(grace, "Bo", "Disconnect");
    await bo.sees("You were removed from this room");
    await bo.press("Rejoin");
    await bo.connected();
    await bo.seesNoMore("You were removed from this room");
    await bo.say("Again");
    await grace.shows("Again");
  });

  it("[W8] a moderator deletes messages of others; a purged room says that it was deleted", async () => {
    const grace = await demo.join("Grace", "purge", { as: "moderate" });
    const bo = await demo.join("Bo", "purge");
    await bo.say("Spam");
    await grace.shows("Spam");
    await grace.act("Spam", "Delete");
    await grace.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await bo.sees("This message was deleted");
    await call(demo.server, "DELETE", "/v1/rooms/purge");
    await bo.sees("This room was deleted");
    await bo.press("Start a new room");
    await bo.connected();
    await bo.sees("No messages yet");
  });

  it("[W51] a full room says so, and lets a user who waits in once there is a place", async () => {
    const limit = (maxConnections: number) =>
      call(demo.server, "PATCH", "/v1/rooms/full", { maxConnections });
    await demo.join("Ada", "full");
    await limit(1);
    const bo = await demo.open("/?room=full");
    await bo.page.getByLabel("Your name").fill("Bo");
    await bo.press("Join room");
    const banner = bo.page.getByRole("status").filter({ hasText: "This room is full." });
    await banner.waitFor();
    await limit(10);
    await bo.connected();
    await banner.waitFor({ state: "hidden" });
  });

  it("[W10] in slow mode a message says how long it waits, also for a user who was here before", async () => {
    const grace = await demo.join("Grace", "slow", { as: "moderate" });
    const bo = await demo.join("Bo", "slow");
    await grace.press("Moderation");
    const select = grace.page.getByRole("combobox", { name: "Slow mode" });
    await expect.poll(() => select.isEnabled(), SOON).toBe(true);
    await select.selectOption("5 seconds");
    await grace.sees("Slow mode is on: one message every 5 seconds.");
    await bo.say("One");
    await bo.say("Two");
    await bo.sees(/^Sends in \d s$/);
    await bo.sees("Slow mode: one message every 5 seconds");
    await grace.shows("Two");
    expect(await storedTexts(demo.server, "slow")).toEqual(["One", "Two"]);
  });

  it("[W11] on a screen 360 px wide nothing overflows sideways, and every button has a name and is large enough", async () => {
    const room = "a-long-name-of-a-room-for-a-phone";
    const ada = await demo.join("Ada", room, { where: await demo.profile(PHONE), as: "moderate" });
    await publish(demo.server, room, "Donaudampfschifffahrtsgesellschaft".repeat(6));
    await publish(demo.server, room, "שלום עולם, hello <b>world</b>");
    await ada.say("Mine");
    await ada.stored("Mine");
    await ada.message("Mine").locator(".text").tap();
    await ada.page.getByRole("toolbar").waitFor();
    expect(await ada.overflows()).toBe(false);
    await ada.press("Add a reaction");
    await ada.press("Party");
    await ada.message("Mine").locator(".chip").waitFor();
    expect(await ada.overflows()).toBe(false);
    // What is stored meanwhile is created again.
    await expect.poll(() => ada.tooSmall(), SOON).toEqual([]);
  });
});
