// Two windows in one room, and how a reader's place in it is kept.

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

describe.skipIf(chromiumPath === undefined)("a room on the demo page", () => {
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

  async function join(name: string, room: string): Promise<Visitor> {
    const visitor = await Visitor.join(browser, server.url, name, room);
    visitors.push(visitor);
    return visitor;
  }

  async function publishAll(room: string, texts: readonly string[]): Promise<void> {
    for (const text of texts) await publish(server, room, text);
  }

  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `Message ${from + index}`);

  it("two windows exchange messages and see each other", async () => {
    const ada = await join("Ada", "talk");
    const bo = await join("Bo", "talk");
    await ada.say("Hello Bo");
    await bo.shows("Hello Bo");
    await bo.say("Hello <b>Ada</b>");
    await ada.shows("Hello <b>Ada</b>");
    // The own user comes first.
    for (const [{ members }, order] of [
      [ada, /Ada.*Bo/s],
      [bo, /Bo.*Ada/s],
    ] as const) {
      await expect.poll(async () => (await members.allInnerTexts()).join(" ")).toMatch(order);
    }
    expect(await ada.messages.locator(".time").allInnerTexts()).not.toContain("Sending…");
    expect(await storedTexts(server, "talk")).toEqual(["Hello Bo", "Hello <b>Ada</b>"]);

    await bo.press("Sign out");
    await expect.poll(() => ada.members.count()).toBe(1);
    await bo.sees("Your name");
  });

  it("a reload keeps the room and all its messages", async () => {
    const ada = await join("Ada", "reload");
    await ada.say("Still here");
    await ada.shows("Still here");
    await ada.page.reload();
    await ada.connected();
    await ada.shows("Still here");
  });

  it("typing is shown and disappears", async () => {
    const ada = await join("Ada", "typing");
    const bo = await join("Bo", "typing");
    await ada.writing.pressSequentially("Hel");
    await bo.sees("Ada is typing…");
    await bo.seesNoMore("Ada is typing…");
    await ada.writing.pressSequentially("lo");
    await bo.sees("Ada is typing…");
    await ada.writing.press("Enter");
    await bo.shows("Hello");
    await bo.seesNoMore("Ada is typing…");
  });

  it("Shift + Enter starts a new line, Enter sends", async () => {
    const ada = await join("Ada", "lines");
    await ada.writing.pressSequentially("One");
    await ada.writing.press("Shift+Enter");
    await ada.writing.pressSequentially("Two");
    await ada.writing.press("Enter");
    await expect.poll(() => storedTexts(server, "lines")).toEqual(["One\nTwo"]);
  });

  it("addresses become links, and nothing else does", async () => {
    const ada = await join("Ada", "links");
    await ada.say("See https://example.com/a?b=1, or javascript:alert(1) <img src=x onerror=alert(2)>");
    const link = ada.messages.getByRole("link");
    await link.waitFor();
    expect(await link.count()).toBe(1);
    expect(await link.getAttribute("href")).toBe("https://example.com/a?b=1");
    expect(await link.getAttribute("rel")).toContain("noopener");
    expect(await ada.messages.locator("img").count()).toBe(0);
  });

  it("text that is hard to display is displayed", async () => {
    const deep = `${"[".repeat(12_000)}${"]".repeat(12_000)}`;
    await call(server, "POST", "/v1/rooms/hard/messages", `{"data":${deep}}`);
    await publish(server, "hard", "Afterwards");
    const ada = await join("Ada", "hard");
    await ada.shows("Afterwards");
    for (const tail of [")".repeat(30_000), `${".".repeat(30_000)}x`]) {
      const text = JSON.stringify(`https://example.com/${tail}`);
      const tookMs = await ada.page.evaluate(`import("./ui/links.js").then(({ linked }) => {
        const from = performance.now();
        linked(${text});
        return performance.now() - from;
      })`);
      expect(tookMs).toBeLessThan(300);
    }
  });

  it("an address ends where its text would change direction", async () => {
    const ada = await join("Ada", "around");
    await ada.say("https://example.com/\u202egnp.exe");
    const link = ada.messages.getByRole("link");
    expect(await link.getAttribute("href")).toBe("https://example.com/");
  });

  it("Enter that ends a composition sends nothing, also if only its key code shows it", async () => {
    const ada = await join("Ada", "composing");
    await ada.writing.fill("にほ");
    await ada.writing.dispatchEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true });
    expect(await ada.writing.inputValue()).toBe("にほ");
  });

  it("an invalid field shows what is wrong", async () => {
    const ada = await Visitor.open(browser, `${server.url}/?room=lobby`);
    visitors.push(ada);
    await ada.press("Join the room");
    const name = ada.page.getByLabel("Your name");
    await expect.poll(() => name.getAttribute("aria-invalid")).toBe("true");
    expect(await ada.page.getByLabel("Room", { exact: true }).getAttribute("aria-invalid")).toBe("false");
  });

  it("a refused message stays to be sent again or deleted", async () => {
    const ada = await join("Ada", "refused");
    await ada.say("x".repeat(40_000));
    await ada.sees("This message is too long.");
    await ada.press("Retry");
    await ada.sees("This message is too long.");
    await ada.press("Delete");
    await expect.poll(() => ada.messages.count()).toBe(0);
    expect(await storedTexts(server, "refused")).toEqual([]);
  });

  it("new messages slide in, except for users who prefer reduced motion", async () => {
    const still = await browser.newContext({ reducedMotion: "reduce" });
    const ada = await join("Ada", "motion");
    const bo = await Visitor.join(still, server.url, "Bo", "motion");
    for (const { page } of [ada, bo]) {
      await page.evaluate(() =>
        document.addEventListener("animationstart", ({ animationName }) => {
          document.body.dataset.animations = animationName;
        }),
      );
    }
    const seen = ({ page }: Visitor) => page.evaluate(() => document.body.dataset.animations);
    await publish(server, "motion", "Moving");
    await expect.poll(() => seen(ada)).toBe("arrive");
    await bo.shows("Moving");
    expect(await seen(bo)).toBeUndefined();
    await still.close();
  });

  it("the reading position stays when messages arrive, and the button leads to the end", async () => {
    await publishAll("reading", numbered(1, 40));
    const ada = await join("Ada", "reading");
    await ada.shows("Message 40");
    await expect.poll(async () => (await ada.place("Message 40")).visible).toBe(true);

    await ada.messages.getByText("Message 20", { exact: true }).evaluate((message) => {
      message.scrollIntoView({ block: "center" });
    });
    const before = await ada.place("Message 20");
    await publishAll("reading", numbered(41, 43));
    await ada.sees("3 new messages");
    expect(await ada.place("Message 20")).toEqual(before);

    await ada.press("3 new messages");
    await expect.poll(async () => (await ada.place("Message 43")).visible).toBe(true);
    await ada.seesNoMore("3 new messages");

    // At the end again, the page stays there.
    await publish(server, "reading", "Message 44");
    await expect.poll(async () => (await ada.place("Message 44")).visible).toBe(true);
  });

  it("loading older messages does not move the reading position", async () => {
    await publishAll("older", numbered(1, 120));
    const ada = await join("Ada", "older");
    await ada.shows("Message 120");
    expect(await ada.messages.count()).toBe(50);

    const before = await ada.messages.getByText("Message 71", { exact: true }).evaluate((oldest) => {
      oldest.closest('[role="log"]')?.scrollTo({ top: 0 });
      return oldest.getBoundingClientRect().top;
    });
    await expect.poll(() => ada.messages.count()).toBe(100);
    const after = await ada.place("Message 71");
    expect(Math.abs(after.top - before)).toBeLessThan(2);
    expect(after.visible).toBe(true);
  });
});
