// One round: people with devices on every way, each behind a network of its own, server code, and a server that can be killed.
// What is done is chosen from a seed; when it takes effect is up to the machine.

import { MemoryStorage } from "../../client/offline/memory-storage.ts";
import { createServerApi } from "../../client/server/index.ts";
import { systemClock } from "../../client/util/system-clock.ts";
import { Network } from "../e2e/support/network.ts";
import { API_KEY } from "../e2e/support/world.ts";
import { FakeBrowserTabs, type FakeTab } from "../support/fake-browser-tabs.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import { Device, WAYS, type Way } from "./device.ts";
import type { History } from "./history.ts";
import type { KilledServer } from "./killed-server.ts";
import { ServerCode } from "./server-code.ts";

const [SOCKETS, SESSION, CALLS, SESSION_OVER_CALLS, ANY] = WAYS;

interface Place {
  readonly user: string;
  readonly way: Way;
  readonly permission?: "read";
  readonly hasTabs?: boolean;
  readonly isOffline?: boolean;
}

/** Who is there. Several places of one user are several devices or, with `hasTabs`, tabs of one browser. */
const PLACES: readonly Place[] = [
  { user: "ada", way: SOCKETS },
  { user: "ada", way: SESSION },
  { user: "bo", way: SESSION },
  { user: "cy", way: CALLS },
  { user: "di", way: SESSION_OVER_CALLS },
  { user: "ed", way: SOCKETS, hasTabs: true },
  { user: "ed", way: SESSION, hasTabs: true },
  { user: "ed", way: SOCKETS, hasTabs: true },
  { user: "fay", way: SOCKETS, isOffline: true },
  { user: "gus", way: ANY },
  { user: "max", way: SOCKETS, permission: "read" },
];

/** A place with the device that is there now: it may be closed, and another one comes. */
export class Seat {
  readonly place: Place;
  readonly network: Network;
  readonly #world: World;
  readonly #storage: MemoryStorage | undefined;
  tab: FakeTab | undefined;
  device: Device;

  constructor(world: World, place: Place, network: Network) {
    this.#world = world;
    this.place = place;
    this.network = network;
    this.#storage = place.isOffline ? new MemoryStorage() : undefined;
    this.device = this.#open();
  }

  /** Its client ends, in the way in which such a client does, and a new one takes its place. */
  replace(): void {
    const { device, tab, network } = this;
    if (tab !== undefined) {
      // Killed: it says nothing to the other tabs, and its sockets are gone.
      tab.close();
      network.cut("rst");
    }
    device.recordKept();
    device.close();
    this.device = this.#open();
  }

  #open(): Device {
    const { place, network } = this;
    const { user, way, permission = "write" } = place;
    const { rooms, history, browser } = this.#world;
    this.tab = place.hasTabs ? browser.open() : undefined;
    const name = `${user}-${this.#world.nextName()}`;
    const device = { name, user, way, permission, url: network.url, rooms, history } as const;
    return new Device({ ...device, tab: this.tab, storage: this.#storage });
  }
}

export class World {
  readonly history: History;
  readonly browser = new FakeBrowserTabs(systemClock);
  readonly server: KilledServer;
  readonly rooms: readonly string[];
  readonly random: SeededRandom;
  readonly seats: Seat[] = [];
  readonly tally = { kills: 0, cuts: 0 };
  serverCode: ServerCode;
  readonly #prefix: string;
  #serverNetwork: Network | undefined;
  #names = 0;
  #texts = 0;

  private constructor(server: KilledServer, history: History, prefix: string, random: SeededRandom) {
    this.server = server;
    this.history = history;
    this.random = random;
    this.#prefix = prefix;
    this.rooms = [`${prefix}_long`, `${prefix}_short`];
    this.serverCode = new ServerCode(server.url, this.history);
  }

  /** `prefix`: of its rooms and users, as the server has those of other rounds. */
  static async open(
    server: KilledServer,
    history: History,
    prefix: string,
    random: SeededRandom,
  ): Promise<World> {
    const world = new World(server, history, prefix, random);
    const network = await Network.to(server.port);
    world.#serverNetwork = network;
    world.serverCode = new ServerCode(network.url, world.history);
    // Its readers lose messages now and then, and must be told so.
    const [, short = ""] = world.rooms;
    const api = createServerApi({ url: server.url, apiKey: API_KEY });
    await api.room(short).setSettings({ historyLimit: 15 + random.upTo(60) });
    for (const place of PLACES) {
      const own = { ...place, user: world.userOf(place.user) };
      world.seats.push(new Seat(world, own, await Network.to(server.port)));
    }
    return world;
  }

  userOf(name: string): string {
    return `${this.#prefix}_${name}`;
  }

  get users(): readonly string[] {
    return [...new Set(this.seats.map(({ place }) => place.user))];
  }

  get networks(): readonly Network[] {
    const networks = this.seats.map(({ network }) => network);
    return this.#serverNetwork === undefined ? networks : [...networks, this.#serverNetwork];
  }

  get hasWaiting(): boolean {
    return this.serverCode.hasWaiting || this.seats.some(({ device }) => device.hasWaiting);
  }

  nextName(): number {
    return ++this.#names;
  }

  nextText(): string {
    return `t${++this.#texts}`;
  }

  did(what: string): void {
    this.history.add({ is: "did", what });
  }

  /** Nothing is left running but the server. */
  async close(): Promise<void> {
    this.serverCode.stop();
    for (const { device } of this.seats) device.close();
    await Promise.all(this.networks.map((network) => network.close()));
  }
}
