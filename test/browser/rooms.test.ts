// Several rooms: the unread counts of rooms that are not on the screen, in all tabs of a user, and the drafts of each
// room.

import { expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { PHONE, type Visitor } from "./visitor.ts";

describeInBrowser("rooms on the demo page", () => {
  const demo = demoForTest();

  const labels = ({ rooms }: Visitor) =>
    rooms.getByRole("link").evaluateAll((links) => links.map((link) => link.ariaLabel));

  async function allSee(tabs: readonly Visitor[], expected: readonly string[]): Promise<void> {
    for (const tab of tabs) await expect.poll(() => labels(tab), SOON).toEqual(expected);
  }

  it("[W12] a message in another room raises its count in every tab, and reading it in one tab clears it in all", async () => {
    const context = await demo.profile();
    const one = await demo.join("Nia", "nia-lobby", { where: context });
    const two = await demo.join("Nia", "nia-plans", { where: context });
    const tabs = [one, two];
    await two.open("nia-lobby");
    await allSee(tabs, ["nia-lobby", "nia-plans"]);
    expect(await one.room("nia-lobby").getAttribute("aria-current")).toBe("page");

    const bo = await demo.join("Bo", "nia-plans");
    await bo.say("Lunch?");
    await allSee(tabs, ["nia-lobby", "nia-plans, 1 unread"]);
    await bo.say("At one?");
    await allSee(tabs, ["nia-lobby", "nia-plans, 2 unread"]);

    await two.open("nia-plans");
    await two.shows("At one?");
    await allSee(tabs, ["nia-lobby", "nia-plans"]);
    await bo.sees("Seen by Nia");
  });

  it("[W12] messages before a visit are counted; marked as read, they are read in every tab", async () => {
    const context = await demo.profile();
    const first = await demo.join("Oda", "oda-plans", { where: context });
    await first.say("Hello");
    await first.stored("Hello");
    await first.page.close();
    for (const text of ["One", "Two", "Three"]) await publish(demo.server, "oda-plans", text);
    const tabs = [
      await demo.join("Oda", "oda-lobby", { where: context }),
      await demo.join("Oda", "oda-lobby", { where: context }),
    ];
    await allSee(tabs, ["oda-lobby", "oda-plans, 3 unread"]);
    await tabs[0]?.chooseIn("oda-plans", "Mark as read");
    await allSee(tabs, ["oda-lobby", "oda-plans"]);
  });

  it("[W12] a room is followed by its name, and disappears from all tabs when it is unfollowed", async () => {
    const context = await demo.profile();
    const tabs = [
      await demo.join("Pia", "pia-lobby", { where: context }),
      await demo.join("Pia", "pia-lobby", { where: context }),
    ];
    const [one] = tabs;
    const field = one?.page.getByRole("textbox", { name: "Join another room" });
    await field?.fill("no name!");
    await field?.press("Enter");
    await one?.sees("Room names use letters, digits and _ . : - and start with a letter or a digit.");
    await field?.fill("pia-new");
    await field?.press("Enter");
    await one?.say("First");
    await expect.poll(() => storedTexts(demo.server, "pia-new"), SOON).toEqual(["First"]);
    await allSee(tabs, ["pia-lobby", "pia-new"]);
    await one?.chooseIn("pia-new", "Unfollow");
    await allSee(tabs, ["pia-lobby"]);
    await one?.page.reload();
    await one?.connected();
    await allSee(tabs, ["pia-lobby"]);
  });

  it("[W13] each room keeps its draft, the message that it answers and the reader's place; a draft survives a reload", async () => {
    for (let at = 1; at <= 40; at++) await publish(demo.server, "quin-long", `Message ${at}`);
    const ada = await demo.join("Quin", "quin-long");
    await ada.shows("Message 40");
    await ada.open("quin-other");
    await ada.writing.fill("Half a thought");
    await ada.open("quin-long");
    expect(await ada.writing.inputValue()).toBe("");
    await expect.poll(() => labels(ada), SOON).toEqual(["quin-long", "quin-other, draft"]);

    await ada.messages.getByText("Message 20", { exact: true }).evaluate((message) => {
      message.scrollIntoView({ block: "center" });
    });
    await ada.act("Message 20", "Reply");
    const before = await ada.place("Message 20");
    await ada.open("quin-other");
    expect(await ada.writing.inputValue()).toBe("Half a thought");
    await ada.open("quin-long");
    expect(Math.abs((await ada.place("Message 20")).top - before.top)).toBeLessThan(2);
    expect(await ada.page.locator('[data-part="reply"]').innerText()).toContain("Message 20");

    await ada.open("quin-other");
    await ada.page.reload();
    await ada.connected();
    expect(await ada.writing.inputValue()).toBe("Half a thought");
    await ada.writing.press("Enter");
    await ada.shows("Half a thought");
    await ada.page.reload();
    await ada.connected();
    expect(await ada.writing.inputValue()).toBe("");
  });

  it("[W13] the browser's buttons and keys lead from room to room", async () => {
    const ada = await demo.join("Rue", "rue-a");
    await ada.open("rue-b");
    expect(new URL(ada.page.url()).searchParams.get("room")).toBe("rue-b");
    await ada.page.goBack();
    await ada.page.getByRole("heading", { name: "rue-a", exact: true }).waitFor();
    await ada.page.keyboard.press("Alt+ArrowDown");
    await ada.page.getByRole("heading", { name: "rue-b", exact: true }).waitFor();
    await ada.room("rue-b").focus();
    await ada.page.keyboard.press("ArrowUp");
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "rue-a", exact: true }).waitFor();
    await ada.say("Here");
    await expect.poll(() => storedTexts(demo.server, "rue-a"), SOON).toEqual(["Here"]);
  });

  it("[W52] a popup and a dialog end with the room that they are about", async () => {
    const ada = await demo.join("Sam", "sam-a", { as: "moderate" });
    await ada.open("sam-b");
    const heading = (name: string) => ada.page.getByRole("heading", { name, exact: true });
    await ada.press("Moderation");
    const panel = ada.page.getByRole("dialog", { name: "Moderation" });
    await panel.waitFor();
    await ada.page.keyboard.press("Alt+ArrowUp");
    await heading("sam-a").waitFor();
    expect(await panel.count()).toBe(0);

    await ada.press("Attach a link");
    const dialog = ada.page.getByRole("dialog", { name: "Attach a link" });
    // It waits for its answer, but not when the browser leads elsewhere.
    await ada.page.keyboard.press("Alt+ArrowDown");
    expect(await heading("sam-a").count()).toBe(1);
    await ada.page.goBack();
    await heading("sam-b").waitFor();
    await dialog.waitFor({ state: "detached" });
  });

  it("[W14] @ suggests members and authors; the room of a mentioned user shows the mention until it is read", async () => {
    const sol = await demo.join("Sol Ray", "sol-plans");
    await sol.say("Hello");
    const tim = await demo.join("Tim", "sol-plans");
    await tim.shows("Hello");
    await sol.open("sol-lobby");
    await tim.writing.pressSequentially("@s");
    await tim.page.getByRole("listbox", { name: "People to mention" }).waitFor();
    await tim.writing.press("Enter");
    expect(await tim.writing.inputValue()).toBe("@Sol Ray ");
    await tim.writing.pressSequentially("have a look");
    await tim.writing.press("Enter");
    await expect.poll(() => labels(sol), SOON).toEqual(["sol-lobby", "sol-plans, 1 unread, mentions you"]);
    await sol.sees("Tim mentioned you");

    await sol.open("sol-plans");
    const message = sol.message("have a look");
    await message.waitFor();
    expect(await message.locator(".mention.self").innerText()).toBe("@Sol Ray");
    await expect.poll(() => labels(sol), SOON).toEqual(["sol-lobby", "sol-plans"]);
  });

  it("[W14] a user mentioned in a room in which they are not sees it in the bell, which leads to the message", async () => {
    const una = await demo.join("Una", "una-plans");
    await una.say("I am off");
    const tim = await demo.join("Tim", "una-plans");
    await tim.shows("I am off");
    await una.page.close();
    await expect.poll(() => tim.members.count(), SOON).toBe(1);
    await tim.say("@una can you decide?");
    for (let at = 1; at <= 60; at++) await publish(demo.server, "una-plans", `Filler ${at}`);

    const back = await demo.join("Una", "una-lobby");
    await expect.poll(() => back.bell.getAttribute("aria-label"), SOON).toBe("Notifications, 1 unread");
    await expect.poll(() => labels(back), SOON).toEqual(["una-lobby", "una-plans, 61 unread, mentions you"]);
    await back.bell.click();
    const entry = back.page.getByRole("dialog", { name: "Notifications" }).getByRole("listitem");
    await entry.filter({ hasText: "Tim mentioned you" }).getByRole("button", { name: "Open" }).click();
    await back.shows("@una can you decide?");
    await expect.poll(async () => (await back.place("@una can you decide?")).visible, SOON).toBe(true);
    await expect.poll(() => back.bell.getAttribute("aria-label"), SOON).toBe("Notifications");

    // This also works in a room where she never was, from a notification that came while she looked at another room.
    const data = { data: { text: "Welcome, @Una" }, mentions: ["una"] };
    await call(demo.server, "POST", "/v1/rooms/una-new/messages", data);
    await back.page.locator(".toast").getByRole("button", { name: "Open" }).click();
    await back.shows("Welcome, @Una");
    await expect.poll(() => labels(back), SOON).toContain("una-new");
    await expect.poll(() => back.bell.getAttribute("aria-label"), SOON).toBe("Notifications");
  });

  it("[W16] on a narrow screen the rooms open from the side, and their button counts what is unread", async () => {
    const phone = await demo.profile(PHONE);
    const ada = await demo.join("Vic", "vic-a-long-name-of-a-room-for-a-phone", { where: phone });
    const menu = ada.page.getByRole("button", { name: /^Rooms/ });
    await menu.tap();
    await ada.page.getByRole("textbox", { name: "Join another room" }).fill("vic-b");
    await ada.press("Join");
    await ada.connected();
    await publish(demo.server, "vic-a-long-name-of-a-room-for-a-phone", "News");
    await expect.poll(() => menu.getAttribute("aria-label"), SOON).toBe("Rooms, 1 unread");
    await ada.rooms.waitFor({ state: "hidden" });
    await menu.tap();
    await ada.rooms.waitFor();
    const focused = () => ada.page.evaluate(() => document.activeElement?.getAttribute("aria-current"));
    expect(await focused()).toBe("page");
    expect(await ada.overflows()).toBe(false);
    expect(await ada.tooSmall()).toEqual([]);
    await ada.page.keyboard.press("Escape");
    await ada.rooms.waitFor({ state: "hidden" });
    await menu.tap();
    await ada.room("vic-a-long-name-of-a-room-for-a-phone").tap();
    await ada.shows("News");
    await ada.rooms.waitFor({ state: "hidden" });
    await expect.poll(() => menu.getAttribute("aria-label"), SOON).toBe("Rooms");
    expect(await ada.overflows()).toBe(false);
  });
});
