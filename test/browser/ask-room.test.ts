// "Ask the room": the toy model of the page answers, and the answer grows in every window.

import type { BrowserContext, BrowserContextOptions } from "playwright-core";
import { expect, it } from "vitest";
import { BlockingProxy } from "../e2e/support/blocking-proxy.ts";
import { lowContrast } from "./contrast.ts";
import { demoForTest, describeInBrowser, SOON } from "./demo-for-test.ts";
import { call, publish, storedTexts } from "./server-code.ts";
import { PHONE, Visitor } from "./visitor.ts";

const STORY = "Tell me a long story";
const CHAPTERS = /CHAPTERS = .*;/;
/** The shortest that a server takes. */
const SILENCE_S = 5;

describeInBrowser("asking the room on the demo page", () => {
  const demo = demoForTest({
    vars: { STREAM_TIMEOUT_SECONDS: SILENCE_S, RECONNECT_MIN_MS: 100, RECONNECT_MAX_MS: 500 },
  });

  /** Of an asker: the long story is ten times as long, so that it does not end before a busy machine has looked at it. */
  async function askersProfile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const where = await demo.profile(options);
    await where.route("**/ask/toy-model.js", async (route) => {
      const response = await route.fetch();
      const source = await response.text();
      expect(source).toMatch(CHAPTERS);
      await route.fulfill({
        response,
        body: source.replace(CHAPTERS, 'CHAPTERS = Array(50).fill("Next. ");'),
      });
    });
    return where;
  }

  async function ask(visitor: Visitor, question: string): Promise<void> {
    await visitor.writing.fill(question);
    await visitor.press("Ask the room");
  }

  const answer = ({ messages }: Visitor) => messages.filter({ hasText: "Toy model, asked by" }).last();
  const textOf = (visitor: Visitor) => answer(visitor).locator(".text").innerText();
  const outcome = (visitor: Visitor) => answer(visitor).locator(".outcome");
  const stop = (visitor: Visitor) => answer(visitor).getByRole("button", { name: "Stop" });

  /** Until the answer has at least so many characters. */
  const grown = (visitor: Visitor, length: number) =>
    expect.poll(async () => (await textOf(visitor)).length, SOON).toBeGreaterThanOrEqual(length);

  /** A profile whose user may only read. */
  async function readersProfile() {
    const body = { user: "cy", name: "Cy", rooms: { "*": "read" } };
    const { token } = await call<{ token: string }>(demo.server, "POST", "/v1/tokens", body);
    const where = await demo.profile();
    await where.route("**/dev/token?*", (route) => route.fulfill({ json: { token } }));
    return where;
  }

  /** Notes each text that an open answer has, and each row that is put into the list. */
  const watch = ({ page }: Visitor) =>
    page.evaluate(() => {
      const seen = { texts: [] as string[], rows: [] as string[] };
      Object.assign(window, { seen });
      const list = document.querySelector(".messages");
      if (list === null) throw new Error("There is no list.");
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes)
          if (target === list)
            for (const node of addedNodes)
              if (node instanceof Element && node.matches(".message")) seen.rows.push(node.className);
        const text = list.querySelector(".message.open .text")?.textContent;
        if (text !== undefined && text !== null && text !== seen.texts.at(-1)) seen.texts.push(text);
      }).observe(list, { childList: true, subtree: true, characterData: true });
    });
  const watched = ({ page }: Visitor) =>
    page.evaluate(() => (window as unknown as { seen: { texts: string[]; rows: string[] } }).seen);

  it("[W91][W92][W93] the answer grows in both windows, is whole in both, and no other row is rendered for it", async () => {
    const ada = await demo.join("Ada", "ask");
    const bo = await demo.join("Bo", "ask");
    const errors: string[] = [];
    for (const { page } of [ada, bo])
      page.on("console", (entry) => entry.type() === "error" && errors.push(entry.text()));
    await bo.say("Lunch at noon?");
    await ada.shows("Lunch at noon?");
    for (const visitor of [ada, bo]) await watch(visitor);
    await ask(ada, "What was said last?");
    await bo.shows("What was said last?");
    for (const visitor of [ada, bo]) {
      await expect.poll(() => outcome(visitor).innerText(), SOON).toBe("Complete");
      expect(await textOf(visitor)).toMatch(/^Bo said last: “Lunch at noon\?”\. .*toy model/);
      expect(await answer(visitor).locator(".quote").innerText()).toMatch(/What was said last\?$/);
    }
    expect(await textOf(bo)).toBe(await textOf(ada));
    expect(await storedTexts(demo.server, "ask")).toContain(await textOf(ada));
    expect(await answer(ada).locator(".sender").innerText()).toBe("Toy model, asked by you");
    expect(await answer(bo).locator(".sender").innerText()).toBe("Toy model, asked by Ada");

    const { texts, rows } = await watched(bo);
    const whole = await textOf(bo);
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) expect(whole.startsWith(text)).toBe(true);
    expect(texts.map(({ length }) => length)).toEqual(
      texts.map(({ length }) => length).sort((a, b) => a - b),
    );
    // The question, the answer as it opened, and the answer as it ended.
    expect(rows.filter((row) => row.includes("open"))).toHaveLength(1);
    expect(rows.length).toBeLessThanOrEqual(3);
    expect(errors).toEqual([]);
  });

  it("[W91][W94][W95] is asked and stopped with the keyboard; who reloads in the middle has all of it, once", async () => {
    const room = "stop";
    const ada = await demo.join("Ada", room, { where: await askersProfile() });
    const bo = await demo.join("Bo", room);
    const cy = await demo.join("Cy", room, { where: await readersProfile() });
    expect(await cy.page.getByRole("button", { name: "Ask the room" }).isDisabled()).toBe(true);
    await ada.writing.fill(STORY);
    await ada.page.keyboard.press("Tab");
    await ada.page.keyboard.press("Enter");
    await grown(bo, 40);
    expect(await answer(ada).locator(".writing").innerText()).toBe("Writing…");
    await answer(ada).hover();
    await ada.page.getByRole("toolbar").getByRole("button", { name: "Reply" }).waitFor();
    expect(await ada.page.getByRole("button", { name: "Edit", exact: true }).isVisible()).toBe(false);

    const before = await textOf(bo);
    await bo.page.reload();
    await answer(bo).waitFor();
    const after = await textOf(bo);
    expect(after.startsWith(before)).toBe(true);
    await grown(bo, after.length + 20);
    await grown(cy, 20);
    expect(await stop(cy).count()).toBe(0);
    await stop(bo).focus();
    await bo.page.keyboard.press("Enter");
    for (const [visitor, words] of [
      [bo, "Stopped by you"],
      [ada, "Stopped by Bo"],
      [cy, "Stopped by Bo"],
    ] as const) {
      await expect.poll(() => outcome(visitor).innerText(), SOON).toBe(words);
      expect(await storedTexts(demo.server, room)).toEqual([STORY, await textOf(visitor)]);
      expect(await visitor.messages.count()).toBe(2);
      expect(await stop(visitor).count()).toBe(0);
    }
  });

  it("[W91][W94] works over long polling, and in another tab of the user who asked", async () => {
    const proxy = await BlockingProxy.start("refuses upgrades", demo.server.port);
    try {
      const where = await askersProfile();
      const ada = await Visitor.join(where, proxy.url, "Ada", "polled");
      const tab = await Visitor.join(where, proxy.url, "Ada", "polled");
      const bo = await demo.join("Bo", "polled");
      await ask(ada, STORY);
      for (const visitor of [bo, tab]) await grown(visitor, 40);
      await stop(tab).click();
      for (const visitor of [ada, tab])
        await expect.poll(() => outcome(visitor).innerText(), SOON).toBe("Stopped by you");
      await expect.poll(() => outcome(bo).innerText(), SOON).toBe("Stopped by Ada");
      for (const visitor of [ada, tab]) expect(await textOf(visitor)).toBe(await textOf(bo));
    } finally {
      await proxy.close();
    }
  });

  it("[W92] a reader at the end stays at the end, and one who has scrolled up stays there", async () => {
    const small = { viewport: { width: 1_000, height: 420 } };
    const ada = await demo.join("Ada", "scroll-answer", { where: await askersProfile(small) });
    const bo = await demo.join("Bo", "scroll-answer", { where: await demo.profile(small) });
    for (let at = 1; at <= 20; at++) await publish(demo.server, "scroll-answer", `Message ${at}`);
    await bo.shows("Message 20");
    await bo.page.getByText("Message 10", { exact: true }).evaluate((message) => {
      message.scrollIntoView({ block: "center" });
    });
    await ask(ada, STORY);
    // The answer quotes the question, and may be there too.
    await expect.poll(() => bo.message(STORY).count(), SOON).toBeGreaterThanOrEqual(1);
    const before = await bo.place("Message 10");
    // Some lines of it.
    await grown(ada, 200);
    await expect.poll(() => stop(ada).evaluate(isInView), SOON).toBe(true);
    await grown(bo, 200);
    expect(Math.abs((await bo.place("Message 10")).top - before.top)).toBeLessThan(2);
    await stop(ada).click();
    await expect.poll(() => outcome(ada).innerText(), SOON).toBe("Stopped by you");
    expect(await outcome(ada).evaluate(isInView)).toBe(true);
    expect(Math.abs((await bo.place("Message 10")).top - before.top)).toBeLessThan(2);
  });

  it("[W95][W96] goes on while its asker is in another room, and is interrupted when they close the page", async () => {
    const ada = await demo.join("Ada", "closed", { where: await askersProfile() });
    const bo = await demo.join("Bo", "closed");
    await ask(ada, STORY);
    await grown(bo, 1);
    await ada.open("elsewhere");
    await grown(bo, (await textOf(bo)).length + 40);
    await ada.page.close();
    await expect.poll(() => outcome(bo).innerText(), { timeout: 20_000 }).toBe("Interrupted");
    expect((await textOf(bo)).length).toBeGreaterThan(40);
    expect(await storedTexts(demo.server, "closed")).toEqual([STORY, await textOf(bo)]);
  });

  it.each(["light", "dark"] as const)(
    "[W11][W30][W93] fits on a %s phone, and can be read, while it grows and when it has ended",
    async (colorScheme) => {
      const where = await askersProfile({ ...PHONE, colorScheme, reducedMotion: "reduce" });
      const ada = await demo.join("Ada", `small-${colorScheme}`, { where });
      await ada.press("Ask the room");
      await ada.sees(/^“Ask the room”: a toy model in this page answers\./);
      await ask(ada, STORY);
      await grown(ada, 60);
      expect(await answer(ada).getAttribute("aria-live")).toBe("off");
      expect(await ada.overflows()).toBe(false);
      expect(await ada.tooSmall()).toEqual([]);
      expect(await lowContrast(ada.page)).toEqual([]);
      await stop(ada).click();
      await expect.poll(() => outcome(ada).innerText(), SOON).toBe("Stopped by you");
      expect(await answer(ada).getAttribute("aria-live")).toBe(null);
      expect(await lowContrast(ada.page)).toEqual([]);
    },
  );
});

function isInView(element: Element): boolean {
  const frame = element.closest('[role="log"]')?.getBoundingClientRect();
  const { top, bottom } = element.getBoundingClientRect();
  return frame !== undefined && top >= frame.top && bottom <= frame.bottom;
}
