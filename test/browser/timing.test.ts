// Messages that expire, and messages for later, on the demo page.

import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import type { Visitor } from "./visitor.ts";

const looks = process.env.SCREENSHOTS;

describeInBrowser("the timing of messages", () => {
  const demo = demoForTest({ keepPages: true });
  let ada: Visitor;
  let bo: Visitor;

  beforeAll(async () => {
    ada = await demo.join("Ada", "timing", { as: "moderate" });
    bo = await demo.join("Bo", "timing");
  });

  async function choose({ page }: Visitor, item: string, role: "menuitem" | "menuitemradio"): Promise<void> {
    await page.locator('[data-part="timing"]').click();
    await page.getByRole(role, { name: item, exact: true }).click();
  }

  const scheduled = ({ page }: Visitor) => page.getByRole("dialog", { name: "Scheduled messages" });

  async function show(visitor: Visitor, name: string): Promise<void> {
    if (looks !== undefined) await visitor.page.screenshot({ path: join(looks, `${name}.png`) });
  }

  it("[Z300] a message says to all when it will be deleted, until the writer chooses to keep the next", async () => {
    await choose(ada, "Delete after 1 hour", "menuitemradio");
    await ada.sees("Delete after 1 hour");
    await ada.say("the code is 4711");
    for (const visitor of [ada, bo]) {
      await visitor.stored("the code is 4711");
      const text = () => visitor.message("the code is 4711").locator(".expires").textContent();
      await expect.poll(text, SOON).toMatch(/^Deletes in (60|59) min$/);
    }
    await show(ada, "expires");
    await choose(ada, "Keep the message", "menuitemradio");
    await ada.say("hello");
    await ada.stored("hello");
    expect(await ada.message("hello").locator(".expires").count()).toBe(0);
  });

  it("[Z300] the time that is left counts down", async () => {
    await choose(bo, "Delete after 1 minute", "menuitemradio");
    await bo.say("gone soon");
    await choose(bo, "Keep the message", "menuitemradio");
    const text = () => ada.message("gone soon").locator(".expires").textContent();
    await expect.poll(text, SOON).toMatch(/^Deletes in [1-5]\d s$/);
    const first = await text();
    await expect.poll(text, SOON).not.toBe(first);
  });

  it("[Z301] a message is scheduled, and nobody sees it", async () => {
    await ada.writing.fill("see you tomorrow");
    await choose(ada, "Send later…", "menuitem");
    await show(ada, "send-later");
    const when = ada.page.getByRole("dialog", { name: "Send later" });
    await when.getByLabel("When").fill("2020-01-01T10:00");
    await when.getByRole("button", { name: "Schedule" }).click();
    await when.getByText("Choose a time in the future").waitFor();
    await when.getByRole("button", { name: "Cancel" }).click();
    expect(await ada.writing.inputValue()).toBe("see you tomorrow");
    await choose(ada, "Send later…", "menuitem");
    await ada.page.getByRole("button", { name: "Schedule" }).click();
    await ada.sees(/^Will be sent on/);
    expect(await ada.writing.inputValue()).toBe("");
    expect(await bo.messages.getByText("see you tomorrow").count()).toBe(0);
  });

  it("[Z301] it is changed and taken back in the list of what is scheduled", async () => {
    await choose(ada, "Scheduled messages", "menuitem");
    await scheduled(ada).getByText("see you tomorrow").waitFor();
    await show(ada, "scheduled");
    await scheduled(ada).getByRole("button", { name: "Change “see you tomorrow”" }).click();
    const change = ada.page.getByRole("dialog", { name: "Change the scheduled message" });
    await change.getByLabel("Message").fill("see you on Monday");
    await change.getByRole("button", { name: "Change" }).click();
    await scheduled(ada).getByText("see you on Monday").waitFor();
    await scheduled(ada).getByRole("button", { name: "Delete “see you on Monday”" }).click();
    await scheduled(ada).getByText("Nothing is scheduled in this room.").waitFor();
    await scheduled(ada).getByRole("button", { name: "Close" }).click();
    await choose(bo, "Scheduled messages", "menuitem");
    await scheduled(bo).getByText("Nothing is scheduled in this room.").waitFor();
    await scheduled(bo).getByRole("button", { name: "Close" }).click();
  });

  it("[Z301] what is scheduled says how long it stays, and its lines outlive a change of its time", async () => {
    const { page, writing } = ada;
    await writing.fill("one\ntwo");
    await choose(ada, "Delete after 1 hour", "menuitemradio");
    await choose(ada, "Send later…", "menuitem");
    const asked = page.waitForRequest(
      (request) => request.url().endsWith("/scheduled") && request.method() === "POST",
    );
    await page.getByRole("button", { name: "Schedule" }).click();
    expect((await asked).postDataJSON()).toMatchObject({
      data: { text: "one\ntwo" },
      expiresInSeconds: 3_600,
    });
    await ada.sees(/^Will be sent on/);
    await choose(ada, "Keep the message", "menuitemradio");

    await choose(ada, "Scheduled messages", "menuitem");
    await scheduled(ada)
      .getByRole("button", { name: /^Change “one/ })
      .click();
    const change = page.getByRole("dialog", { name: "Change the scheduled message" });
    expect(await change.getByLabel("Message").inputValue()).toBe("one\ntwo");
    await change.getByLabel("Message").fill(" ");
    await change.getByRole("button", { name: "Change" }).click();
    await change.getByText("Write what will be sent").waitFor();
    await change.getByLabel("Message").fill("one\ntwo");
    await change.getByLabel("When").fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 16));
    const changed = page.waitForRequest((request) => request.method() === "PATCH");
    await change.getByRole("button", { name: "Change" }).click();
    expect((await changed).postDataJSON()).toEqual({ sendAt: expect.any(Number) });
    await scheduled(ada)
      .getByRole("button", { name: /^Delete “one/ })
      .click();
    await scheduled(ada).getByText("Nothing is scheduled in this room.").waitFor();
    await scheduled(ada).getByRole("button", { name: "Close" }).click();
  });

  it("[Z301] nothing is scheduled where nothing was written, and the page says so", async () => {
    await choose(bo, "Send later…", "menuitem");
    await bo.page.getByRole("button", { name: "Schedule" }).click();
    await bo.sees("Write a message first, then choose when to send it.");
  });

  it("[Z302] the word of the back end is shown to moderators alone", async () => {
    const marked = async (as: "guest" | "moderate") => {
      const where = await demo.profile();
      await where.routeWebSocket(/.*/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((frame) =>
          socket.send(
            String(frame).replaceAll(
              '"data":{"text":"hello"}',
              '"data":{"text":"hello"},"flag":"advertising"',
            ),
          ),
        );
      });
      const visitor = await demo.join(as === "guest" ? "Cy" : "Di", "timing", { where, as });
      await visitor.message("hello").waitFor();
      return visitor;
    };
    const moderator = await marked("moderate");
    await expect
      .poll(() => moderator.message("hello").locator(".flag").textContent(), SOON)
      .toBe("advertising");
    await show(moderator, "flag");
    expect(await (await marked("guest")).message("hello").locator(".flag").count()).toBe(0);
  });

  it("[Z303] fits a page of 400 pixels, dark and light, and all can be pressed", async () => {
    for (const colorScheme of ["dark", "light"] as const) {
      const where = await demo.profile({ viewport: { width: 400, height: 800 }, colorScheme });
      const visitor = await demo.join("Ed", "timing", { where });
      await visitor.message("the code is 4711").waitFor();
      await choose(visitor, "Delete after 1 day", "menuitemradio");
      await visitor.page.locator('[data-part="timing"]').click();
      await show(visitor, `menu-${colorScheme}`);
      await visitor.page.keyboard.press("Escape");
      expect([await visitor.overflows(), await visitor.tooSmall()]).toEqual([false, []]);
      await visitor.writing.fill(`later ${colorScheme}`);
      await choose(visitor, "Send later…", "menuitem");
      await visitor.page.getByRole("button", { name: "Schedule" }).click();
      await choose(visitor, "Scheduled messages", "menuitem");
      await scheduled(visitor).getByText(`later ${colorScheme}`).waitFor();
      await show(visitor, `scheduled-${colorScheme}`);
      expect(await visitor.overflows()).toBe(false);
    }
  });
});
