// A real client of the Worker of this test, in one room, over whatever carries its frames. A further way is a line of
// `WAYS`.

import { expect, onTestFinished } from "vitest";
import { Client, type ClientOptions } from "../../../client/core/client.ts";
import type { RoomHandle } from "../../../client/room/room-handle.ts";
import type { RoomOptions } from "../../../client/room/room-types.ts";
import { sharedRoom } from "../../../client/session/shared-room.ts";
import { sharingOver } from "../../../client/tabs/sharing-over.ts";
import type { Ports } from "../../../client/util/ports.ts";
import { FakeBrowserTabs, type FakeTab } from "../../support/fake-browser-tabs.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { until } from "../../support/until.ts";
import { clientPorts, workerDial } from "./client-ports.ts";
import { type TokenOptions, tokenFor } from "./worker.ts";

export const WAYS = [
  { way: "a socket of its own", isShared: false, polling: "never", hasTabs: false },
  { way: "a session", isShared: true, polling: "never", hasTabs: false },
  { way: "calls", isShared: false, polling: "always", hasTabs: false },
  { way: "a session over calls", isShared: true, polling: "always", hasTabs: false },
  { way: "the socket of another tab", isShared: false, polling: "never", hasTabs: true },
  { way: "the session of another tab", isShared: true, polling: "never", hasTabs: true },
  { way: "the calls of another tab", isShared: false, polling: "always", hasTabs: true },
] as const;

export type Way = (typeof WAYS)[number];

export class Guest {
  readonly client: Client;
  readonly room: RoomHandle;
  readonly received: unknown[] = [];
  readonly states: string[] = [];
  readonly #tabs: TabsOfGuest | undefined;

  constructor(way: Way, name: string, user: string, options: GuestOptions = {}) {
    const { token, room, fetch, clock, ...others } = options;
    const getToken = () => tokenFor(user, token);
    const { polling } = way;
    const ports = { ...clientPorts(workerDial), ...(fetch && { fetch }), ...(clock && { clock }) };
    const open = (tab?: FakeTab) => {
      const tabs = tab && sharingOver(tab.ports);
      const given = { url: "https://rooms.test", getToken, polling, log: "off", tabs, ...others } as const;
      const client = new Client(given, tab === undefined ? ports : portsOf(tab, ports));
      onTestFinished(() => client.close());
      return client;
    };
    if (way.hasTabs) {
      const browser = new FakeBrowserTabs(ports.clock);
      const openOther = () => {
        const tab = browser.open();
        // It is itself in another room.
        open(tab).room(`${name}_of_the_holder`);
        return tab;
      };
      // The first one holds the connections.
      const other = openOther();
      const own = browser.open();
      this.#tabs = new TabsOfGuest(own, other, openOther);
      this.client = open(own);
    } else this.client = open();
    this.room = way.isShared ? sharedRoom(this.client, name, room) : this.client.room(name, room);
    this.room.on("message", ({ data }) => this.received.push(data));
    this.room.on("state", ({ status }) => this.states.push(status));
  }

  async live(): Promise<this> {
    await until(() => expect(this.room.state.status).toBe("connected"));
    return this;
  }

  /** Another tab takes over, if this way has tabs: the holder dies, or stands still for a moment with or without a word. */
  async takeOver(random: SeededRandom): Promise<void> {
    await this.#tabs?.takeOver(random);
  }

  get members(): string[] {
    return this.room.members.map(({ id }) => id).sort();
  }
}

export interface GuestOptions extends Partial<ClientOptions> {
  readonly token?: TokenOptions;
  readonly room?: RoomOptions;
  readonly fetch?: Ports["fetch"];
  readonly clock?: Ports["clock"];
}

/** Ports of a page: what comes while it stands still is handled later, and what comes once it is gone never. */
const portsOf = (tab: FakeTab, ports: Ports): Ports => ({
  ...ports,
  clock: tab.clockOf(ports.clock),
  dial: (url, protocols, events) => {
    const socket = ports.dial(url, protocols, {
      onOpen: () => tab.run(events.onOpen),
      onText: (text) => tab.run(() => events.onText(text)),
      onClose: (code, reason) => tab.run(() => events.onClose(code, reason)),
    });
    // The browser ends what a page had that is gone.
    tab.onGone(() => socket.close(4_000));
    return {
      send: (text) => tab.isGone || socket.send(text),
      close: (code) => tab.isGone || socket.close(code),
    };
  },
});

class TabsOfGuest {
  readonly #own: FakeTab;
  readonly #openOther: () => FakeTab;
  #other: FakeTab;

  constructor(own: FakeTab, other: FakeTab, openOther: () => FakeTab) {
    this.#own = own;
    this.#other = other;
    this.#openOther = openOther;
  }

  async takeOver(random: SeededRandom): Promise<void> {
    const roll = random.next();
    const pause = () => scheduler.wait(random.upTo(30));
    if (roll < 0.4) {
      this.#other.close();
      await pause();
      this.#other = this.#openOther();
    } else {
      const tab = roll < 0.7 ? this.#own : this.#other;
      tab.freeze(random.next() < 0.7);
      await pause();
      tab.resume();
    }
  }
}
