// A user of the demo page: what they do and see.

import type { Browser, BrowserContext, Locator, Page } from "playwright-core";

const PATIENCE_MS = 45_000;

/** A small one. */
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

export class Visitor {
  readonly page: Page;
  /** Scripts that failed, and what the page's own policy blocked. */
  readonly faults: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.faults.push(String(error.stack)));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.faults.push(message.text());
    });
  }

  /** Opens the page with a browser profile of its own, or as another tab of a profile. */
  static async open(where: Browser | BrowserContext, url: string): Promise<Visitor> {
    const visitor = new Visitor(await where.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  static async join(
    where: Browser | BrowserContext,
    server: string,
    name: string,
    room: string,
    as: "guest" | "moderate" = "guest",
  ) {
    const visitor = await Visitor.open(where, `${server}/?room=${room}&as=${as}`);
    await visitor.page.getByLabel("Your name").fill(name);
    await visitor.press("Join room");
    await visitor.connected();
    return visitor;
  }

  get messages(): Locator {
    return this.page.getByRole("log").locator(".message");
  }

  get members(): Locator {
    return this.page.getByRole("complementary", { name: "People in this room" }).getByRole("listitem");
  }

  get rooms(): Locator {
    return this.page.getByRole("complementary", { name: "Rooms", exact: true });
  }

  get bell(): Locator {
    return this.page.getByRole("button", { name: /^Notifications/ });
  }

  get writing(): Locator {
    return this.page.getByRole("textbox", { name: "Message", exact: true });
  }

  connected(): Promise<void> {
    return this.sees("Connected");
  }

  press(button: string | RegExp): Promise<void> {
    return this.page.getByRole("button", { name: button }).click();
  }

  async say(text: string): Promise<void> {
    await this.writing.fill(text);
    await this.writing.press("Enter");
  }

  sees(text: string | RegExp): Promise<void> {
    return this.page.getByText(text, { exact: true }).first().waitFor();
  }

  seesNoMore(text: string | RegExp): Promise<void> {
    return this.page.getByText(text, { exact: true }).first().waitFor({ state: "hidden" });
  }

  shows(text: string): Promise<void> {
    return this.messages.getByText(text, { exact: true }).first().waitFor();
  }

  /** Until an own message is stored. */
  stored(text: string): Promise<void> {
    return this.message(text).locator(".time", { hasNotText: "Sending" }).waitFor();
  }

  message(text: string): Locator {
    return this.messages.filter({ hasText: text });
  }

  /** The buttons in the toolbar of a message. */
  async act(text: string, button: string): Promise<void> {
    await this.message(text).first().hover();
    const toolbar = this.page.getByRole("toolbar", { name: "Message actions" });
    await toolbar.getByRole("button", { name: button }).click();
  }

  member(name: string): Locator {
    return this.members.filter({ hasText: name });
  }

  /** The rooms in the side bar. */
  room(name: string): Locator {
    return this.rooms.getByRole("link", { name: new RegExp(`^${name}(,|$)`) });
  }

  /** Opens a room that is in the side bar, or by its name. */
  async open(room: string): Promise<void> {
    if (await this.room(room).isVisible()) await this.room(room).click();
    else {
      const field = this.page.getByRole("textbox", { name: "Join another room" });
      await field.fill(room);
      await field.press("Enter");
    }
    await this.page.getByRole("heading", { name: room, exact: true }).waitFor();
    await this.connected();
  }

  /** The entries in the menu of a room in the side bar. */
  async chooseIn(room: string, item: string): Promise<void> {
    // Only the tab in front is drawn, and only there a pointer reliably hits its target.
    await this.page.bringToFront();
    await this.room(room).hover();
    await this.rooms.getByRole("button", { name: `Options for ${room}`, exact: true }).click();
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  /** Whether anything is wider than the window. */
  overflows(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  }

  /** Buttons without a name, or under 32 px. */
  tooSmall(): Promise<string[]> {
    return this.page.getByRole("button").evaluateAll((buttons) =>
      buttons
        .map((button) => ({
          rect: button.getBoundingClientRect(),
          name: button.ariaLabel ?? button.textContent,
        }))
        // In a drawer that still moves, 32 px are measured as 31.99998.
        .filter(({ rect, name }) => !name || Math.round(rect.width) < 32 || Math.round(rect.height) < 32)
        .map(({ rect, name }) => `${name}: ${rect.width} × ${rect.height}`),
    );
  }

  /** Hides the page as another tab or window in front of it does. */
  look(looks: boolean): Promise<void> {
    return this.page.evaluate((looks) => {
      const state = looks ? "visible" : "hidden";
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.hasFocus = () => looks;
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, looks);
  }

  /** Where on the screen a message is, and whether all of it is visible. */
  place(text: string): Promise<{ top: number; visible: boolean }> {
    return this.messages
      .getByText(text, { exact: true })
      .first()
      .evaluate((message) => {
        const { top, bottom } = message.getBoundingClientRect();
        const frame = message.closest('[role="log"]')?.getBoundingClientRect();
        return { top, visible: frame !== undefined && top >= frame.top && bottom <= frame.bottom };
      });
  }
}
