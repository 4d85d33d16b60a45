// A room without a runtime: real rules, real SQL, sockets that keep what they were sent, and a clock that only the test
// moves. `restart()` leaves what hibernation or a crash leaves: the database and, with hibernation, the attachments.

import { type Actor, anonymous } from "../../src/access/identity.ts";
import { FAILED } from "../../src/object/answers.ts";
import type { LazyDatabase } from "../../src/object/storage/lazy-database.ts";
import { hasTables, migrate } from "../../src/object/storage/migrate.ts";
import type { Outcome, Permission, Topics } from "../../src/protocol/index.ts";
import type { Effects } from "../../src/room/effects.ts";
import { LogStore } from "../../src/room/log/log-store.ts";
import { roomDatabase } from "../../src/room/log/room-database.ts";
import { RoomLog } from "../../src/room/log/room-log.ts";
import { ROOM_SCHEMA } from "../../src/room/log/room-schema.ts";
import type { AuditEntry } from "../../src/room/people/permissions.ts";
import { ReadSheets } from "../../src/room/people/read-sheets.ts";
import { ReceiptStore } from "../../src/room/people/receipt-store.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomConnectionState,
  readState,
} from "../../src/room/people/room-connection.ts";
import { type RoomDefaults, RoomSettings } from "../../src/room/people/room-settings.ts";
import { UserRecords } from "../../src/room/people/user-records.ts";
import { RelayStore } from "../../src/room/relays/relay-store.ts";
import type { RelayPlan } from "../../src/room/relays/relays.ts";
import { Room } from "../../src/room/room.ts";
import type { AppliedCommand } from "../../src/room/room-commands.ts";
import { ScheduleStore } from "../../src/room/time/schedule-store.ts";
import type { Turn } from "../../src/room/turn.ts";
import type { WebhookChoice } from "../../src/room/webhook-source.ts";
import { RoomWebhooks } from "../../src/room/webhooks.ts";
import { SessionStore } from "../../src/session-rooms/room-side/session-store.ts";
import { ROOM_VALIDATORS } from "../../src/validation/commands.ts";
import { parseFrame } from "../../src/validation/parse-frame.ts";
import type { LossReason } from "../../src/webhooks/losses.ts";
import { type Extent, RecordedLog, RecordingLogStore } from "./recorded-log.ts";
import { SocketForTest } from "./socket-for-test.ts";
import { SqliteForTest } from "./sqlite.ts";

export interface RoomTestSettings {
  readonly historyLimit?: number;
  readonly historySeconds?: number;
  readonly ratePerSecond?: number;
  readonly rateBurst?: number;
  readonly messageBytes?: number;
  readonly maxConnections?: number;
  readonly maxSockets?: number;
  readonly maxConnectionsPerUser?: number;
  readonly maxConnectionsPerAddress?: number;
  readonly serverEvents?: readonly string[];
  readonly notedTopics?: readonly string[];
  readonly streamEveryMs?: number;
  readonly streamTimeoutMs?: number;
  readonly maxAgentTurns?: number;
  /** About which events the back end is asked before a message is stored. */
  readonly asksAbout?: (event: string) => boolean;
  /** `false`: the log may be another one after a restart, as after an import. Default: what is stored is recorded. */
  readonly isRecorded?: boolean;
  /** Left out: the back end is told nothing. */
  readonly webhooks?: WebhookChoice;
  /** Left out: all sockets are its own. */
  readonly relays?: Omit<RelayPlan, "life">;
}

export interface ConnectOptions {
  readonly since?: string;
  readonly history?: number;
  /** How far its client has open messages: `seq:n`, separated by commas. */
  readonly have?: string;
  readonly topics?: Topics;
  readonly presence?: boolean;
  readonly permission?: Permission;
  readonly expiresAt?: number;
  readonly frameBytes?: number;
  readonly envelopes?: boolean;
  /** The connection that its client gave up. */
  readonly replaces?: string;
  readonly issuedAt?: number | null;
  /** Default: as long as the token is valid. */
  readonly permissionUntil?: number;
  /** The user's name, which is the id by default. */
  readonly name?: string;
  readonly picture?: string;
  /** For a client without a token. */
  readonly address?: string;
}

export const defaultsOf = (given: RoomTestSettings): RoomDefaults => ({
  historyLimit: given.historyLimit ?? 100,
  historySeconds: given.historySeconds ?? 0,
  maxConnections: given.maxConnections ?? 10_000,
  maxSockets: given.maxSockets ?? 32_000,
  maxConnectionsPerUser: given.maxConnectionsPerUser ?? 100,
  maxConnectionsPerAddress: given.maxConnectionsPerAddress ?? 1_000,
  serverEvents: given.serverEvents ?? [],
  limits: {
    messageBytes: given.messageBytes ?? 32_768,
    frameBytes: 1_048_576,
    ratePerSecond: given.ratePerSecond ?? 1_000_000,
    rateBurst: given.rateBurst ?? 1_000_000,
    slowModeMs: 0,
    listedMembers: 200,
    pingMs: 25_000,
    pongMs: 10_000,
  },
  reconnect: { minMs: 1_000, maxMs: 30_000 },
  streamEveryMs: given.streamEveryMs ?? 40,
  streamTimeoutMs: given.streamTimeoutMs ?? 60_000,
  maxAgentTurns: given.maxAgentTurns ?? 0,
});

export class RoomForTest {
  readonly database = new SqliteForTest();
  readonly faults: unknown[] = [];
  /** What webhooks have lost. */
  readonly lost: { readonly reason: LossReason; readonly count: number }[] = [];
  /** The effects of all flushes since the test last read them. */
  readonly effects: Effects[] = [];
  /** Everything ever stored, in all states. */
  readonly recordedLog = new RecordedLog(() => ({
    slowModeMs: this.room.settings.slowModeMs,
    floor: this.log.floor,
  }));
  now = 1_790_000_000_000;
  /** Called with each flush. */
  onFlush: (effects: Effects) => void = () => {};
  room: Room;
  #settings: RoomTestSettings;
  #open: Person[] = [];
  #last: Effects | undefined;
  #epochs = 0;
  #ids = 0;
  #lives = 0;

  constructor(settings: RoomTestSettings = {}) {
    this.#settings = settings;
    this.room = this.#start();
  }

  get log(): RoomLog {
    return this.room.log;
  }

  /** As the runtime does: also closes what the connection replaces. */
  connect(user: string | null, options: ConnectOptions = {}): Person {
    const { since, history = 50, topics = null, presence = true, permission = "write" } = options;
    const {
      have,
      permissionUntil,
      frameBytes,
      envelopes = false,
      replaces,
      expiresAt = this.now + 3_600_000,
      issuedAt = 0,
      name = user ?? "",
      picture,
      address = "192.0.2.1",
    } = options;
    const identity =
      user === null
        ? anonymous(address)
        : ({
            kind: "user",
            user: { id: user, name, ...(picture !== undefined && { picture }) },
            expiresAt,
            issuedAt,
          } as const);
    if (replaces !== undefined) this.room.giveUp(replaces, identity);
    const socket = new SocketForTest((): Extent => ({ head: this.log.head, floor: this.log.floor }));
    const connection = new RoomConnection(
      socket,
      newConnectionState(`c_${++this.#ids}`, {
        actor: { identity, permission, ...(permissionUntil !== undefined && { permissionUntil }) },
        topics,
        presence: presence && user !== null,
        counted: true,
        history,
        ...(since !== undefined && { since }),
        ...(have !== undefined && { have }),
        ...(frameBytes !== undefined && { frameBytes }),
        ...(envelopes && { envelopes }),
      }),
    );
    connection.update({});
    this.room.connections.admit(connection);
    const person = new Person(this, socket, connection);
    this.#open.push(person);
    return person;
  }

  /** Connects, and lets the first frames arrive. */
  join(user: string | null, options: ConnectOptions = {}): Person {
    const person = this.connect(user, options);
    this.flush();
    return person;
  }

  /** The number of connections of this user. */
  opened(user: string): number {
    return this.#open.filter(({ socket, connection }) => !socket.closed && connection.user?.id === user)
      .length;
  }

  flush(): void {
    // Until it is known who is at relays, nobody is greeted.
    do this.flushOnce();
    while (this.room.hasWork && this.room.relays?.areKnown !== false);
  }

  /** One flush, with what it leaves undone. Its effects must continue those of the last one. */
  flushOnce(): Effects {
    const effects = this.room.flush(this.now);
    const before = this.#last ?? effects;
    // Nothing is stored between two flushes, and no change of the occupancy is missed.
    if (this.#last !== undefined && effects.head.before !== before.head.after)
      throw new Error(`stored outside of a flush: ${before.head.after} → ${effects.head.before}`);
    const { members, connections } = effects.occupancy.after;
    const now = this.room.roomPresence.occupancy;
    if (members !== now.members || connections !== now.connections) throw new Error("a wrong occupancy");
    this.#last = effects;
    this.effects.push(effects);
    this.onFlush(effects);
    return effects;
  }

  /** The time at which the last flush wanted the next one. */
  get dueAt(): number | null {
    return this.#last?.dueAt ?? null;
  }

  get audited(): AuditEntry[] {
    return this.effects.flatMap(({ audit }) => audit);
  }

  /** Whether the state that the last flush left must be kept in memory. */
  get isKept(): boolean {
    return this.room.life(this.now).isKept;
  }

  /** A call over HTTP. */
  call<T>(actor: Actor, run: (turn: Turn) => Outcome<T>): Outcome<T> {
    let outcome: Outcome<T> = { ok: false, refusal: FAILED };
    this.room.enqueue({
      kind: "call",
      actor,
      cost: 1,
      run: (turn) => {
        outcome = run(turn);
      },
      refused: (refusal) => {
        outcome = { ok: false, refusal };
      },
    });
    this.flush();
    return outcome;
  }

  later(ms: number): void {
    this.now += ms;
    this.flush();
  }

  /** `listed`: with hibernation, those whose sockets the runtime lists. Default: all. */
  restart(
    how: "hibernate" | "crash",
    settings: RoomTestSettings = this.#settings,
    listed: readonly Person[] = this.#open,
  ): void {
    this.#settings = settings;
    this.room = this.#start();
    this.#last = undefined;
    const survivors = how === "crash" ? [] : this.#open.filter(({ socket }) => socket.closed === undefined);
    for (const { socket } of this.#open) if (how === "crash") socket.close(1006, "");
    this.#open = survivors;
    this.room.restore(survivors.filter((person) => listed.includes(person)).map((person) => person.wake()));
  }

  #start(): Room {
    const newEpoch = () => `e${++this.#epochs}`;
    const defaults = defaultsOf(this.#settings);
    const epoch = newEpoch();
    const beginning = { epoch, ring: defaults.historyLimit, now: this.now };
    // Created, as by a user's first opening.
    if (!hasTables(this.database.sql)) {
      migrate(this.database, ROOM_SCHEMA);
      LogStore.begin(this.database, beginning);
    }
    const database = roomDatabase(this.database, beginning);
    const settings = new RoomSettings(database.sql, defaults);
    const { historyLimit } = settings;
    const store =
      this.#settings.isRecorded === false
        ? new LogStore(database, historyLimit)
        : new RecordingLogStore(database, historyLimit, this.recordedLog);
    const webhooks = this.#makeWebhooks(database, store);
    const log = new RoomLog(store, { newEpoch: epoch, now: this.now });
    const users = new UserRecords(database.sql);
    const sessions = new SessionStore(database.sql);
    const schedule = new ScheduleStore(database, store.hasScheduled);
    const receipts = new ReceiptStore(database);
    const sheets = new ReadSheets(database.sql, (entry) => receipts.put(entry));
    const relays = new RelayStore(database.sql, settings.relaysAtStart);
    const storage = { settings, log, users, receipts, sheets, sessions, schedule, relays, webhooks };
    return new Room("test", storage, {
      newEpoch,
      notedTopics: this.#settings.notedTopics ?? [],
      random: () => 0.5,
      reportFault: (error) => this.faults.push(error),
      reportUnwritten: (error) => this.faults.push(error),
      asksAbout: this.#settings.asksAbout,
      relays: this.#settings.relays && { ...this.#settings.relays, life: `life${++this.#lives}` },
    });
  }

  #makeWebhooks(database: LazyDatabase, store: LogStore): RoomWebhooks | undefined {
    const { webhooks } = this.#settings;
    if (webhooks === undefined) return undefined;
    return new RoomWebhooks("test", database, store, webhooks, {
      isMade: () => database.isMade,
      random: () => 0.5,
      lost: (reason, count) => this.lost.push({ reason, count }),
    });
  }
}

/** One connection of a user. */
export class Person {
  readonly socket: SocketForTest;
  readonly #test: RoomForTest;
  connection: RoomConnection;

  constructor(test: RoomForTest, socket: SocketForTest, connection: RoomConnection) {
    this.#test = test;
    this.socket = socket;
    this.connection = connection;
  }

  /** Queues a command, as the runtime does with what a socket received; `flush()` lets it take effect. */
  say(...commands: unknown[]): void {
    for (const command of commands) {
      const frame = typeof command === "string" ? command : JSON.stringify(command);
      for (const parsed of parseFrame<AppliedCommand>(frame, ROOM_VALIDATORS_BUT_AUTH)) {
        this.#test.room.enqueue({ ...parsed, connection: this.connection });
      }
    }
  }

  /** Sends a message and flushes. */
  send(id: string, data: unknown = id, more: object = {}): void {
    this.say({ type: "send", id, data, ...more });
    this.#test.flush();
  }

  /** Sends a command, and returns its answer. */
  ask(command: { readonly id: string } & Readonly<Record<string, unknown>>) {
    this.say(command);
    this.#test.flush();
    return this.socket.events.findLast(
      ({ type, id }) => (type === "ok" || type === "error") && id === command.id,
    );
  }

  leave(departure: "left" | "lost"): void {
    this.socket.close(departure === "left" ? 1000 : 1006, "");
    this.#test.room.enqueue({ kind: "leave", connection: this.connection, departure });
    this.#test.flush();
  }

  get seqs(): unknown[] {
    return this.socket.ofType("message").map(({ seq }) => seq);
  }

  get state(): RoomConnectionState {
    return this.connection.state;
  }

  /** As the object does when it wakes. */
  wake(): RoomConnection {
    const state = readState(this.socket.attachment);
    if (state === undefined) throw new Error("the attachment cannot be read");
    this.connection = new RoomConnection(this.socket, state);
    return this.connection;
  }
}

const { auth: _, ...ROOM_VALIDATORS_BUT_AUTH } = ROOM_VALIDATORS;
