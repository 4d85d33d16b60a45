// Two windows in one room, and how a reader's place in it is kept.

import { expect, it } from "vitest";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { PHONE, type Visitor } from "./visitor.ts";

describeInBrowser("a room on the demo page", () => {
  const demo = demoForTest();

  async function publishAll(room: string, texts: readonly string[]): Promise<void> {
    for (const text of texts) await publish(demo.server, room, text);
  }

  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `Message ${from + index}`);

  /** How many links and texts are below the toolbar. */
  const coveredBy = ({ page }: Visitor) =>
    page.getByRole("toolbar", { name: "Message actions" }).evaluate((toolbar) => {
      const at = toolbar.getBoundingClientRect();
      return [...document.querySelectorAll(".messages :is(a, .text)")].filter((link) =>
        [...link.getClientRects()].some(
          ({ left, right, top, bottom }) =>
            left < at.right && right > at.left && top < at.bottom && bottom > at.top,
        ),
      ).length;
    });

  it("two windows exchange messages and see each other", async () => {
    const ada = await demo.join("Ada", "talk");
    const bo = await demo.join("Bo", "talk");
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
    expect(await storedTexts(demo.server, "talk")).toEqual(["Hello Bo", "Hello <b>Ada</b>"]);

    await bo.press("Sign out");
    await expect.poll(() => ada.members.count()).toBe(1);
    await bo.sees("Your name");
  });

  it("a reload keeps the room and all its messages", async () => {
    const ada = await demo.join("Ada", "reload");
    await ada.say("Still here");
    await ada.shows("Still here");
    await ada.page.reload();
    await ada.connected();
    await ada.shows("Still here");
  });

  it("typing is shown and disappears", async () => {
    const ada = await demo.join("Ada", "typing");
    const bo = await demo.join("Bo", "typing");
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
    const ada = await demo.join("Ada", "lines");
    await ada.writing.pressSequentially("One");
    await ada.writing.press("Shift+Enter");
    await ada.writing.pressSequentially("Two");
    await ada.writing.press("Enter");
    await expect.poll(() => storedTexts(demo.server, "lines")).toEqual(["One\nTwo"]);
  });

  it("addresses become links, and nothing else does", async () => {
    const ada = await demo.join("Ada", "links");
    await ada.say("See https://example.com/a?b=1, or javascript:alert(1) <img src=x onerror=alert(2)>");
    const link = ada.messages.getByRole("link");
    await link.waitFor();
    expect(await link.count()).toBe(1);
    expect(await link.getAttribute("href")).toBe("https://example.com/a?b=1");
    expect(await link.getAttribute("rel")).toContain("noopener");
    expect(await ada.messages.locator("img").count()).toBe(0);
  });

  it("[W36] bold text and code are shown as such, and code is not read further", async () => {
    const ada = await demo.join("Ada", "marks");
    await ada.say("**Run <b>https://example.com/** `npm i https://example.org` <i>");
    const text = ada.messages.locator(".text");
    expect(await text.locator("strong").innerText()).toBe("Run <b>https://example.com/");
    expect(await text.locator("code").innerText()).toBe("npm i https://example.org");
    expect(await text.getByRole("link").allInnerTexts()).toEqual(["https://example.com/"]);
    expect(await text.locator("b, i").count()).toBe(0);
  });

  it("[W37] a button inserts an emoji at the caret", async () => {
    const ada = await demo.join("Ada", "emoji");
    await ada.writing.fill("Well done!");
    await ada.writing.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(9, 9));
    await ada.press("Insert an emoji");
    await ada.page
      .getByRole("dialog", { name: "Pick an emoji" })
      .getByRole("button", { name: "Party" })
      .click();
    expect(await ada.writing.inputValue()).toBe("Well done🎉!");
    await ada.page.keyboard.press("Enter");
    await ada.shows("Well done🎉!");
  });

  it("text that is hard to display is displayed", async () => {
    const deep = `${"[".repeat(12_000)}${"]".repeat(12_000)}`;
    await call(demo.server, "POST", "/v1/rooms/hard/messages", `{"data":${deep}}`);
    await publish(demo.server, "hard", "Afterwards");
    const ada = await demo.join("Ada", "hard");
    await ada.shows("Afterwards");
    for (const tail of [")".repeat(30_000), `${".".repeat(30_000)}x`]) {
      const text = JSON.stringify(`https://example.com/${tail}`);
      // The quickest of several: a busy machine does something else in the middle of one.
      const tookMs = await ada.page.evaluate(`import("./ui/links.js").then(({ linked }) => {
        const took = Array.from({ length: 5 }, () => {
          const from = performance.now();
          linked(${text});
          return performance.now() - from;
        });
        return Math.min(...took);
      })`);
      expect(tookMs).toBeLessThan(300);
    }
  });

  it("an address ends where its text would change direction", async () => {
    const ada = await demo.join("Ada", "around");
    await ada.say("https://example.com/\u202egnp.exe");
    const link = ada.messages.getByRole("link");
    expect(await link.getAttribute("href")).toBe("https://example.com/");
  });

  it("Enter that ends a composition sends nothing, also if only its key code shows it", async () => {
    const ada = await demo.join("Ada", "composing");
    await ada.writing.fill("にほ");
    await ada.writing.dispatchEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true });
    expect(await ada.writing.inputValue()).toBe("にほ");
  });

  it("an invalid field shows what is wrong", async () => {
    const ada = await demo.open("/?room=lobby");
    await ada.press("Join room");
    const name = ada.page.getByLabel("Your name");
    await expect.poll(() => name.getAttribute("aria-invalid")).toBe("true");
    expect(await ada.page.getByLabel("Room", { exact: true }).getAttribute("aria-invalid")).toBe("false");
  });

  it("[W31] a message that is too long stays to be shortened or deleted", async () => {
    const ada = await demo.join("Ada", "refused");
    await ada.say("x".repeat(40_000));
    await ada.sees("This message is too long.");
    await ada.writing.fill("And more");
    await ada.press("Edit");
    expect(await ada.writing.inputValue()).toBe(`${"x".repeat(40_000)}\nAnd more`);
    expect(await ada.messages.count()).toBe(0);
    await ada.writing.press("Enter");
    await ada.press("Delete");
    await expect.poll(() => ada.messages.count()).toBe(0);
    expect(await storedTexts(demo.server, "refused")).toEqual([]);
    await ada.say("Short");
    await expect.poll(() => storedTexts(demo.server, "refused")).toEqual(["Short"]);
  });

  it("[W53] on a phone the toolbar of a message covers nothing, and stands in view", async () => {
    await publishAll("tapped", numbered(1, 12));
    await publish(demo.server, "tapped", `https://example.com/${"path/".repeat(20)}`);
    const ada = await demo.join("Ada", "tapped", { where: await demo.profile(PHONE) });
    await ada.say("Mine");
    await ada.stored("Mine");
    // Or "Message 1", said at 2:53, would be taken for "Message 12".
    expect(await ada.message("Mine").locator(".line").textContent()).toMatch(/^Mine /);
    // A phone has no pointer that could be above a message.
    await ada.page.mouse.move(1, 1);
    const toolbar = ada.page.getByRole("toolbar", { name: "Message actions" });
    for (const text of ["Mine", "example.com", "Message 12", "Message 9"]) {
      await ada.message(text).locator(".time").tap();
      await ada.message(text).getByRole("toolbar").waitFor();
      expect(await coveredBy(ada), text).toBe(0);
      const { y = 0, height = 0 } = (await toolbar.boundingBox()) ?? {};
      const { y: top = 0, height: room = 0 } = (await ada.page.getByRole("log").boundingBox()) ?? {};
      expect([y >= top, y + height <= top + room], text).toEqual([true, true]);
    }
  });

  it.each([1_024, 1_280])(
    "[W35] on a page %i px wide the toolbar of a message covers no link",
    async (width) => {
      const ada = await demo.join("Ada", `links-${width}`);
      await ada.page.setViewportSize({ width, height: 800 });
      const link = `https://example.com/${"path/".repeat(40)}`;
      await publish(demo.server, `links-${width}`, link);
      await publish(demo.server, `links-${width}`, link);
      await ada.say(link);
      await ada.say("Short");
      await expect.poll(() => ada.messages.count()).toBe(4);
      await ada.shows("Short");
      await ada.writing.click();
      for (const said of await ada.messages.locator(".bubble").all()) {
        await said.hover();
        expect(await coveredBy(ada)).toBe(0);
      }
    },
  );

  it("new messages slide in, except for users who prefer reduced motion", async () => {
    const ada = await demo.join("Ada", "motion");
    const bo = await demo.join("Bo", "motion", { where: await demo.profile({ reducedMotion: "reduce" }) });
    for (const { page } of [ada, bo]) {
      await page.evaluate(() =>
        document.addEventListener("animationstart", ({ animationName }) => {
          document.body.dataset.animations = animationName;
        }),
      );
    }
    const seen = ({ page }: Visitor) => page.evaluate(() => document.body.dataset.animations);
    await publish(demo.server, "motion", "Moving");
    await expect.poll(() => seen(ada)).toBe("arrive");
    await bo.shows("Moving");
    expect(await seen(bo)).toBeUndefined();
  });

  it("the reading position stays when messages arrive, and the button leads to the end", async () => {
    await publishAll("reading", numbered(1, 40));
    const ada = await demo.join("Ada", "reading");
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
    await publish(demo.server, "reading", "Message 44");
    await expect.poll(async () => (await ada.place("Message 44")).visible).toBe(true);
  });

  it("loading older messages does not move the reading position", async () => {
    await publishAll("older", numbered(1, 120));
    const ada = await demo.join("Ada", "older");
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
