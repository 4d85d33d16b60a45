// A browser and a server for the tests of one `describe`, and the users who open the demo page there.

import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, type ServerOptions, startServer } from "../support/local-server.ts";
import { Visitor } from "./visitor.ts";

/** For a poll with several windows on a busy machine. */
export const SOON = { timeout: 45_000 };

/** Skipped where no Chromium is installed. */
export const describeInBrowser = describe.skipIf(chromiumPath === undefined);

interface DemoOptions extends ServerOptions {
  /** The tests go on where the last one ended: pages stay open, and their faults are reported at the end. */
  readonly keepPages?: boolean;
  /** In the whole browser: its headless shell permits no notifications. */
  readonly isWhole?: boolean;
}

interface JoinOptions {
  /** By default a browser profile of its own. */
  readonly where?: BrowserContext;
  readonly as?: "guest" | "moderate";
}

/** Called in a `describe`. After each test the pages are closed, and a fault on one of them fails the test. */
export function demoForTest({ keepPages = false, ...options }: DemoOptions = {}): DemoForTest {
  const demo = new DemoForTest();
  beforeAll(() => demo.start(options));
  afterAll(() => demo.stop());
  if (!keepPages) afterEach(() => demo.closePages());
  return demo;
}

class DemoForTest {
  #browser: Browser | undefined;
  #server: LocalServer | undefined;
  #contexts: BrowserContext[] = [];
  #visitors: Visitor[] = [];

  get browser(): Browser {
    return started(this.#browser);
  }

  get server(): LocalServer {
    return started(this.#server);
  }

  async start({ isWhole = false, ...options }: Omit<DemoOptions, "keepPages">): Promise<void> {
    [this.#browser, this.#server] = await Promise.all([launchChromium({ isWhole }), startServer(options)]);
  }

  async stop(): Promise<void> {
    try {
      if (this.#browser) await this.closePages();
    } finally {
      await this.#browser?.close();
      await this.#server?.stop();
    }
  }

  /** Fails if a script of a page failed, or its policy blocked something. */
  async closePages(): Promise<void> {
    const faults = this.#visitors.flatMap((visitor) => visitor.faults);
    const contexts = this.#contexts;
    this.#visitors = [];
    this.#contexts = [];
    await Promise.all(contexts.map((context) => context.close()));
    expect(faults).toEqual([]);
  }

  /** A browser profile: its tabs have one storage. */
  async profile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext(options);
    this.#contexts.push(context);
    return context;
  }

  /** The page at `path` of the server, or at a whole address. */
  open(path: string, where?: BrowserContext): Promise<Visitor> {
    const url = URL.canParse(path) ? path : this.server.url + path;
    return this.#track(where, (context) => Visitor.open(context, url));
  }

  join(name: string, room: string, { where, as }: JoinOptions = {}): Promise<Visitor> {
    return this.#track(where, (context) => Visitor.join(context, this.server.url, name, room, as));
  }

  async #track(where: BrowserContext | undefined, open: (context: BrowserContext) => Promise<Visitor>) {
    const visitor = await open(where ?? (await this.profile()));
    this.#visitors.push(visitor);
    return visitor;
  }
}

function started<T>(made: T | undefined): T {
  if (made === undefined) throw new Error("The demo has not started yet.");
  return made;
}
