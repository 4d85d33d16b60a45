// Real clients and the real rules of a room, in one seeded world: random steps, after which all faults end.

import { expect } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import { LISTED_MEMBERS, type Member, PING_FRAME } from "../../src/protocol/index.ts";
import type { RecentBounds } from "../../src/room/log/recent-log.ts";
import type { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import { faultyFrames } from "./faulty-frames.ts";
import { RandomActions } from "./random-actions.ts";
import { ReadPositionCheck } from "./read-position-check.ts";
import { RelayedServer } from "./relayed-server.ts";
import type { Person } from "./room-for-test.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedModerator } from "./simulated-moderator.ts";
import { type ServerSettings, SimulatedServer, tokenOf, Wire } from "./simulated-network.ts";
import { type Profile, SimulatedPeer } from "./simulated-peer.ts";

export interface WorldSettings extends ServerSettings {
  readonly profiles: readonly Omit<Profile, "index">[];
  /** The number of messages that server code sometimes stores at once. */
  readonly burst?: number;
  /** The size of most messages. */
  readonly bytes?: number;
  /** Shortest and longest life of a token. */
  readonly tokenMs?: readonly [number, number];
  /** Whether users are kicked, settings changed, and logs purged. */
  readonly moderated?: boolean;
  /** Whether the sockets of clients are at relays. */
  readonly relayed?: boolean;
  /** So many relays have no hub; left out: all. */
  readonly directRelays?: number;
  /** How much of the log relays and their room have in memory. */
  readonly recent?: RecentBounds;
}

export class SimulatedWorld {
  readonly clock = new FakeClock();
  readonly server: SimulatedServer;
  readonly peers: readonly SimulatedPeer[];
  readonly tally = {
    hibernations: 0,
    crashes: 0,
    breaks: 0,
    faultyFrames: 0,
    failedWrites: 0,
    lostAnswers: 0,
  };
  readonly moderator: SimulatedModerator;
  readonly reads: ReadPositionCheck;
  readonly #settings: WorldSettings;
  readonly #random: SeededRandom;
  readonly #actions: RandomActions;
  #wires: { readonly peer: SimulatedPeer; readonly wire: Wire }[] = [];
  #crowd: Person[] = [];
  wasCrowded = false;
  #faulty = true;
  #tokens = 0;
  #bursts = 0;

  constructor(seed: number, settings: WorldSettings) {
    const random = seededRandom(seed);
    this.#random = new SeededRandom(random);
    this.#actions = new RandomActions(this.#random, settings);
    this.#settings = settings;
    const now = () => this.clock.now();
    this.server = settings.relayed
      ? new RelayedServer(settings, now, this.#random, {
          direct: settings.directRelays,
          recent: settings.recent,
        })
      : new SimulatedServer(settings, now);
    const world = {
      clock: this.clock,
      recordedLog: this.server.room.recordedLog,
      random,
      getToken: (profile: Profile) => this.#getToken(profile),
      onDial: (peer: SimulatedPeer, socket: FakeSocket) => this.#onDial(peer, socket),
    };
    this.peers = settings.profiles.map((profile, index) => new SimulatedPeer({ ...profile, index }, world));
    const users = [...new Set(settings.profiles.map(({ user }) => user))];
    this.moderator = new SimulatedModerator(this.server, users, settings.historyLimit ?? 100, this.#random);
    this.reads = new ReadPositionCheck(this.server, users);
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step();
      await this.clock.settle();
      for (const peer of this.peers) peer.check();
      this.reads.check();
      if (step % 25 === 24) await this.#checkStill();
    }
  }

  /** From here on the network works; each user sends one more message, and everything is delivered. */
  async heal(): Promise<void> {
    this.#faulty = false;
    if (this.server instanceof RelayedServer) this.server.isFaulty = false;
    this.server.room.database.failOn = undefined;
    this.moderator.relent();
    for (const peer of this.peers) this.#resume(peer);
    for (const peer of this.peers) peer.send({});
    await this.pass(1_000, 200);
    for (const peer of this.peers) peer.retryStale((text) => this.isStored(text));
    await this.pass(1_000, 60);
    this.server.sweep();
    await this.pass(1_000, 15);
    this.#exchangeAll();
    const open = this.#wires.map(({ wire }) => wire);
    const said = open.map(commandsOn);
    await this.pass(1_000, 10);
    // No client sends any more, except to renew tokens.
    expect(open.map(commandsOn)).toEqual(said);
  }

  /** Connects this many other users, on a network that never fails. */
  gather(count: number): void {
    this.wasCrowded = true;
    const came = Array.from({ length: count }, (_, at) => this.server.room.connect(`one_of_many_${at}`));
    for (const { socket } of came) socket.pingedAt = Number.POSITIVE_INFINITY;
    this.#crowd = [...this.#crowd, ...came];
    this.server.flush();
  }

  /** Closes them until this many are left. */
  disperse(left: number): void {
    for (const stranger of this.#crowd.splice(left)) stranger.leave("left");
  }

  isStored(text: string): boolean {
    return this.server.room.recordedLog.epochs.some(({ messages }) =>
      messages.some(({ body }) => dataOf(body) === text),
    );
  }

  /** An upper limit; a restart may have made the history longer by half. */
  get tellsHeadEvery(): number {
    return Math.min(1_000, Math.ceil((this.#settings.historyLimit ?? 100) * 0.15));
  }

  async close(): Promise<void> {
    for (const { client } of this.peers) client.close();
    await this.clock.settle();
  }

  async #step(): Promise<void> {
    const roll = this.#random.next();
    const peer = this.#random.pick(this.peers);
    const wire = this.#anyWire();
    if (roll < 0.12) this.#actions.send(peer, this.server.room.log.head);
    else if (roll < 0.21)
      for (let count = this.#random.upTo(3); count > 0; count--) this.#actions.change(peer);
    else if (roll < 0.24) this.#actions.read(peer);
    else if (roll < 0.45) wire?.exchange(this.#random.upTo(4), this.#random.upTo(6));
    else if (roll < 0.6) this.server.flush();
    else if (roll < 0.75) await this.#wait();
    else if (roll < 0.79) this.#breakOff(wire);
    else if (roll < 0.81) this.#restart();
    else if (roll < 0.84) this.#actions.signal(peer, this.peers);
    else if (roll < 0.87) this.#actions.setPresence(peer);
    else if (roll < 0.89) this.#actions.setTopics(peer);
    else if (roll < 0.91) peer.room.loadOlder(this.#random.upTo(20)).catch(() => {});
    else if (roll < 0.93) await this.#sendFaultyFrames();
    else if (roll < 0.945) this.#failWrites();
    else if (roll < 0.96) this.#comeAndGo(peer);
    else if (roll < 0.965) this.#burst();
    else if (roll < 0.98 && this.#settings.moderated) this.moderator.act();
    else peer.revive();
  }

  async #wait(): Promise<void> {
    const roll = this.#random.next();
    const ms =
      roll < 0.85
        ? this.#random.upTo(400)
        : roll < 0.97
          ? this.#random.upTo(6_000)
          : this.#random.upTo(90_000);
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.advance(Math.min(left, 1_000));
      this.server.flushIfDue();
      this.reads.check();
      // Time passes only while something gets through.
      if (ms > 1_000 && this.#random.next() < 0.5) this.#anyWire()?.exchange(9, 9);
    }
    if (roll > 0.97) this.server.sweep();
    this.#tidy();
  }

  #breakOff(wire: Wire | undefined): void {
    if (wire === undefined || wire.over) return;
    this.tally.breaks += 1;
    wire.exchange(this.#random.upTo(5) - 1, 0);
    if (this.#random.next() < 0.5) this.server.flush();
    wire.exchange(0, this.#random.upTo(5) - 1);
    if (!wire.drained) this.tally.lostAnswers += 1;
    wire.breakOff(this.#random.pick(["both", "both", "client", "server"] as const));
  }

  #restart(): void {
    const how = this.#random.next() < 0.5 ? "hibernate" : "crash";
    const { historyLimit = 100 } = this.#settings;
    const other = Math.max(5, Math.floor(historyLimit * (0.5 + this.#random.next())));
    const settings = this.#random.next() < 0.2 ? { ...this.#settings, historyLimit: other } : this.#settings;
    if (!this.server.restart(how, settings)) return;
    this.reads.restarted(how);
    if (how === "hibernate") this.tally.hibernations += 1;
    else {
      this.tally.crashes += 1;
      for (const { expectation } of this.peers) expectation.roomCrashed();
      for (const { wire } of this.#wires) {
        wire.exchange(0, this.#random.upTo(4) - 1);
        if (this.#random.next() < 0.8) wire.breakOff("client");
      }
    }
  }

  /** A faulty frame changes nothing, least of all for others. */
  async #sendFaultyFrames(): Promise<void> {
    await this.server.settle();
    const { room } = this.server;
    const anonymous = this.#random.next() < 0.5;
    const vandal = room.join(anonymous ? null : "vandal");
    // Members that were found gone meanwhile are announced now.
    room.flush();
    const look = () => JSON.stringify([room.log.head, room.room.roomPresence.members, this.#frames()]);
    const before = look();
    for (const frame of faultyFrames(anonymous)) vandal.say(frame);
    room.flush();
    expect(look()).toBe(before);
    this.tally.faultyFrames += vandal.socket.ofType("error").length;
    vandal.leave("left");
  }

  #failWrites(): void {
    const { database } = this.server.room;
    this.tally.failedWrites += 1;
    // The reads of the log: a row, its changes, and the ids before it.
    database.failOn = /^(INSERT INTO log|UPDATE log SET body|SELECT seq, author, id)/;
    this.server.flush();
    database.failOn = undefined;
  }

  #comeAndGo(peer: SimulatedPeer): void {
    if (peer.paused) this.#resume(peer);
    else if (this.#random.next() < 0.5) peer.room.reconnect();
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
    // A second one soon after passes clients that still page.
    if (this.#random.next() < 0.5) this.clock.after(this.#random.upTo(600), () => this.#burst());
    const quiet = { history: 0, presence: false, topics: [], permission: "moderate" } as const;
    const writer = this.server.room.join("writer", quiet);
    for (let n = 0; n < burst; n++) {
      writer.say({ type: "send", id: `b${++this.#bursts}`, data: n, event: this.#actions.event() });
    }
    this.server.flush();
    writer.leave("left");
  }

  /** Delivers what is on the wires; then every client must know the members. */
  async #checkStill(): Promise<void> {
    this.#exchangeAll();
    await this.clock.settle();
    await this.server.settle();
    this.#exchangeAll();
    await this.clock.settle();
    const { roomPresence } = this.server.room.room;
    const { members: count } = roomPresence.occupancy;
    // Between the bounds of a crowd, and until its number was sent, a list may be missing or old.
    if (count > LISTED_MEMBERS ? roomPresence.dueAt() !== null : count > LISTED_MEMBERS * 0.9) return;
    const members = byId(roomPresence.members);
    for (const { peer, wire } of this.#wires) {
      peer.check();
      if (!wire.arrived || !wire.drained || peer.room.state.status !== "connected") continue;
      expect(byId(peer.room.members)).toEqual(peer.profile.presence ? members : []);
    }
    for (const peer of this.peers) peer.checkHeld();
  }

  /** Time in which all that was sent arrives. */
  async pass(ms: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.clock.advance(ms);
      this.#exchangeAll();
      await this.clock.settle();
      await this.server.settle();
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
          peer.expectation.sends(command);
          if (command.type === "signal") own.add(String(command.data));
        }
      },
      onDown: (text, extent) => {
        peer.expectation.receives(text, extent);
        const echoes = framesIn(text).filter(({ type, data }) => type === "signal" && own.has(String(data)));
        if (echoes.length > 0) peer.expectation.faults.push(`its own signal came back: ${text}`);
      },
      onGiven: () => peer.check(),
    });
    this.#wires.push({ peer, wire });
    if (this.#chance(0.1)) this.clock.after(this.#random.upTo(500), () => wire.breakOff("client"));
    else if (this.#chance(0.05)) wire.breakOff("server");
  }

  async #getToken({ user, permission }: Profile): Promise<string> {
    if (this.#chance(0.05)) throw new Error("no network");
    const [least, most] = this.#settings.tokenMs ?? [20_000, 300_000];
    return tokenOf(
      user,
      this.clock.now() + least + Math.floor(this.#random.next() * (most - least)) + ++this.#tokens,
      permission,
    );
  }

  #frames(): number[] {
    return this.#wires.map(({ wire }) => wire.waiting);
  }

  #tidy(): void {
    this.#wires = this.#wires.filter(({ wire }) => !wire.over);
  }

  #chance(probability: number): boolean {
    return this.#faulty && this.#random.next() < probability;
  }

  #anyWire(): Wire | undefined {
    return this.#wires.length === 0 ? undefined : this.#random.pick(this.#wires).wire;
  }
}

/** Apart from heartbeats and new tokens. */
const commandsOn = ({ socket: { texts } }: Wire): readonly string[] =>
  texts.filter((text) => text !== PING_FRAME && !text.includes('"type":"auth"'));

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

/** The order of the list does not matter. */
const byId = (members: readonly Member[]): readonly Member[] =>
  [...members].sort((a, b) => a.id.localeCompare(b.id));
