// Tabs of two users that share one storage, over a network and a storage that fail at every point, by chance: writes fail or
// are done and not told, the disk is full for a while, tabs die, stand still and wake, connections break off, the room sleeps. To add an event, add a
// line in `#step`.

import { Client } from "../../../../client/core/client.ts";
import { type ClientOutbox, clientOutbox, keepOffline } from "../../../../client/offline/index.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import { seededRandom } from "../../../../client/testing/seeded-random.ts";
import { FakeClock } from "../../../../client/testing/time/fake-clock.ts";
import { type DiskTab, SharedDisk, type WriteFate } from "../../../support/shared-disk.ts";
import { FakeRoom } from "./fake-room.ts";
import { type FakeSocket, FakeSockets } from "./fake-sockets.ts";

const STEPS = 90;
const MOST_TABS = 4;
const USERS = ["usr_0", "usr_1"];
const FATES: readonly WriteFate[] = ["failed", "untold"];

type Connection = FakeRoom["connections"][number];

/** One tab, with a clock that stands still with it. */
export interface SimulatedTab {
  readonly user: string;
  readonly storage: DiskTab;
  readonly clock: FakeClock;
  readonly sockets: FakeSockets;
  readonly client: Client;
  readonly room: RoomHandle;
  readonly outbox: ClientOutbox;
  stands: boolean;
}

export class OfflineSimulation {
  readonly disk = new SharedDisk();
  readonly server: FakeRoom;
  readonly tabs: SimulatedTab[] = [];
  /** Every text that was sent, and by whom. */
  readonly sent = new Map<string, string>();
  /** The texts that an app was shown as kept. */
  readonly kept = new Set<string>();
  /** The texts whose `send` resolved. */
  readonly resolved = new Set<string>();
  readonly tally = { killed: 0, froze: 0, faults: 0, lost: 0 };
  /** Connections that are gone, of which something may still arrive. */
  readonly #ghosts: Connection[] = [];
  readonly #random: () => number;
  #faulty = true;
  #sayings = 0;
  #opened = 0;

  readonly #evicts: boolean;

  /** `evicts`: the browser removes all that is kept, now and then. */
  constructor(seed: number, evicts = false) {
    this.#evicts = evicts;
    this.#random = seededRandom(seed);
    this.disk.fate = () => this.#fate();
    this.server = new FakeRoom("lobby", { refuse: () => this.#refusal(), skip: () => false }, 10_000);
  }

  async run(): Promise<void> {
    this.#open(USERS[0]);
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      await this.#settle();
      this.#look();
    }
    await this.#heal();
  }

  close(): void {
    for (const { client } of this.tabs) client.close();
  }

  /** All faults end but that of a full disk, and each user is there with one new tab that outlives the others. */
  async #heal(): Promise<void> {
    this.#faulty = false;
    for (const tab of [...this.tabs]) this.#kill(tab);
    for (const user of USERS) this.#open(user);
    await this.#goOn();
    this.disk.isFull = false;
    await this.#goOn();
  }

  async #goOn(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      for (const connection of this.server.connections) this.#exchange(connection, 20);
      await this.#advance(1_000);
    }
  }

  #step(): void {
    const roll = this.#random();
    const tab = this.#pick(this.tabs.filter(({ stands }) => !stands));
    const connection = this.#pick(this.server.connections);
    if (roll < 0.2) this.#send(tab);
    else if (roll < 0.26) this.#change(tab);
    else if (roll < 0.29) void tab?.room.markRead(this.#pick(tab.room.messages)?.seq).catch(() => {});
    else if (roll < 0.35) this.#open(this.#pick(USERS));
    else if (roll < 0.4) this.#kill(tab);
    else if (roll < 0.44) this.#freeze(tab);
    else if (roll < 0.49) this.#wake(this.#pick(this.tabs.filter(({ stands }) => stands)));
    else if (roll < 0.54) this.server.sleep();
    else if (roll < 0.57) this.#arriveLate();
    else if (roll < 0.59 && this.#evicts) this.disk.evict();
    else if (roll < 0.605) this.disk.isFull = !this.disk.isFull;
    else if (roll < 0.62 && connection) this.#breakOff(connection);
    else if (roll < 0.75) void this.#advance(Math.floor(this.#random() * 4_000));
    else if (connection) this.#exchange(connection, 1 + Math.floor(this.#random() * 3));
  }

  #open(user: string | undefined): void {
    if (user === undefined || this.tabs.length >= MOST_TABS) return;
    const [storage, clock, sockets] = [this.disk.open(), new FakeClock(), new FakeSockets()];
    const name = ++this.#opened;
    let ids = 0;
    sockets.onDial = (socket) => this.#arrive(socket, user, clock);
    const client = new Client(
      {
        url: "https://rooms.example.com",
        getToken: () => `t1.${btoa(JSON.stringify({ sub: user })).replaceAll("=", "")}.s`,
        log: () => {},
        reconnect: { minMs: 100, maxMs: 400 },
        offline: keepOffline({ storage, user, cache: this.#random() < 0.5 }),
      },
      {
        ...{
          clock,
          random: this.#random,
          newId: () => `${name}-${++ids}`,
          dial: sockets.dial,
          origin: undefined,
        },
        fetch: () => Promise.reject(new TypeError("nothing is called over HTTP here")),
        onWake: () => () => {},
        onSuspend: () => () => {},
        tabStore: {},
      },
    );
    const tab = {
      user,
      storage,
      clock,
      sockets,
      client,
      room: client.room("lobby"),
      outbox: clientOutbox(client),
    };
    this.tabs.push({ ...tab, stands: false });
  }

  /** Some connects fail. */
  #arrive(socket: FakeSocket, user: string, clock: FakeClock): void {
    if (this.#chance(0.2)) clock.after(1, () => socket.end(1006));
    else this.server.accept(socket, user);
  }

  #kill(tab: SimulatedTab | undefined): void {
    if (tab === undefined) return;
    this.tally.killed += 1;
    tab.storage.die();
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    for (const connection of this.#connectionsOf(tab)) this.#forget(connection);
  }

  #freeze(tab: SimulatedTab | undefined): void {
    if (tab === undefined) return;
    this.tally.froze += 1;
    tab.stands = true;
    tab.storage.freeze();
  }

  #wake(tab: SimulatedTab | undefined): void {
    if (tab === undefined) return;
    tab.stands = false;
    tab.storage.wake();
  }

  #send(tab: SimulatedTab | undefined): void {
    if (tab === undefined) return;
    const text = `text ${++this.#sayings}`;
    this.sent.set(text, tab.user);
    tab.room.send(text, { echo: this.#random() < 0.7 }).then(
      () => this.resolved.add(text),
      () => {},
    );
  }

  #change(tab: SimulatedTab | undefined): void {
    const target = this.#pick(tab?.room.messages.slice(-5) ?? [])?.seq;
    if (tab === undefined || target === undefined) return;
    const roll = this.#random();
    const change =
      roll < 0.5
        ? tab.room.edit(target, `text ${++this.#sayings}`)
        : roll < 0.8
          ? tab.room.react(target, "👍")
          : tab.room.delete(target);
    change.catch(() => {});
  }

  /** The network held it back. */
  #arriveLate(): void {
    const ghost = this.#pick(this.#ghosts);
    if (ghost !== undefined) this.server.receive(ghost);
  }

  #connectionsOf({ sockets }: SimulatedTab): readonly Connection[] {
    return this.server.connections.filter(({ socket }) => sockets.all.includes(socket));
  }

  #stands(connection: Connection): boolean {
    return this.tabs.some(({ sockets, stands }) => stands && sockets.all.includes(connection.socket));
  }

  #exchange(connection: Connection, count: number): void {
    for (let n = 0; n < count; n++) {
      this.server.receive(connection);
      // A page that stands still hears nothing.
      const frame = this.#stands(connection) ? undefined : connection.outgoing.shift();
      if (frame !== undefined) connection.socket.deliver(frame);
    }
    if (connection.socket.closedWith !== undefined) this.server.forget(connection);
  }

  #breakOff(connection: Connection): void {
    if (this.#stands(connection)) return;
    this.tally.lost += 1;
    this.#forget(connection);
    connection.socket.end(1006);
  }

  /** What was sent may have arrived, or arrives later; what was to come is lost. */
  #forget(connection: Connection): void {
    while (this.#random() < 0.7 && connection.read < connection.socket.texts.length)
      this.server.receive(connection);
    this.server.forget(connection);
    if (this.#chance(0.5)) this.#ghosts.push(connection);
  }

  /** What an app is shown. */
  #look(): void {
    for (const { room, stands } of this.tabs) {
      if (stands) continue;
      for (const { data, status } of room.outbox) if (status === "kept") this.kept.add(String(data));
    }
  }

  async #advance(ms: number): Promise<void> {
    await Promise.all(this.tabs.filter(({ stands }) => !stands).map(({ clock }) => clock.advance(ms)));
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await undefined;
  }

  #fate(): WriteFate {
    if (!this.#chance(0.12)) return "done";
    this.tally.faults += 1;
    return this.#pick(FATES) ?? "done";
  }

  #refusal(): string | undefined {
    return this.#chance(0.05) ? this.#pick(["rate_limited", "overloaded", "internal"]) : undefined;
  }

  #chance(probability: number): boolean {
    return this.#faulty && this.#random() < probability;
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)];
  }
}
