// Places in a simulated room, one for each kind of connection. Frames wait on their way until they are delivered, and some of
// them are lost with the connection.

import type { Actor } from "../../../src/access/identity.ts";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import type { SessionItem } from "../../../src/session-rooms/session-delivery.ts";
import {
  joinedRoom,
  keepTold,
  passOn,
  setJoined,
  type Told,
} from "../../../src/session-rooms/user-side/joined-rooms.ts";
import { SessionConnection } from "../../../src/user/session-connection.ts";
import type { Person, RoomForTest } from "../room-for-test.ts";
import { SocketForTest } from "../socket-for-test.ts";

/** Where a client's frames come from. */
export interface Seat {
  readonly name: string;
  readonly isConnected: boolean;
  /** Begins anew. The frames of the connection before are lost. */
  connect(from: { readonly since?: string | undefined; readonly have?: string }): void;
  /** Queues a command. */
  say(command: object): void;
  /** The frames that have come, at most so many. */
  take(most?: number): readonly string[];
  /** Its connection breaks off. `isNoticed`: the room learns of it at once. */
  cut(isNoticed: boolean): void;
  /** After each flush. */
  flushed(): void;
  /** The room's object has lost its memory. */
  restarted(how: "hibernate" | "crash"): void;
}

export const SOCKET_KINDS = ["socket", "quiet", "anonymous", "small frames", "polled"] as const;
export type SocketKind = (typeof SOCKET_KINDS)[number];

/** A connection of its own: a socket, or calls that fetch its frames. */
export class SocketSeat implements Seat {
  readonly name: string;
  readonly #room: RoomForTest;
  readonly #kind: SocketKind;
  #person: Person | undefined;
  #left: Person | undefined;

  constructor(room: RoomForTest, name: string, kind: SocketKind) {
    this.#room = room;
    this.name = name;
    this.#kind = kind;
  }

  get isConnected(): boolean {
    return this.#person !== undefined && this.#person.socket.closed === undefined;
  }

  connect({ since, have }: { readonly since?: string | undefined; readonly have?: string }): void {
    const kind = this.#kind;
    const isAnonymous = kind === "anonymous";
    const gaveUp = isAnonymous ? undefined : this.#left?.state.id;
    this.#left = undefined;
    this.#person = this.#room.connect(isAnonymous ? null : this.name, {
      ...(isAnonymous && { permission: "read", address: "192.0.2.7" }),
      ...(kind === "quiet" && { presence: false }),
      ...(kind === "small frames" && { frameBytes: 4_096 }),
      ...(since !== undefined && { since }),
      ...(have !== undefined && have !== "" && { have }),
      ...(gaveUp !== undefined && { replaces: gaveUp }),
    });
  }

  say(command: object): void {
    this.#person?.say(command);
  }

  take(most = Number.POSITIVE_INFINITY): readonly string[] {
    const { socket } = this.#person ?? {};
    if (socket === undefined) return [];
    socket.marks.length = 0;
    const taken = socket.frames.splice(0, most);
    this.#weigh();
    return taken;
  }

  cut(isNoticed: boolean): void {
    const person = this.#person;
    this.#person = undefined;
    if (person === undefined || person.socket.closed !== undefined) return;
    if (isNoticed) person.leave("lost");
    else this.#left = person;
  }

  flushed(): void {
    this.#weigh();
  }

  restarted(how: "hibernate" | "crash"): void {
    if (how === "hibernate") return;
    this.#person = undefined;
    this.#left = undefined;
  }

  /** Frames of a client that polls are kept until it has them. */
  #weigh(): void {
    const { socket } = this.#person ?? {};
    if (socket === undefined || this.#kind !== "polled") return;
    socket.unsent = socket.frames.reduce((sum, { length }) => sum + length, 0);
  }
}

/** A room on a session: the user's object has the socket, and one delivery is under way at a time. */
export class SessionSeat implements Seat {
  readonly name: string;
  readonly #room: RoomForTest;
  /** From 0 to below 1. */
  readonly #random: () => number;
  #socket = new SocketForTest();
  #session: SessionConnection | undefined;
  #items: SessionItem[] = [];
  #joins = 0;
  readonly tally = { twice: 0, lostItems: 0 };

  constructor(room: RoomForTest, name: string, random: () => number) {
    this.#room = room;
    this.name = name;
    this.#random = random;
  }

  get isConnected(): boolean {
    return this.#session !== undefined && joinedRoom(this.#session, ROOM) !== undefined;
  }

  connect({ since, have }: { readonly since?: string | undefined; readonly have?: string }): void {
    this.#joins += 1;
    const join = `${this.name}-${this.#joins}`;
    const session = this.#session ?? this.#open();
    setJoined(session, ROOM, { join, told: null });
    const { identity } = session;
    const actor: Actor = { identity, permission: "write" };
    this.#room.room.sessions.join({
      ...{ connection: session.state.id, join, id: join, actor, topics: null, presence: true, history: 50 },
      ...(since !== undefined && { since }),
      ...(have !== undefined && have !== "" && { have }),
      revokedTokens: NONE_REVOKED,
    });
  }

  say(): void {}

  /** Not the items: they are between two objects. */
  take(most = Number.POSITIVE_INFINITY): readonly string[] {
    return this.#socket.frames.splice(0, most);
  }

  /** Its own socket breaks off: all that the user's object had for it is gone. */
  cut(isNoticed: boolean): void {
    const id = this.#session?.state.id;
    this.#session = undefined;
    if (id !== undefined && isNoticed) this.#room.room.sessions.leave(id, "lost");
  }

  add(item: SessionItem): void {
    this.#items.push(item);
  }

  is(connection: string): boolean {
    return connection.startsWith(`s_${this.name}_`);
  }

  flushed(): void {
    const chance = this.#random();
    // Some deliveries take longer than the next flush.
    if (chance < 0.2) return;
    let items: readonly SessionItem[] = this.#items;
    this.#items = [];
    // An answer that is lost has the same items come again; after some tries they are given up.
    if (chance < 0.3 && items.length > 0) {
      this.tally.twice += 1;
      this.#pass(items);
    }
    // That a room has ended comes once more with a sweep, which takes a while.
    if (chance > 0.98 && items.length > 0 && items.every(({ left }) => left === undefined)) {
      this.tally.lostItems += 1;
      this.#room.room.sessions.givenUp(items);
      return;
    }
    while (items.length > 0)
      items = this.#room.room.sessions.answered(items, this.#pass(items), this.#room.now);
  }

  restarted(): void {
    // What was under way is lost. The session lives on, as the user's object has it.
    this.#items = [];
  }

  #pass(items: readonly SessionItem[]) {
    const session = this.#session;
    const told: Told = new Map();
    const answers = items.map((item) =>
      session?.state.id === item.connection ? passOn(session, ROOM, item, told) : ({ kind: "gone" } as const),
    );
    for (const [to, seq] of told) keepTold(to, ROOM, seq);
    return answers;
  }

  #open(): SessionConnection {
    this.#socket = new SocketForTest();
    const user = { id: this.name, name: this.name };
    this.#session = new SessionConnection(this.#socket, {
      ...{ version: 1, id: `s_${this.name}_${this.#joins}`, topics: null, pingedAt: null, rooms: {} },
      ...{ stage: { at: "live" }, claim: { at: "attachment", claim: undefined } },
      identity: { kind: "user", user, expiresAt: this.#room.now + 36_000_000, issuedAt: 0 },
    });
    return this.#session;
  }
}

const ROOM = "test";
