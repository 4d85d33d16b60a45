// Tabs of browsers, each with a real client, in front of the real rules of one room. Nothing moves but by `settle` and
// `pass`. What a tab does that stands still, or is gone, is up to `fake-browser-tabs.ts`.

import { Client, type ClientOptions } from "../../client/core/client.ts";
import type { RoomHandle } from "../../client/room/room-handle.ts";
import type { RoomOptions } from "../../client/room/room-types.ts";
import { sharingOver } from "../../client/tabs/sharing-over.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import { type Permission, PING_FRAME, PONG_FRAME } from "../../src/protocol/index.ts";
import { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import { FakeBrowserTabs, type FakeTab } from "./fake-browser-tabs.ts";
import { type Person, RoomForTest, type RoomTestSettings } from "./room-for-test.ts";

/** A JWT of this user, as the issuer of the tests signs it. */
export const jwtOf = (claims: object): string => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const text = btoa(String.fromCharCode(...bytes));
  return `h.${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`;
};

/** A server may be told that another claim names the user. Without a token it takes nobody. */
function userIn(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const { uid, sub } = JSON.parse(
    atob(String(token.split(".")[1]).replaceAll("-", "+").replaceAll("_", "/")),
  );
  return uid ?? sub;
}

export interface TabOptions extends Partial<ClientOptions> {
  readonly user?: string;
  readonly isVisible?: boolean;
  readonly browser?: FakeBrowserTabs;
  readonly room?: RoomOptions;
}

export class OpenTab {
  readonly tab: FakeTab;
  readonly client: Client;
  readonly room: RoomHandle;
  readonly user: string;
  /** The `seq` of each message that the app heard of. */
  readonly heard: number[] = [];
  readonly states: string[] = [];
  lost = 0;

  constructor(tab: FakeTab, client: Client, user: string, options: RoomOptions | undefined) {
    this.tab = tab;
    this.client = client;
    this.user = user;
    this.room = client.room("lobby", options);
    this.room.on("message", ({ seq }) => this.heard.push(seq));
    this.room.on("state", ({ status }) => this.states.push(status));
    this.room.on("lost", () => {
      this.lost += 1;
    });
  }

  get texts(): unknown[] {
    return this.room.messages.map(({ data }) => data);
  }

  get isLive(): boolean {
    return this.room.state.status === "connected";
  }
}

class TabWire {
  readonly tab: FakeTab;
  readonly socket: FakeSocket;
  readonly #room: RoomForTest;
  readonly #world: Pick<WorldOfTabs, "permission" | "revoked">;
  person: Person | undefined;
  #read = 0;
  #given = 0;
  /** The server has heard of the end, and the client. */
  #isServerDone = false;
  #isClientDone = false;

  constructor(tab: FakeTab, socket: FakeSocket, world: WorldOfTabs) {
    this.tab = tab;
    this.socket = socket;
    this.#room = world.room;
    this.#world = world;
    socket.answersPings = false;
  }

  get isOver(): boolean {
    return this.#isServerDone && this.#isClientDone;
  }

  /** Whether anything moved. */
  exchange(): boolean {
    const before = [this.#read, this.#given, this.person, this.#isServerDone, this.#isClientDone];
    if (this.tab.isGone) this.cut();
    else if (this.#user === undefined) this.end(4401, "unauthorized");
    else if ([this.#user, this.#token].some((one) => this.#world.revoked.has(one ?? "")))
      this.end(4401, "token_expired");
    else if (!this.tab.standsStill) {
      if (this.person === undefined && !this.#isServerDone) this.#arrive(this.#user);
      this.#up();
    }
    this.#down();
    const after = [this.#read, this.#given, this.person, this.#isServerDone, this.#isClientDone];
    return after.some((value, at) => value !== before[at]);
  }

  /** Neither end hears of the other one any more. */
  cut(): void {
    this.#endServer("lost");
    this.#endClient(1006);
  }

  get #token(): string | undefined {
    return this.socket.protocols[1]?.slice("token.".length);
  }

  get #user(): string | undefined {
    return userIn(this.#token);
  }

  /** The server closes it. */
  end(code: number, reason: string): void {
    this.#endServer("lost");
    this.#endClient(code, reason);
  }

  #arrive(user: string): void {
    const { searchParams } = this.socket.url;
    const since = searchParams.get("since");
    const replaces = searchParams.get("replaces");
    const topics = searchParams.get("topics");
    const have = searchParams.get("have");
    this.person = this.#room.connect(user, {
      history: Number(searchParams.get("history") ?? 50),
      permission: this.#world.permission,
      ...(since !== null && { since }),
      ...(replaces !== null && { replaces }),
      ...(topics !== null && { topics: topics.split(",") }),
      ...(have !== null && { have }),
    });
  }

  #up(): void {
    const { texts, closedWith } = this.socket;
    for (; this.#read < texts.length && this.person?.socket.closed === undefined; this.#read++) {
      const text = texts[this.#read] ?? "";
      if (text === PING_FRAME) {
        if (this.person !== undefined) this.person.socket.pingedAt = this.#room.now;
        this.tab.run(() => this.socket.deliverText(PONG_FRAME));
      } else this.person?.say(text);
    }
    if (closedWith === undefined) return;
    this.#endServer(closedWith === 1000 ? "left" : "lost");
    this.#isClientDone = true;
  }

  #down(): void {
    const { frames = [], closed } = this.person?.socket ?? {};
    while (this.#given < frames.length) {
      const text = frames[this.#given++] ?? "";
      if (this.socket.closedWith === undefined && !this.#isClientDone)
        this.tab.run(() => this.socket.deliverText(text));
    }
    if (closed === undefined) return;
    this.#isServerDone = true;
    this.#endClient(closed.code, closed.reason);
  }

  #endServer(departure: "left" | "lost"): void {
    if (this.#isServerDone) return;
    this.#isServerDone = true;
    if (this.person?.socket.closed === undefined) this.person?.leave(departure);
  }

  #endClient(code: number, reason = ""): void {
    if (this.#isClientDone) return;
    this.#isClientDone = true;
    this.tab.run(() => this.socket.end(code, reason));
  }
}

export class WorldOfTabs {
  readonly clock = new FakeClock();
  readonly browser = new FakeBrowserTabs(this.clock);
  readonly room: RoomForTest;
  readonly tabs: OpenTab[] = [];
  readonly wires: TabWire[] = [];
  readonly random: () => number;
  permission: Permission = "write";
  /** Users whose tokens are refused, and single tokens. */
  readonly revoked = new Set<string>();
  #ids = 0;

  constructor(settings: RoomTestSettings = {}, random: () => number = () => 0.5) {
    this.room = new RoomForTest(settings);
    this.random = random;
  }

  open({
    user = "ada",
    isVisible = true,
    browser = this.browser,
    room,
    ...options
  }: TabOptions = {}): OpenTab {
    const tab = browser.open(isVisible);
    const client = new Client(
      {
        url: "https://rooms.example.com",
        getToken: () => jwtOf({ sub: user }),
        log: "off",
        tabs: sharingOver(tab.ports),
        ...options,
      },
      {
        clock: tab.clockOf(this.clock),
        random: this.random,
        newId: () => `id${++this.#ids}`,
        dial: (url, protocols, events) => {
          const socket = new FakeSocket(url, protocols, events);
          this.wires.push(new TabWire(tab, socket, this));
          return socket;
        },
        fetch: () => Promise.reject(new TypeError("no network")),
        onWake: () => () => {},
        onSuspend: () => () => {},
        tabStore: {},
        origin: undefined,
      },
    );
    const opened = new OpenTab(tab, client, user, room);
    this.tabs.push(opened);
    return opened;
  }

  /** As `open`, until it is live. */
  async join(options: TabOptions = {}): Promise<OpenTab> {
    const opened = this.open(options);
    await this.settle();
    return opened;
  }

  get alive(): readonly OpenTab[] {
    return this.tabs.filter(({ tab }) => !tab.isGone);
  }

  /** Everything arrives, and no time passes. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      await this.clock.advance(0);
      this.room.now = this.clock.now();
      const moved = this.wires.map((wire) => wire.exchange());
      this.room.flush();
      await this.clock.advance(0);
      const movedAgain = this.wires.map((wire) => wire.exchange());
      if (![...moved, ...movedAgain].includes(true) && round > 3) return;
    }
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.clock.advance(Math.min(left, 100));
      await this.settle();
    }
  }

  close(): void {
    for (const { client } of this.alive) client.close();
  }
}
