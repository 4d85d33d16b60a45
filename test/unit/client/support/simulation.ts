// Clients and rooms over a network that loses, delays and breaks off at every point, by chance. Over the session each
// client is in two rooms; their frames are mixed, and rooms end by themselves too. To add an event, add a case in
// `#step`.

import { Client } from "../../../../client/core/client.ts";
import { sharedRoom } from "../../../../client/index.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import { seededRandom } from "../../../../client/testing/seeded-random.ts";
import { FakeClock } from "../../../../client/testing/time/fake-clock.ts";
import { RoomsError } from "../../../../client/util/errors.ts";
import { FakeRoom } from "./fake-room.ts";
import { FakeSession } from "./fake-session.ts";
import type { FakeSocket } from "./fake-sockets.ts";

const STEPS = 250;
/** The first one has two devices. */
const USERS = ["usr_0", "usr_1", "usr_2", "usr_0"];
const EMOJIS = ["👍", "🎉"];

/** How a room ends that will be tried again, and one that will not. */
const PASSING = [
  [4500, "internal"],
  [4503, "overloaded 20"],
  [4503, "slow_consumer"],
  [4429, "rate_limited 50"],
  [4408, "timeout"],
] as const;
const FINAL = [
  // A second one in a row ends the attempts.
  [4401, "token_expired"],
  [4403, "banned 1000"],
  [4410, "deleted"],
  [4400, "bad_request"],
] as const;
const REFUSALS = [
  [4500, "internal"],
  [4503, "overloaded"],
  [4503, "room_full 10"],
  [4429, "rate_limited 20"],
] as const;

export interface SimulationOptions {
  readonly seed: number;
  readonly retention: number;
  readonly shared: boolean;
  /** Whether rooms end for good; someone reconnects them later. */
  readonly endsForGood?: boolean;
}

/** A user in a room. */
export interface Peer {
  readonly user: string;
  readonly client: Client;
  readonly hall: Hall;
  readonly room: RoomHandle;
  readonly heard: number[];
  /** The edits that it sent, by message. */
  readonly edited: Map<number, string[]>;
}

/** A room, and the results of what was sent there. */
export class Hall {
  readonly server: FakeRoom;
  /** The results of sends and of edits, by their data. */
  readonly fates = new Map<string, "stored" | string>();
  readonly edits = new Map<string, "stored" | string>();
  /** Edits that were followed by another one or a deletion, by the same client on the same message. */
  readonly superseded = new Set<string>();

  constructor(server: FakeRoom) {
    this.server = server;
  }
}

type Connection = FakeRoom["connections"][number];

const listenWith =
  <Fn>(listeners: Set<Fn>) =>
  (fn: Fn) => {
    listeners.add(fn);
    return () => listeners.delete(fn);
  };

export class Simulation {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly halls: ReadonlyMap<string, Hall>;
  readonly peers: readonly Peer[];
  /** Deletions, reactions and marks without a result yet. */
  open = 0;
  disconnects = 0;
  /** Counts by code. */
  readonly ends = new Set<string>();
  readonly #options: SimulationOptions;
  readonly #wakers = new Set<(isCrowd: boolean) => void>();
  readonly #suspenders = new Set<(why: string) => void>();
  #faulty = true;
  #sayings = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    const names = options.shared ? ["lobby", "annex"] : ["lobby"];
    const faults = {
      refuse: () => (this.#chance(0.1) ? this.#pick(["rate_limited", "overloaded", "internal"]) : undefined),
      skip: () => this.#chance(0.01),
    };
    this.halls = new Map(
      names.map((name) => [name, new Hall(new FakeRoom(name, faults, options.retention))]),
    );
    this.peers = USERS.flatMap((user, index) => this.#peers(user, index));
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS * this.halls.size; step++) {
      this.#step();
      await this.clock.settle();
    }
    this.#faulty = false;
    for (const { room } of this.peers) if (room.state.status === "disconnected") room.reconnect();
    // What was left out at the very end shows by what comes after it.
    for (const peer of this.peers) this.#send(peer);
    for (let round = 0; round < 400; round++) {
      for (const [hall, connection] of this.#connections()) this.#exchange(hall, connection, 10);
      await this.clock.advance(500);
    }
  }

  close(): void {
    for (const { client } of this.peers) client.close();
  }

  #peers(user: string, index: number): Peer[] {
    const { clock, random } = this;
    const session = new FakeSession();
    session.greeting = { user: { id: user } };
    session.rooms.onDial = (socket) => this.#arrive(socket, user);
    session.onLost = (socket) => this.#lose(socket, 0.7);
    const dial: typeof session.dial = (url, protocols, events) => {
      session.greets = !this.#chance(0.2);
      const socket = session.dial(url, protocols, events);
      if (!session.greets && socket === session.sessions.all.at(-1)) clock.after(1, () => socket.end(1006));
      return socket;
    };
    let ids = 0;
    let tokens = 0;
    const newId = () => `${index}-${++ids}`;
    const ports = {
      ...{ clock, random, newId, dial, origin: undefined },
      onWake: listenWith(this.#wakers),
      onSuspend: listenWith(this.#suspenders),
      tabStore: {},
      fetch: () => Promise.reject(new TypeError("nothing is called over HTTP here")),
    };
    const client = new Client(
      {
        url: "https://rooms.example.com",
        polling: "never",
        getToken: () => `t${++tokens}.e30.s`,
        log: "off",
        reconnect: { minMs: 100, maxMs: 400 },
      },
      ports,
    );
    return Array.from(this.halls, ([name, hall]) => {
      const room = this.#options.shared ? sharedRoom(client, name) : client.room(name);
      const heard: number[] = [];
      room.on("message", ({ seq }) => heard.push(seq));
      room.on("lost", () => heard.splice(0));
      return { user, client, hall, room, heard, edited: new Map() };
    });
  }

  /** Some connects are refused. */
  #arrive(socket: FakeSocket, user: string): void {
    const hall = this.halls.get(socket.url.pathname.split("/")[3] ?? "");
    const [code, reason] = this.#pick(REFUSALS) ?? [];
    const isRefused = this.#options.shared && this.#chance(0.2);
    // Earlier frames on the same session arrive before. A socket that the client gave up is replaced by its next one.
    socket.onClosed = () => this.#lose(socket, this.#options.shared ? 1 : 0.7);
    if (this.#chance(0.2)) this.clock.after(1, () => socket.end(1006));
    else if (isRefused) this.clock.after(1, () => socket.end(code ?? 0, reason));
    else hall?.server.accept(socket, user);
  }

  #step(): void {
    const roll = this.random();
    const peer = this.#pick(this.peers);
    const [hall, connection] = this.#pick(this.#connections()) ?? [];
    if (roll < 0.12) this.#send(peer);
    else if (roll < 0.2) this.#change(peer);
    else if (roll < 0.22) this.#read(peer);
    else if (roll < 0.25)
      peer?.hall.server.change((among) => this.#pick(among), this.#pick(["delete", "react"]) ?? "react");
    else if (roll < 0.27) peer?.hall.server.sleep();
    else if (roll < 0.45) void this.clock.advance(Math.floor(this.random() * 300));
    else if (roll < 0.5 && hall && connection) this.#breakOff(hall, connection);
    else if (roll < 0.53 && this.#options.shared) this.#startOver(peer);
    else if (roll < 0.54) this.#pick([...this.#suspenders])?.("The page sleeps.");
    else if (roll < 0.55) this.#pick([...this.#wakers])?.(this.#chance(0.5));
    else if (hall && connection) this.#exchange(hall, connection, 1 + Math.floor(this.random() * 3));
  }

  #send(peer: Peer | undefined): void {
    const text = `text ${++this.#sayings}`;
    const echo = this.random() < 0.7;
    if (peer !== undefined) this.#watch(peer.hall.fates, text, peer.room.send(text, { echo }));
  }

  /** One to three in a row on one message. */
  #change(peer: Peer | undefined): void {
    const target = this.#pick(peer?.room.messages.slice(-8) ?? [])?.seq;
    if (peer === undefined || target === undefined) return;
    const { room, hall } = peer;
    for (let n = 1 + Math.floor(this.random() * 3); n > 0; n--) {
      const roll = this.random();
      const text = `text ${++this.#sayings}`;
      if (roll < 0.5) for (const earlier of peer.edited.get(target) ?? []) hall.superseded.add(earlier);
      if (roll < 0.4) {
        this.#watch(hall.edits, text, room.edit(target, text));
        peer.edited.set(target, [...(peer.edited.get(target) ?? []), text]);
      } else if (roll < 0.5) this.#count(room.delete(target));
      else if (roll < 0.8) this.#count(room.react(target, this.#pick(EMOJIS) ?? ""));
      else this.#count(room.unreact(target, this.#pick(EMOJIS) ?? ""));
    }
  }

  #read(peer: Peer | undefined): void {
    if (peer !== undefined) this.#count(peer.room.markRead(this.#pick(peer.room.messages)?.seq));
  }

  #startOver(peer: Peer | undefined): void {
    if (peer?.room.state.status === "disconnected" || this.#chance(0.3)) peer?.room.reconnect();
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

  #connections(): [Hall, Connection][] {
    return [...this.halls.values()].flatMap((hall) =>
      hall.server.connections.map((connection): [Hall, Connection] => [hall, connection]),
    );
  }

  #exchange({ server }: Hall, connection: Connection, count: number): void {
    for (let n = 0; n < count; n++) {
      server.receive(connection);
      const frame = connection.outgoing.shift();
      if (frame !== undefined) connection.socket.deliver(frame);
    }
    if (connection.socket.closedWith !== undefined) server.forget(connection);
  }

  #breakOff(hall: Hall, connection: Connection): void {
    this.disconnects += 1;
    this.#forget(hall, connection, 0.7);
    const [code, reason] = this.#end();
    this.ends.add(String(reason ?? code));
    connection.socket.end(code, reason);
  }

  #end(): readonly [number, string?] {
    const { shared, endsForGood } = this.#options;
    const roll = shared ? this.random() : 0;
    if (roll < 0.4) return [1006];
    return (roll > 0.85 && endsForGood ? this.#pick(FINAL) : this.#pick(PASSING)) ?? [1006];
  }

  #lose(socket: FakeSocket, probability: number): void {
    for (const [hall, connection] of this.#connections()) {
      if (connection.socket === socket) this.#forget(hall, connection, probability);
    }
  }

  /** What the client sent may have arrived; what was to come to it is lost. */
  #forget({ server }: Hall, connection: Connection, probability: number): void {
    while (this.random() < probability && connection.read < connection.socket.texts.length)
      server.receive(connection);
    server.forget(connection);
  }

  #chance(probability: number): boolean {
    return this.#faulty && this.random() < probability;
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.random() * among.length)];
  }
}
