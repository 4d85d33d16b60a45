// What users of a screen reader, of the keyboard, and with weak eyes get from the page.

import { expect, it } from "vitest";
import { lowContrast } from "./contrast.ts";
import { demoForTest, describeInBrowser } from "./demo-for-test.ts";
import { pushVars } from "./push-vars.ts";
import { call, publish } from "./server-code.ts";
import { PHONE, type Visitor } from "./visitor.ts";

describeInBrowser("the demo page for everyone", () => {
  const demo = demoForTest({ vars: pushVars() });

  /** What has the focus: the text of a message, or the role or tag of anything else. */
  const focused = ({ page }: Visitor) =>
    page.evaluate(() => {
      const active = document.activeElement;
      const text = active?.closest(".message")?.querySelector(".text, .gone")?.textContent;
      return text ?? active?.role ?? active?.tagName;
    });

  it("[W30] each message has the name of its sender for screen readers", async () => {
    const ada = await demo.join("Ada", "names");
    const bo = await demo.join("Bo", "names");
    await ada.say("One");
    await ada.say("Two");
    await bo.shows("Two");
    await bo.say("Three");
    await publish(demo.server, "names", "Four");
    await bo.shows("Four");
    const log = await bo.page.getByRole("log").ariaSnapshot();
    for (const [name, text] of [
      ["Ada", "One"],
      ['"Ada:"', "Two"],
      ['"You:"', "Three"],
      ["Server", "Four"],
    ])
      expect(log).toContain(`- text: ${name}\n      - paragraph: ${text}\n`);
  });

  it("[W30] a quote is read aloud as what the message answers, without the marks of its text", async () => {
    const ada = await demo.join("Ada", "quoted");
    await publish(demo.server, "quoted", "Run `npm test` **first**");
    await ada.shows("npm test");
    await ada.act("npm test", "Reply");
    await ada.say("Done");
    await ada.stored("Done");
    await ada.page
      .getByRole("button", { name: "In reply to Server Run npm test first", exact: true })
      .waitFor();
  });

  it("[W30] a deleted message keeps the focus, and one that is gone passes it on", async () => {
    const ada = await demo.join("Ada", "focus");
    await ada.say("First");
    await ada.say("Second");
    await ada.shows("Second");
    await ada.act("First", "Delete");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ada.sees("This message was deleted");
    expect(await focused(ada)).toBe("This message was deleted");

    await ada.say("x".repeat(40_000));
    await ada.sees("This message is too long.");
    await ada.message("This message is too long.").getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => ada.messages.count()).toBe(2);
    expect(await focused(ada)).toBe("Second");
  });

  it.each(["light", "dark"] as const)(
    "[W30] outlines and texts can be seen on a %s page",
    async (colorScheme) => {
      // What still slides in is transparent.
      const where = await demo.profile({ colorScheme, reducedMotion: "reduce" });
      const ada = await demo.join("Ada", `contrast-${colorScheme}`, { where });
      await ada.say("Hello");
      await ada.stored("Hello");
      await ada.act("Hello", "Add a reaction");
      await ada.page.getByRole("button", { name: "Thumbs up" }).click();
      await ada.messages.locator(".chip").click();
      await ada.say("Again");
      await ada.rooms.getByRole("button", { name: "Notification settings" }).click();
      await ada.page.getByRole("dialog", { name: "Notification settings" }).waitFor();
      expect(await lowContrast(ada.page)).toEqual([]);
    },
  );

  it.each(["light", "dark"] as const)(
    "[W30] the words for a removed user can be read on a %s page",
    async (colorScheme) => {
      const room = `removed-${colorScheme}`;
      const ada = await demo.join("Ada", room, {
        where: await demo.profile({ colorScheme, reducedMotion: "reduce" }),
      });
      await ada.say("Hello");
      await ada.stored("Hello");
      await call(demo.server, "POST", `/v1/rooms/${room}/kick`, { user: "ada", banSeconds: 60 });
      await ada.sees("You were removed from this room");
      expect(await lowContrast(ada.page)).toEqual([]);
    },
  );

  it("[W54] with text of twice the size a phone shows the name of the room and all of the composer", async () => {
    const where = await demo.profile(PHONE);
    await where.addInitScript(() =>
      addEventListener("DOMContentLoaded", () => {
        document.documentElement.style.fontSize = "200%";
      }),
    );
    const ada = await demo.join("Ada", "large-text", { where, as: "moderate" });
    await ada.say("Hello");
    await ada.shows("Hello");
    expect(await ada.overflows()).toBe(false);
    const width = async (part: string) => (await ada.page.locator(part).boundingBox())?.width ?? 0;
    expect(await width(".title h1")).toBeGreaterThan(150);
    expect(await width(".composer textarea")).toBeGreaterThan(250);
    await ada.page.getByRole("button", { name: /^Rooms/ }).click();
    await ada.rooms.getByRole("button", { name: "Notification settings" }).click();
    await ada.page.getByRole("textbox", { name: "Muted rooms" }).waitFor();
    for (const input of await ada.page.locator(".adding input").all())
      expect((await input.boundingBox())?.width).toBeGreaterThan(150);
  });

  it("[W54] where the system chooses the colors, buttons, switches and the current room still show", async () => {
    const ada = await demo.join("Ada", "forced", { where: await demo.profile({ forcedColors: "active" }) });
    await ada.rooms.getByRole("button", { name: "Notification settings" }).click();
    await ada.page.getByRole("switch", { name: "Quiet hours" }).waitFor();
    const shown = await ada.page.evaluate(() => {
      const style = (selector: string, before?: string) => {
        const element = document.querySelector(selector);
        if (element === null) throw new Error(`There is no ${selector}.`);
        return getComputedStyle(element, before);
      };
      return {
        room: style(".room-list .current").outlineStyle,
        send: style(".send").borderTopStyle,
        done: style(".choices .primary").borderTopStyle,
        switch: style(".switch input").borderTopStyle,
        knob: style(".switch input", "::before").backgroundColor !== style(".switch input").backgroundColor,
        face: style(".me .avatar").backgroundColor !== style(".me").backgroundColor,
      };
    });
    const solid = "solid";
    expect(shown).toEqual({ room: solid, send: solid, done: solid, switch: solid, knob: true, face: true });
  });
});
