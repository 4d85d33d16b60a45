// Clients and a room over a network that loses, delays and breaks off at every point. Whatever happens in between,
// at the end every send is stored once, and everybody holds the same log without a gap. A failing seed is printed in
// the test's name; pin it below as a case of its own. The same holds for what is changed and for what is read.

import { describe, expect, it } from "vitest";
import { Client } from "../../../client/client.ts";
import { RoomsError } from "../../../client/errors.ts";
import type { RoomMessage } from "../../../client/outbox-entry.ts";
import type { RoomHandle } from "../../../client/room-handle.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeRoom } from "./support/fake-room.ts";
import type { FakeSocket } from "./support/fake-sockets.ts";
import { FakeSockets } from "./support/fake-sockets.ts";
import { seededRandom } from "./support/random-source.ts";

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const STEPS = 250;
/** The first one has two devices. */
const USERS = ["usr_0", "usr_1", "usr_2", "usr_0"];
const EMOJIS = ["👍", "🎉"];

interface Peer {
  readonly user: string;
  readonly client: Client;
  readonly room: RoomHandle;
  readonly heard: number[];
  /** What it edited, by message. */
  readonly edited: Map<number, string[]>;
}

class Simulation {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly server: FakeRoom;
  readonly peers: readonly Peer[];
  /** Of sends and of edits, by what was said. */
  readonly fates = new Map<string, "stored" | string>();
  readonly edits = new Map<string, "stored" | string>();
  /** Edits that were followed by another one or a deletion, by the same client on the same message. */
  readonly superseded = new Set<string>();
  /** Deletions, reactions and marks that nothing became of yet. */
  open = 0;
  disconnects = 0;
  #faulty = true;
  #sayings = 0;

  constructor(seed: number, retention: number) {
    this.random = seededRandom(seed);
    this.server = new FakeRoom(
      {
        refuse: () =>
          this.#chance(0.1) ? this.#pick(["rate_limited", "overloaded", "internal"]) : undefined,
        skip: () => this.#chance(0.01),
      },
      retention,
    );
    this.peers = USERS.map((user, index) => this.#peer(user, index));
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      await this.clock.settle();
    }
    this.#faulty = false;
    // What was left out at the very end shows by what comes after it.
    for (const peer of this.peers) this.#send(peer);
    for (let round = 0; round < 400; round++) {
      for (const connection of this.server.connections) this.#exchange(connection, 10);
      await this.clock.advance(500);
    }
  }

  close(): void {
    for (const { client } of this.peers) client.close();
  }

  #peer(user: string, index: number): Peer {
    const sockets = new FakeSockets();
    let ids = 0;
    const dial: typeof sockets.dial = (url, protocols, events) => {
      const socket = sockets.dial(url, protocols, events);
      this.#arrive(socket, user);
      return socket;
    };
    const { clock, random } = this;
    const ports = {
      clock,
      random,
      newId: () => `${index}-${++ids}`,
      dial,
      origin: undefined,
      onWake: () => () => {},
    };
    const client = new Client(
      { url: "https://rooms.example.com", log: "off", reconnect: { minMs: 100, maxMs: 400 } },
      ports,
    );
    const room = client.room("lobby");
    const heard: number[] = [];
    room.on("message", ({ seq }) => heard.push(seq));
    room.on("lost", () => heard.splice(0));
    return { user, client, room, heard, edited: new Map() };
  }

  /** Some dials fail. */
  #arrive(socket: FakeSocket, user: string): void {
    if (this.#chance(0.2)) this.clock.after(1, () => socket.end(1006));
    else this.server.accept(socket, user);
  }

  #step(): void {
    const roll = this.random();
    const connection = this.#pick(this.server.connections);
    if (roll < 0.12) this.#send(this.#pick(this.peers));
    else if (roll < 0.2) this.#change(this.#pick(this.peers));
    else if (roll < 0.22) this.#read(this.#pick(this.peers));
    else if (roll < 0.25)
      this.server.change((among) => this.#pick(among), this.#pick(["delete", "react"]) ?? "react");
    else if (roll < 0.27) this.server.sleep();
    else if (roll < 0.45) void this.clock.advance(Math.floor(this.random() * 300));
    else if (roll < 0.5 && connection) this.#breakOff(connection);
    else if (connection) this.#exchange(connection, 1 + Math.floor(this.random() * 3));
  }

  #send(peer: Peer | undefined): void {
    const text = `text ${++this.#sayings}`;
    const echo = this.random() < 0.7;
    if (peer !== undefined) this.#watch(this.fates, text, peer.room.send(text, { echo }));
  }

  /** One to three in a row on one message. */
  #change(peer: Peer | undefined): void {
    const target = this.#pick(peer?.room.messages.slice(-8) ?? [])?.seq;
    if (peer === undefined || target === undefined) return;
    const { room } = peer;
    for (let n = 1 + Math.floor(this.random() * 3); n > 0; n--) {
      const roll = this.random();
      const text = `text ${++this.#sayings}`;
      if (roll < 0.5) for (const earlier of peer.edited.get(target) ?? []) this.superseded.add(earlier);
      if (roll < 0.4) {
        this.#watch(this.edits, text, room.edit(target, text));
        peer.edited.set(target, [...(peer.edited.get(target) ?? []), text]);
      } else if (roll < 0.5) this.#count(room.delete(target));
      else if (roll < 0.8) this.#count(room.react(target, this.#pick(EMOJIS) ?? ""));
      else this.#count(room.unreact(target, this.#pick(EMOJIS) ?? ""));
    }
  }

  #read(peer: Peer | undefined): void {
    if (peer !== undefined) this.#count(peer.room.markRead(this.#pick(peer.room.messages)?.seq));
  }

  #watch(fates: Map<string, string>, text: string, promise: Promise<unknown>): void {
    fates.set(text, "waiting");
    promise.then(
      () => fates.set(text, "stored"),
      (error: unknown) => fates.set(text, error instanceof RoomsError ? error.code : "unknown"),
    );
  }

  #count(promise: Promise<unknown>): void {
    this.open += 1;
    const settled = () => {
      this.open -= 1;
    };
    promise.then(settled, settled);
  }

  #exchange(connection: FakeRoom["connections"][number], count: number): void {
    for (let n = 0; n < count; n++) {
      this.server.receive(connection);
      const frame = connection.outgoing.shift();
      if (frame !== undefined) connection.socket.deliver(frame);
    }
    if (connection.socket.closedWith !== undefined) this.server.forget(connection);
  }

  /** What the client sent may have arrived all the same; what was to come to it is lost. */
  #breakOff(connection: FakeRoom["connections"][number]): void {
    this.disconnects += 1;
    while (this.random() < 0.7 && connection.read < connection.socket.texts.length)
      this.server.receive(connection);
    this.server.forget(connection);
    connection.socket.end(1006);
  }

  #chance(probability: number): boolean {
    return this.#faulty && this.random() < probability;
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.random() * among.length)];
  }
}

/** Nothing waits, what is said to be stored is or was undone by its author, and nothing was stored twice. */
function checkEdits({ server, edits, superseded, open }: Simulation): void {
  expect(open).toBe(0);
  const fates = [...edits.values()];
  expect(fates.filter((fate) => fate === "waiting" || fate === "unknown")).toEqual([]);
  const stored = [...edits].filter(([text, fate]) => fate === "stored" && !superseded.has(text));
  expect(stored.filter(([text]) => !server.edits.includes(text))).toEqual([]);
  expect(new Set(server.edits).size).toBe(server.edits.length);
}

/** A replay that tells of a deletion does not tell whether an edit came before it. */
const settled = (messages: readonly RoomMessage[]): readonly RoomMessage[] =>
  messages.map((held) => {
    const { editedAt: _, ...rest } = held;
    return held.deletedAt === undefined ? held : rest;
  });

describe("[C38] over a network that breaks off anywhere", () => {
  it.each(SEEDS)("every send is stored once and all hold the same log (seed %i)", async (seed) => {
    const simulation = new Simulation(seed, 10_000);
    await simulation.run();
    const { server, peers, fates } = simulation;
    const stored = server.messages.map(({ id, from }) => `${from?.id} ${id}`);
    expect(new Set(stored).size).toBe(stored.length);
    expect(stored.length).toBe(fates.size);
    expect([...fates.values()].filter((fate) => fate !== "stored")).toEqual([]);
    for (const { room, user, heard } of peers) {
      expect([user, room.state.status, room.outbox.length]).toEqual([user, "connected", 0]);
      expect([user, room.unread]).toEqual([user, server.unread(user)]);
      const [first] = room.messages;
      const expected = server.messages.filter(({ seq }) => seq >= (first?.seq ?? Number.POSITIVE_INFINITY));
      expect(settled(room.messages)).toEqual(settled(expected));
      expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    }
    checkEdits(simulation);
    expect(simulation.disconnects).toBeGreaterThan(0);
    expect(stored.length).toBeGreaterThan(10);
    simulation.close();
    await simulation.clock.settle();
    expect(simulation.clock.pending).toBe(0);
  });

  it.each(SEEDS.slice(0, 30))("nothing is stored twice where the log is short (seed %i)", async (seed) => {
    const simulation = new Simulation(seed, 12);
    await simulation.run();
    const { server, peers, fates } = simulation;
    const ids = server.messages.map(({ id, from }) => `${from?.id} ${id}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...fates.values()].filter((fate) => fate !== "stored" && fate !== "stale_retry")).toEqual([]);
    checkEdits(simulation);
    for (const { room } of peers) {
      const held = room.messages.filter(({ pending }) => !pending);
      const [first] = held;
      const expected = server.messages.filter(({ seq }) => seq >= (first?.seq ?? Number.POSITIVE_INFINITY));
      expect(settled(held)).toEqual(settled(expected));
    }
    simulation.close();
  });
});
