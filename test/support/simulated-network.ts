// Connects a client's fake socket with a room without a runtime: a wire that delays, breaks off anywhere in either
// direction, stops silently, and leaves dead connections. It also does what a runtime does around the rules: tokens,
// heartbeats, flushes when they are due. A new kind of fault is a method of `Wire`.

import { type Actor, SERVER } from "../../src/access/identity.ts";
import { CommandBarrier } from "../../src/object/command-barrier.ts";
import {
  accept,
  closeCode,
  closeReason,
  type Outcome,
  type Permission,
  PING_FRAME,
  PONG_FRAME,
  type RoomCommand,
  refuse,
  type Topics,
} from "../../src/protocol/index.ts";
import type { Room } from "../../src/room/room.ts";
import type { AppliedCommand } from "../../src/room/room-commands.ts";
import { PublishGate, type PublishGatePorts } from "../../src/room/runtime/publish-gate.ts";
import type { Turn } from "../../src/room/turn.ts";
import { ROOM_VALIDATORS } from "../../src/validation/commands.ts";
import { parseFrame } from "../../src/validation/parse-frame.ts";
import type { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import type { Extent } from "./recorded-log.ts";
import { type Person, RoomForTest, type RoomTestSettings } from "./room-for-test.ts";

/** A token contains the user, its expiry and perhaps the permission: `usr_1.1790000060000.moderate`. */
export const tokenOf = (user: string, expiresAt: number, permission: Permission = "write"): string =>
  `${user}.${Math.floor(expiresAt)}.${permission}`;

function readToken(token: string): { user: string; expiresAt: number; permission: Permission } {
  const [user = "", expiresAt, permission] = token.split(".");
  return { user, expiresAt: Number(expiresAt), permission: permission === "moderate" ? "moderate" : "write" };
}

export function verifyToken(token: string, now: number): Outcome<Actor> {
  const { user, expiresAt, permission } = readToken(token);
  if (expiresAt <= now) return { ok: false, refusal: TOO_LATE };
  const identity = { kind: "user", user: { id: user, name: user }, expiresAt, issuedAt: 0 } as const;
  return { ok: true, value: { identity, permission } };
}

const TOO_LATE = refuse("token_expired", "too late");

export interface ServerSettings extends RoomTestSettings {
  /** The back end that is asked before a message is stored. */
  readonly judge?: PublishGatePorts["judge"];
}

export class SimulatedServer {
  readonly room: RoomForTest;
  readonly #now: () => number;
  readonly #judge: PublishGatePorts["judge"] | undefined;
  /** Questions without an answer yet. */
  #asked = 0;
  #connects = 0;
  #gate: PublishGate | undefined;
  #barrier: CommandBarrier<Person, AppliedCommand, Outcome<Actor>>;

  constructor({ judge, ...settings }: ServerSettings, now: () => number) {
    this.room = new RoomForTest(settings);
    this.#now = now;
    this.#judge = judge;
    this.#gate = this.#newGate();
    this.#barrier = this.#newIntake();
  }

  connect(socket: FakeSocket, presence: boolean): Outcome<Person> {
    this.room.now = this.#now();
    const token = socket.protocols[1]?.slice("token.".length) ?? "";
    const actor = this.#verify(token);
    if (!actor.ok) return actor;
    const refusal = this.room.room.openingRefusal(actor.value, this.room.now);
    if (refusal !== undefined) return { ok: false, refusal };
    const { user, expiresAt, permission } = readToken(token);
    const { searchParams } = socket.url;
    const since = searchParams.get("since");
    this.#connects += 1;
    const person = this.room.connect(user, {
      ...(since !== null && { since }),
      history: Number(searchParams.get("history") ?? 50),
      topics: topicsOf(socket),
      presence,
      permission,
      expiresAt,
      // Each second one finds a server that does not know what it asks for.
      envelopes: searchParams.get("batch") === "envelopes" && this.#connects % 2 === 0,
    });
    return { ok: true, value: person };
  }

  receive(person: Person, text: string): void {
    if (text === PING_FRAME) {
      person.socket.pingedAt = this.#now();
      person.socket.send(PONG_FRAME);
    } else void this.#barrier.receive(person, text);
  }

  gone(person: Person, departure: "left" | "lost"): void {
    person.socket.close(departure === "left" ? 1000 : 1006, "");
    const { connection } = person;
    const { room } = this.room;
    this.#gate?.ended(connection);
    this.#barrier.afterwards(person, () => room.enqueue({ kind: "leave", connection, departure }));
  }

  get now(): number {
    return this.#now();
  }

  flush(): void {
    this.room.now = this.#now();
    this.room.flush();
  }

  /** Like a call of server code over HTTP. */
  call(run: (room: Room, turn: Turn) => void): void {
    this.room.now = this.#now();
    this.room.call(SERVER, (turn) => accept(run(this.room.room, turn)));
  }

  flushIfDue(): void {
    const dueAt = this.room.dueAt;
    if (dueAt !== null && dueAt <= this.#now()) this.flush();
  }

  /** As the alarm does. */
  sweep(): void {
    this.room.room.connections.sweep(this.#now());
    this.flush();
  }

  /** Only an object that has nothing to do is unloaded; a crash can happen at any time. */
  restart(how: "hibernate" | "crash", settings?: RoomTestSettings): boolean {
    this.room.now = this.#now();
    if (how === "hibernate") {
      // A question that is under way keeps the object awake.
      if (this.#asked > 0) return false;
      this.room.flush();
      if (this.room.dueAt !== null) return false;
    }
    this.room.restart(how, settings);
    this.#asked = 0;
    this.#gate = this.#newGate();
    this.#barrier = this.#newIntake();
    this.room.room.connections.sweep(this.room.now);
    return true;
  }

  #newGate(): PublishGate | undefined {
    const { beforePublish } = this.room.room;
    const judge = this.#judge;
    if (beforePublish === undefined || judge === undefined) return undefined;
    return new PublishGate(this.room.room, beforePublish, {
      now: () => this.#now(),
      closes: () => true,
      judge: async (question) => {
        const { room } = this.room;
        this.#asked++;
        const judged = await judge(question);
        if (room === this.room.room) this.#asked--;
        return judged;
      },
    });
  }

  #newIntake(): CommandBarrier<Person, AppliedCommand, Outcome<Actor>> {
    const gate = this.#gate;
    const { room } = this.room;
    return new CommandBarrier({
      parse: (frame) => parseFrame<RoomCommand>(frame, ROOM_VALIDATORS),
      charge: ({ connection }) => this.room.room.chargeAuth(connection, this.#now()),
      verify: async (_, token) => this.#verify(token),
      accept: (person, parsed) => room.enqueue({ ...parsed, connection: person.connection }),
      authenticated: ({ connection }, id, outcome) => room.enqueue({ kind: "auth", connection, id, outcome }),
      ...(gate !== undefined && {
        ask: ({ connection }: Person, command: AppliedCommand) => gate.ask(connection, command),
      }),
      passedOn: () => {
        if (room === this.room.room) this.flush();
      },
    });
  }

  #verify(token: string): Outcome<Actor> {
    return verifyToken(token, this.#now());
  }

  /** Has all that is under way arrive. */
  async settle(): Promise<void> {
    this.flush();
  }
}

export function topicsOf(socket: FakeSocket): Topics {
  const topics = socket.url.searchParams.get("topics");
  return topics === null ? null : topics.split(",");
}

export interface WireEvents {
  /** Called before the client receives it, with the log when it was sent. */
  onDown(text: string, extent: Extent): void;
  onUp(text: string): void;
  /** Called after the client received it. */
  onGiven(): void;
}

export class Wire {
  readonly socket: FakeSocket;
  readonly #server: SimulatedServer;
  readonly #events: WireEvents;
  readonly #presence: boolean;
  #person: Person | undefined;
  #read = 0;
  #given = 0;
  #clientGone = false;
  #serverGone = false;
  /** Nothing gets through any more, and neither end notices. */
  #dead = false;

  constructor(socket: FakeSocket, server: SimulatedServer, presence: boolean, events: WireEvents) {
    this.socket = socket;
    this.#server = server;
    this.#presence = presence;
    this.#events = events;
    socket.answersPings = false;
  }

  get over(): boolean {
    return this.#clientGone && this.#serverGone;
  }

  /** Whether everything that the server sent has arrived. */
  get drained(): boolean {
    return this.waiting === 0;
  }

  get waiting(): number {
    return (this.#person?.socket.frames.length ?? 0) - this.#given;
  }

  get arrived(): boolean {
    return this.#person !== undefined && !this.#clientGone && !this.#dead;
  }

  /** Moves at most this many texts up and down. */
  exchange(up: number, down: number): void {
    if (this.#dead || this.over) {
      this.#notice();
      return;
    }
    if (this.#person === undefined) {
      this.#arrive();
      return;
    }
    this.#moveUp(this.#person, up);
    this.#moveDown(this.#person, down);
  }

  /** Breaks the connection. An end that does not notice keeps a dead connection. */
  breakOff(notices: "both" | "client" | "server"): void {
    if (notices !== "server") this.#endClient(1006);
    if (notices !== "client") this.#endServer("lost");
    this.#dead = true;
  }

  #arrive(): void {
    const came = this.#server.connect(this.socket, this.#presence);
    if (came.ok) {
      this.#person = came.value;
      return;
    }
    this.#serverGone = true;
    this.#endClient(closeCode(came.refusal.code), closeReason(came.refusal));
  }

  #moveUp(person: Person, count: number): void {
    const { texts, closedWith } = this.socket;
    for (let n = 0; n < count && this.#read < texts.length; n++) {
      const text = texts[this.#read++] ?? "";
      this.#events.onUp(text);
      if (person.socket.closed === undefined) this.#server.receive(person, text);
    }
    if (closedWith === undefined || this.#read < texts.length) return;
    this.#endServer(closedWith === 1000 ? "left" : "lost");
    this.#endClient(closedWith);
  }

  #moveDown(person: Person, count: number): void {
    const { frames, marks, closed } = person.socket;
    for (let n = 0; n < count && this.#given < frames.length; n++) {
      const extent = marks[this.#given] as Extent; // as the room marks them
      const text = frames[this.#given++] ?? "";
      if (this.#clientGone || this.socket.closedWith !== undefined) continue;
      this.#events.onDown(text, extent);
      this.socket.deliverText(text);
      this.#events.onGiven();
    }
    if (closed === undefined || this.#given < frames.length) return;
    this.#serverGone = true;
    this.#endClient(closed.code, closed.reason);
  }

  /** The ends of a dead wire notice by themselves: by a missing heartbeat, or by a sweep. */
  #notice(): void {
    if (this.socket.closedWith !== undefined) this.#clientGone = true;
    if (this.#person === undefined || this.#person.socket.closed !== undefined) this.#serverGone = true;
  }

  #endClient(code: number, reason = ""): void {
    if (this.#clientGone) return;
    this.#clientGone = true;
    this.socket.end(code, reason);
  }

  #endServer(departure: "left" | "lost"): void {
    if (this.#serverGone) return;
    this.#serverGone = true;
    if (this.#person?.socket.closed === undefined && this.#person !== undefined) {
      this.#server.gone(this.#person, departure);
    }
  }
}
