// What two users do with each other's messages: both windows show it without a reload.

import { expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import type { Visitor } from "./visitor.ts";

describeInBrowser("messages on the demo page", () => {
  const demo = demoForTest();

  const editing = ({ page }: Visitor) => page.getByRole("textbox", { name: "Edit message" });

  it("[W1] a user edits an own message in place, and every window marks it as edited", async () => {
    const ada = await demo.join("Ada", "edit");
    const bo = await demo.join("Bo", "edit");
    await ada.say("Frist");
    await bo.shows("Frist");
    await ada.act("Frist", "Edit");
    await editing(ada).fill("First");
    await editing(ada).press("Enter");
    for (const visitor of [ada, bo]) {
      await visitor.shows("First");
      const mark = visitor.message("First").locator(".edited");
      expect(await mark.innerText()).toBe("(edited)");
      expect(await mark.getAttribute("title")).toMatch(/\d/);
    }
    expect(await storedTexts(demo.server, "edit")).toEqual(["First"]);

    // Arrow up in an empty composer leads to the last own message; Escape leaves it unchanged.
    await ada.say("Second");
    await bo.shows("Second");
    await ada.stored("Second");
    await ada.writing.press("ArrowUp");
    expect(await editing(ada).inputValue()).toBe("Second");
    await editing(ada).fill("Never");
    await editing(ada).press("Escape");
    await ada.shows("Second");
    expect(await ada.writing.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await storedTexts(demo.server, "edit")).toEqual(["First", "Second"]);

    // Messages of others can be answered, not changed.
    await bo.message("Second").hover();
    const offered = bo.page.getByRole("toolbar").getByRole("button");
    expect(await offered.evaluateAll((all) => all.map((one) => one.ariaLabel))).toContain("Reply");
    expect(await bo.page.getByRole("button", { name: "Edit", exact: true }).isVisible()).toBe(false);
  });

  it("[W1] a deleted message leaves nothing in any window, nor in a reply to it", async () => {
    const ada = await demo.join("Ada", "delete");
    const bo = await demo.join("Bo", "delete");
    await ada.say("A secret");
    await bo.shows("A secret");
    await bo.act("A secret", "Reply");
    await bo.say("Oh");
    await ada.shows("Oh");
    await ada.message("A secret").first().hover();
    await ada.page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    for (const visitor of [ada, bo]) {
      await visitor.sees("This message was deleted");
      await visitor.sees("The original message was deleted");
      expect(await visitor.page.content()).not.toContain("A secret");
    }
  });

  it("[W2] a reply quotes what it answers, and leads to it", async () => {
    const ada = await demo.join("Ada", "reply");
    const bo = await demo.join("Bo", "reply");
    await ada.say("Which <b>day</b>?");
    await bo.shows("Which <b>day</b>?");
    for (let at = 1; at <= 55; at++) await publish(demo.server, "reply", `Filler ${at}`);
    await bo.shows("Filler 55");
    await bo.message("Which <b>day</b>?").scrollIntoViewIfNeeded();
    await bo.act("Which <b>day</b>?", "Reply");
    const preview = bo.page.locator('[data-part="reply"]');
    expect(await preview.innerText()).toContain("Which <b>day</b>?");
    await bo.press("Cancel reply");
    expect(await preview.isVisible()).toBe(false);
    await bo.act("Which <b>day</b>?", "Reply");
    await bo.say("Monday");
    await preview.waitFor({ state: "hidden" });

    await ada.shows("Monday");
    const quote = ada.message("Monday").locator("button.quote");
    expect(await quote.innerText()).toMatch(/You\s+Which <b>day<\/b>\?/);
    await quote.click();
    await expect.poll(async () => (await ada.place("Which <b>day</b>?")).visible, SOON).toBe(true);

    // The page holds only the end of a room's history.
    await ada.page.reload();
    await ada.connected();
    await ada.shows("Monday");
    expect(await ada.message("Monday").locator(".quote").innerText()).toBe(
      "The original message is not loaded",
    );
  });

  it("[W3] reactions are counted, toggled by a click and named, in every window", async () => {
    const ada = await demo.join("Ada", "react");
    const bo = await demo.join("Bo", "react");
    await ada.say("Shipped");
    await bo.shows("Shipped");
    await bo.act("Shipped", "Add a reaction");
    const picker = bo.page.getByRole("dialog", { name: "Pick a reaction" });
    await bo.page.keyboard.press("Escape");
    await picker.waitFor({ state: "detached" });
    await bo.act("Shipped", "Add a reaction");
    await bo.page.keyboard.press("ArrowRight");
    await bo.page.keyboard.press("Enter");
    await picker.waitFor({ state: "detached" });

    const chip = (visitor: Visitor) => visitor.message("Shipped").locator(".chip");
    await expect.poll(() => chip(ada).getAttribute("aria-label"), SOON).toBe("❤️ 1: Bo");
    expect(await chip(ada).getAttribute("aria-pressed")).toBe("false");
    await chip(ada).click();
    await expect.poll(() => chip(bo).getAttribute("aria-label"), SOON).toBe("❤️ 2: You and Ada");
    expect(await chip(ada).getAttribute("aria-pressed")).toBe("true");
    await chip(ada).click();
    await chip(bo).click();
    for (const visitor of [ada, bo]) await expect.poll(() => chip(visitor).count(), SOON).toBe(0);
  });

  it("[W3][E15] a refused reaction is taken back with a notice", async () => {
    const ada = await demo.join("Ada", "refused");
    await ada.say("Full");
    await ada.stored("Full");
    const { token } = (await (await fetch(`${demo.server.url}/dev/token?user=ada`)).json()) as {
      token: string;
    };
    for (const emoji of "🐶🐱🐭".match(/./gu) ?? []) {
      const path = `/v1/rooms/refused/messages/1/reactions/${encodeURIComponent(emoji)}`;
      const headers = { Authorization: `Bearer ${token}` };
      expect((await fetch(demo.server.url + path, { method: "PUT", headers })).status).toBe(200);
    }
    const chips = ada.message("Full").locator(".chip");
    await expect.poll(() => chips.count(), SOON).toBe(3);
    await ada.act("Full", "Add a reaction");
    await ada.press("Rocket");
    await ada.sees("You cannot add another reaction to this message.");
    expect(await chips.count()).toBe(3);
  });

  it("[W4] typing disappears 3 s after the last key, and names who of several types", async () => {
    const ada = await demo.join("Ada", "typing");
    const bo = await demo.join("Bo", "typing");
    const cy = await demo.join("Cy", "typing");
    await ada.writing.pressSequentially("Hello");
    const lastKey = Date.now();
    await bo.sees("Ada is typing…");
    await bo.seesNoMore("Ada is typing…");
    const afterMs = Date.now() - lastKey;
    expect(afterMs).toBeGreaterThan(1_500);
    expect(afterMs).toBeLessThan(4_500);
    // They type until it is seen: on a slow machine one key is forgotten before the other's arrives.
    const both = cy.page.getByText("Ada and Bo are typing…", { exact: true });
    await expect
      .poll(async () => {
        await ada.writing.pressSequentially("!");
        await bo.writing.pressSequentially("!");
        return both.count();
      }, SOON)
      .toBe(1);
  });

  it("[W5] the readers of the last message are shown below it, live and after a reload", async () => {
    const ada = await demo.join("Ada", "seen");
    const bo = await demo.join("Bo", "seen");
    await bo.look(false);
    await ada.say("Read this");
    await bo.shows("Read this");
    await expect.poll(() => bo.page.title(), SOON).toBe("(1) seen · Edge Rooms");
    expect(await ada.page.getByText("Seen by Bo").count()).toBe(0);
    await bo.look(true);
    await ada.sees("Seen by Bo");
    await expect.poll(() => bo.page.title(), SOON).toBe("seen · Edge Rooms");
    await ada.page.reload();
    await ada.connected();
    await ada.sees("Seen by Bo");
  });

  it("[W33] who has left is named, also after a reload", async () => {
    const ada = await demo.join("Ada", "left");
    const bo = await demo.join("Bo the Second", "left");
    await ada.say("Hello");
    await ada.sees("Seen by Bo the Second");
    await bo.press("Sign out");
    await expect.poll(() => ada.members.count()).toBe(1);
    await ada.page.reload();
    await ada.connected();
    await ada.sees("Seen by Bo the Second");
  });

  it("[W6] messages that arrived unseen are counted and start below a line, also after a reload", async () => {
    const ada = await demo.join("Ada", "unread");
    const bo = await demo.join("Bo", "unread");
    await ada.say("Old news");
    await bo.shows("Old news");
    await ada.say("No news");
    await bo.shows("No news");
    await ada.sees("Seen by Bo");
    expect(await bo.page.locator(".unread-from").count()).toBe(0);
    await bo.look(false);
    await ada.say("One");
    await ada.say("Two");
    await expect.poll(() => bo.page.title(), SOON).toBe("(2) unread · Edge Rooms");
    const order = ({ page }: Visitor) =>
      page
        .locator(".messages > :is(.message, .unread-from)")
        .evaluateAll((rows) => rows.map((row) => (row.querySelector(".text") ?? row).textContent));
    expect(await order(bo)).toEqual(["Old news", "No news", "New messages", "One", "Two"]);
    // Before the first page has sent that it was read, another one opens.
    const again = await demo.join("Bo", "unread");
    await again.sees("New messages");
    expect(await order(again)).toEqual(["Old news", "No news", "New messages", "One", "Two"]);
    await expect.poll(() => bo.page.title(), SOON).toBe("unread · Edge Rooms");
  });

  it("[W6] back on the page, reading continues where it ended, and a button leads to the latest message", async () => {
    const ada = await demo.join("Ada", "back");
    await publish(demo.server, "back", "Read");
    await ada.shows("Read");
    await expect.poll(() => ada.page.title(), SOON).toBe("back · Edge Rooms");
    await ada.look(false);
    for (let at = 1; at <= 40; at++) await publish(demo.server, "back", `Missed ${at}`);
    await expect.poll(() => ada.page.title(), SOON).toBe("(40) back · Edge Rooms");
    await ada.look(true);
    await expect.poll(async () => (await ada.place("Missed 1")).visible, SOON).toBe(true);
    await ada.press("40 new messages");
    await expect.poll(async () => (await ada.place("Missed 40")).visible, SOON).toBe(true);
    await expect.poll(() => ada.page.title(), SOON).toBe("back · Edge Rooms");
  });

  it("[W9] only https addresses are loaded or linked", async () => {
    const attachments = [
      { url: "https://pictures.example/a.png", name: "A picture", width: 40, height: 30 },
      { url: "https://files.example/b.pdf", name: "Report <1>", bytes: 2_500_000 },
      { url: "http://files.example/c.png", name: "Plain" },
      { url: "javascript:alert(1)", name: "Script" },
      { url: "data:text/html,<script>alert(1)</script>", name: "Data" },
    ];
    const ada = await demo.join("Ada", "files");
    const asked: string[] = [];
    await ada.page.route(/^https:/, async (route) => {
      asked.push(route.request().url());
      expect(await route.request().headerValue("referer")).toBeNull();
      await route.fulfill({ contentType: "image/png", body: Buffer.alloc(0) });
    });
    await call(demo.server, "POST", "/v1/rooms/files/messages", { data: { text: "Files", attachments } });
    await ada.shows("Files");
    const message = ada.message("Files");
    await message.getByText("Script").waitFor();
    expect(
      await message
        .getByRole("link")
        .evaluateAll((links) =>
          links.map((link) => [(link as HTMLAnchorElement).href, (link as HTMLAnchorElement).rel]),
        ),
    ).toEqual([
      ["https://pictures.example/a.png", "noopener noreferrer"],
      ["https://files.example/b.pdf", "noopener noreferrer"],
    ]);
    expect(await message.innerText()).toMatch(/Report <1>\s+2\.5 MB[\s\S]*Plain[\s\S]*Script[\s\S]*Data/);
    await expect.poll(() => asked, SOON).toEqual(["https://pictures.example/a.png"]);
  });

  it("[W9] an address is attached only if it is https, and is sent with the message", async () => {
    const ada = await demo.join("Ada", "attach");
    const bo = await demo.join("Bo", "attach");
    await ada.press("Attach a link");
    const dialog = ada.page.getByRole("dialog", { name: "Attach a link" });
    const address = dialog.getByRole("textbox", { name: "Address" });
    await address.fill("http://files.example/plan.pdf");
    await dialog.getByRole("button", { name: "Attach" }).click();
    await ada.sees("Enter an address that starts with https://");
    await address.fill("https://files.example/plan.pdf");
    await dialog.getByRole("button", { name: "Attach" }).click();
    await dialog.waitFor({ state: "detached" });
    await ada.page.getByRole("list", { name: "Attachments" }).getByText("plan.pdf").waitFor();
    await ada.say("The plan");
    await bo.shows("The plan");
    const link = bo.message("The plan").getByRole("link");
    expect(await link.getAttribute("href")).toBe("https://files.example/plan.pdf");
    await ada.page.getByRole("list", { name: "Attachments" }).waitFor({ state: "hidden" });
  });
});
