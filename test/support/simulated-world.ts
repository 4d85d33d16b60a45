// Real clients and the real rules of a room, in one seeded world: steps at random, then everything heals.

import { expect } from "vitest";
import { LISTED_MEMBERS, type Member } from "../../src/protocol/index.ts";
import { FakeClock } from "../unit/client/support/fake-clock.ts";
import type { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import { seededRandom } from "../unit/client/support/random-source.ts";
import { nonsense } from "./nonsense.ts";
import type { Person, RoomTestSettings } from "./room-for-test.ts";
import { SimulatedServer, tokenOf, Wire } from "./simulated-network.ts";
import { type Profile, SimulatedPeer } from "./simulated-peer.ts";

export interface WorldSettings extends RoomTestSettings {
  readonly profiles: readonly Omit<Profile, "index">[];
  /** How many messages server code stores at once, now and then. */
  readonly burst?: number;
  /** Of most messages. */
  readonly bytes?: number;
  /** Shortest and longest life of a token. */
  readonly tokenMs?: readonly [number, number];
}

const EVENTS = ["chat", "chat", "task", "task.created", "task:done", "tasks", "other"];
const TOPICS = [null, ["task"], ["chat", "other"], [], ["nothing"]];

export class SimulatedWorld {
  readonly clock = new FakeClock();
  readonly server: SimulatedServer;
  readonly peers: readonly SimulatedPeer[];
  readonly tally = { hibernations: 0, crashes: 0, breaks: 0, nonsense: 0, failedWrites: 0, lostAnswers: 0 };
  readonly #settings: WorldSettings;
  readonly #random: () => number;
  #wires: { readonly peer: SimulatedPeer; readonly wire: Wire }[] = [];
  #crowd: Person[] = [];
  #faulty = true;
  #signals = 0;
  #tokens = 0;
  #bursts = 0;

  constructor(seed: number, settings: WorldSettings) {
    this.#random = seededRandom(seed);
    this.#settings = settings;
    this.server = new SimulatedServer(settings, () => this.clock.now());
    const world = {
      clock: this.clock,
      stored: this.server.room.stored,
      random: this.#random,
      getToken: (user: string) => this.#getToken(user),
      onDial: (peer: SimulatedPeer, socket: FakeSocket) => this.#onDial(peer, socket),
    };
    this.peers = settings.profiles.map((profile, index) => new SimulatedPeer({ ...profile, index }, world));
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      await this.clock.settle();
      for (const peer of this.peers) peer.check();
      if (step % 25 === 24) await this.#checkStill();
    }
  }

  /** The network works from here on; everybody says one more thing, and all come to rest. */
  async heal(): Promise<void> {
    this.#faulty = false;
    this.server.room.database.failOn = undefined;
    for (const peer of this.peers) this.#resume(peer);
    for (const peer of this.peers) peer.send({});
    await this.pass(1_000, 200);
    for (const peer of this.peers) peer.retryStale((text) => this.isStored(text));
    await this.pass(1_000, 60);
    this.server.sweep();
    await this.pass(1_000, 15);
    this.#exchangeAll();
  }

  /** So many strangers come, on a network that never fails. */
  gather(count: number): void {
    const came = Array.from({ length: count }, (_, at) => this.server.room.connect(`one_of_many_${at}`));
    for (const { socket } of came) socket.pingedAt = Number.POSITIVE_INFINITY;
    this.#crowd = [...this.#crowd, ...came];
    this.server.flush();
  }

  /** Until so many are left. */
  disperse(left: number): void {
    for (const stranger of this.#crowd.splice(left)) stranger.leave("left");
  }

  isStored(text: string): boolean {
    return this.server.room.stored.some(({ body }) => dataOf(body) === text);
  }

  /** At most; a restart may have made the history longer by half. */
  get tellsHeadEvery(): number {
    return Math.min(1_000, Math.ceil((this.#settings.historyLimit ?? 100) * 0.15));
  }

  async close(): Promise<void> {
    for (const { client } of this.peers) client.close();
    await this.clock.settle();
  }

  async #step(): Promise<void> {
    const roll = this.#random();
    const peer = this.#pick(this.peers);
    const wire = this.#anyWire();
    if (roll < 0.2) this.#say(peer);
    else if (roll < 0.45) wire?.exchange(this.#upTo(4), this.#upTo(6));
    else if (roll < 0.6) this.server.flush();
    else if (roll < 0.75) await this.#wait();
    else if (roll < 0.79) this.#breakOff(wire);
    else if (roll < 0.81) this.#restart();
    else if (roll < 0.84) this.#signal(peer);
    else if (roll < 0.87) this.#present(peer);
    else if (roll < 0.89) this.#refilter(peer);
    else if (roll < 0.91) peer.room.loadOlder(this.#upTo(20)).catch(() => {});
    else if (roll < 0.93) this.#nonsense();
    else if (roll < 0.945) this.#failWrites();
    else if (roll < 0.96) this.#comeAndGo(peer);
    else if (roll < 0.97) this.#burst();
    else peer.revive();
  }

  #say(peer: SimulatedPeer): void {
    const roll = this.#random();
    const head = this.server.room.log.head;
    const bytes = this.#settings.bytes ?? 0;
    const event = this.#pick(EVENTS);
    const echo = this.#random() < 0.7;
    if (roll < 0.05) peer.send({ event: "secret.word" });
    else if (roll < 0.1) peer.send({}, (this.#settings.messageBytes ?? 32_768) + 1);
    else if (roll < 0.2) peer.send({ event, echo, replyTo: 1 + Math.floor(this.#random() * (head + 3)) });
    else for (let count = this.#upTo(4); count > 0; count--) peer.send({ event, echo }, bytes);
  }

  async #wait(): Promise<void> {
    const roll = this.#random();
    const ms = roll < 0.85 ? this.#upTo(400) : roll < 0.97 ? this.#upTo(6_000) : this.#upTo(90_000);
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.advance(Math.min(left, 1_000));
      this.server.flushIfDue();
      // Time does not pass without anything getting through.
      if (ms > 1_000 && this.#random() < 0.5) this.#anyWire()?.exchange(9, 9);
    }
    if (roll > 0.97) this.server.sweep();
    this.#tidy();
  }

  #breakOff(wire: Wire | undefined): void {
    if (wire === undefined || wire.over) return;
    this.tally.breaks += 1;
    wire.exchange(this.#upTo(5) - 1, 0);
    if (this.#random() < 0.5) this.server.flush();
    wire.exchange(0, this.#upTo(5) - 1);
    if (!wire.drained) this.tally.lostAnswers += 1;
    wire.breakOff(this.#pick(["both", "both", "client", "server"] as const));
  }

  #restart(): void {
    const how = this.#random() < 0.5 ? "hibernate" : "crash";
    const { historyLimit = 100 } = this.#settings;
    const other = Math.max(5, Math.floor(historyLimit * (0.5 + this.#random())));
    const settings = this.#random() < 0.2 ? { ...this.#settings, historyLimit: other } : this.#settings;
    if (!this.server.restart(how, settings)) return;
    if (how === "hibernate") this.tally.hibernations += 1;
    else {
      this.tally.crashes += 1;
      for (const { wire } of this.#wires) {
        wire.exchange(0, this.#upTo(4) - 1);
        if (this.#random() < 0.8) wire.breakOff("client");
      }
    }
  }

  #signal(peer: SimulatedPeer): void {
    const to = this.#random() < 0.4 ? this.#pick(this.peers).profile.user : undefined;
    const data = [peer.profile.index, ++this.#signals, to ?? null];
    peer.room.signal("task.ping", data, to === undefined ? {} : { to });
  }

  #present(peer: SimulatedPeer): void {
    const status = this.#pick(["online", "away", "busy"] as const);
    const data = this.#pick([undefined, null, { mood: this.#upTo(9) }]);
    peer.room.setPresence({ status, ...(data !== undefined && { data }) }).catch(() => {});
  }

  #refilter(peer: SimulatedPeer): void {
    if (peer.profile.topics !== null) peer.room.setTopics(this.#pick(TOPICS)).catch(() => {});
  }

  /** What is no command changes nothing, for anybody else least of all. */
  #nonsense(): void {
    this.server.flush();
    const { room } = this.server;
    const anonymous = this.#random() < 0.5;
    const vandal = room.join(anonymous ? null : "vandal");
    const look = () => JSON.stringify([room.log.head, room.room.attendance.members, this.#frames()]);
    const before = look();
    for (const frame of nonsense(anonymous)) vandal.say(frame);
    room.flush();
    expect(look()).toBe(before);
    this.tally.nonsense += vandal.socket.ofType("error").length;
    vandal.leave("left");
  }

  #failWrites(): void {
    const { database } = this.server.room;
    this.tally.failedWrites += 1;
    // Of what a `send` asks of the log: its row, and the ids before it.
    database.failOn = /^(INSERT OR REPLACE INTO log|SELECT seq, author, id)/;
    this.server.flush();
    database.failOn = undefined;
  }

  #comeAndGo(peer: SimulatedPeer): void {
    if (peer.paused) this.#resume(peer);
    else if (this.#random() < 0.5) peer.room.reconnect();
    else {
      peer.paused = true;
      peer.client.disconnect();
    }
  }

  #resume(peer: SimulatedPeer): void {
    if (peer.paused) peer.client.reconnect();
    peer.paused = false;
    peer.revive();
  }

  #burst(): void {
    const { burst = 0 } = this.#settings;
    if (burst === 0) return;
    // A second one soon after passes whoever still pages.
    if (this.#random() < 0.5) this.clock.after(this.#upTo(600), () => this.#burst());
    const writer = this.server.room.join("writer", { history: 0, presence: false, topics: [] });
    for (let n = 0; n < burst; n++) {
      writer.say({ type: "send", id: `b${++this.#bursts}`, data: n, event: this.#pick(EVENTS) });
    }
    this.server.flush();
    writer.leave("left");
  }

  /** What is on the wires arrives, and then everybody must know who is here. */
  async #checkStill(): Promise<void> {
    this.#exchangeAll();
    await this.clock.settle();
    this.server.flush();
    this.#exchangeAll();
    await this.clock.settle();
    const { attendance } = this.server.room.room;
    const { members: count } = attendance.occupancy;
    // Between the bounds of a crowd, and until its number was told, a list may be missing or old.
    if (count > LISTED_MEMBERS ? attendance.dueAt() !== null : count > LISTED_MEMBERS * 0.9) return;
    const members = byId(attendance.members);
    for (const { peer, wire } of this.#wires) {
      peer.check();
      if (!wire.arrived || !wire.drained || peer.room.state.status !== "connected") continue;
      expect(byId(peer.room.members)).toEqual(peer.profile.presence ? members : []);
    }
    for (const peer of this.peers) peer.checkHeld();
  }

  /** Time in which all that is said arrives. */
  async pass(ms: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.clock.advance(ms);
      this.#exchangeAll();
      await this.clock.settle();
      this.server.flush();
      this.#exchangeAll();
      await this.clock.settle();
      for (const peer of this.peers) {
        peer.check();
        peer.revive();
      }
      this.#tidy();
    }
  }

  #exchangeAll(): void {
    for (const { wire } of [...this.#wires]) wire.exchange(10_000, 10_000);
  }

  #onDial(peer: SimulatedPeer, socket: FakeSocket): void {
    /** Signals of this very connection, which must not come back on it. */
    const own = new Set<unknown>();
    const wire = new Wire(socket, this.server, peer.profile.presence, {
      onUp: (text) => {
        for (const command of framesIn(text)) {
          peer.ear.says(command);
          if (command.type === "signal") own.add(String(command.data));
        }
      },
      onDown: (text) => {
        peer.ear.hears(text);
        const echoes = framesIn(text).filter(({ type, data }) => type === "signal" && own.has(String(data)));
        if (echoes.length > 0) peer.ear.faults.push(`its own signal came back: ${text}`);
      },
      onGiven: () => peer.check(),
    });
    this.#wires.push({ peer, wire });
    if (this.#chance(0.1)) this.clock.after(this.#upTo(500), () => wire.breakOff("client"));
    else if (this.#chance(0.05)) wire.breakOff("server");
  }

  async #getToken(user: string): Promise<string> {
    if (this.#chance(0.05)) throw new Error("no network");
    const [least, most] = this.#settings.tokenMs ?? [20_000, 300_000];
    return tokenOf(
      user,
      this.clock.now() + least + Math.floor(this.#random() * (most - least)) + ++this.#tokens,
    );
  }

  #frames(): number[] {
    return this.#wires.map(({ wire }) => wire.waiting);
  }

  #tidy(): void {
    this.#wires = this.#wires.filter(({ wire }) => !wire.over);
  }

  #chance(probability: number): boolean {
    return this.#faulty && this.#random() < probability;
  }

  /** From 1. */
  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  #anyWire(): Wire | undefined {
    return this.#wires.length === 0 ? undefined : this.#pick(this.#wires).wire;
  }

  #pick<T>(among: readonly T[]): T {
    if (among.length === 0) throw new Error("nothing to pick from");
    return among[Math.floor(this.#random() * among.length)] as T; // in range
  }
}

function framesIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  const frame: {
    events?: Readonly<Record<string, unknown>>[];
    commands?: Readonly<Record<string, unknown>>[];
  } = JSON.parse(text);
  return frame.events ?? frame.commands ?? [{ ...frame }];
}

export function dataOf(body: string): unknown {
  const { data }: { data?: unknown } = JSON.parse(body);
  return data;
}

/** In which order they are listed is nobody's business. */
const byId = (members: readonly Member[]): readonly Member[] =>
  [...members].sort((a, b) => a.id.localeCompare(b.id));
