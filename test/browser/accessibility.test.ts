// What users of a screen reader, of the keyboard, and with weak eyes get from the page.

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { publish } from "./server-code.ts";
import { Visitor } from "./visitor.ts";

describe.skipIf(chromiumPath === undefined)("the demo page for everyone", () => {
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

  /** What has the focus: the text of a message, or the role or tag of anything else. */
  const focused = ({ page }: Visitor) =>
    page.evaluate(() => {
      const active = document.activeElement;
      const text = active?.closest(".message")?.querySelector(".text, .gone")?.textContent;
      return text ?? active?.role ?? active?.tagName;
    });

  it("[W30] each message has the name of its sender for screen readers", async () => {
    const ada = await join("Ada", "names");
    const bo = await join("Bo", "names");
    await ada.say("One");
    await ada.say("Two");
    await bo.shows("Two");
    await bo.say("Three");
    await publish(server, "names", "Four");
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

  it("[W30] a deleted message keeps the focus, and one that is gone passes it on", async () => {
    const ada = await join("Ada", "focus");
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

  it.each(["light", "dark"] as const)("[W30] outlines can be seen on a %s page", async (colorScheme) => {
    const ada = await join("Ada", `contrast-${colorScheme}`);
    await ada.page.emulateMedia({ colorScheme });
    await ada.say("Hello");
    await ada.act("Hello", "Add a reaction");
    await ada.page.getByRole("button", { name: "Thumbs up" }).click();
    await ada.messages.locator(".chip").click();
    await ada.say("Again");
    await ada.page.getByRole("button", { name: "Settings", exact: true }).click();
    await ada.page.getByRole("dialog", { name: "Notification settings" }).waitFor();
    const low = await ada.page.evaluate(() => {
      const drawing = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      if (drawing === null) throw new Error("There is no canvas.");
      /** The colors above one another, each possibly transparent. */
      const luminance = (colors: readonly string[]) => {
        drawing.clearRect(0, 0, 1, 1);
        for (const color of colors) {
          drawing.fillStyle = color;
          drawing.fillRect(0, 0, 1, 1);
        }
        const [red = 0, green = 0, blue = 0] = Array.from(drawing.getImageData(0, 0, 1, 1).data, (byte) => {
          const part = byte / 255;
          return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const behind = (element: Element | null): string[] =>
        element === null ? [] : [...behind(element.parentElement), getComputedStyle(element).backgroundColor];
      const outlines: Readonly<Record<string, "borderTopColor" | "backgroundColor">> = {
        ".composer": "borderTopColor",
        ".join-other > div": "borderTopColor",
        ".chip, .chip-add": "borderTopColor",
        ".switch input:not(:checked)": "backgroundColor",
        ".settings input[type=time]": "borderTopColor",
      };
      return Object.entries(outlines).flatMap(([selector, property]) =>
        [...document.querySelectorAll(selector)].flatMap((element) => {
          const around = behind(element.parentElement);
          const pair = [luminance(around), luminance([...around, getComputedStyle(element)[property]])];
          const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
          return contrast < 3 ? [`${selector}: ${contrast}`] : [];
        }),
      );
    });
    expect(low).toEqual([]);
  });
});
