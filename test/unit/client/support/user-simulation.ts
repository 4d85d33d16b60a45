// One client behind which users change by chance, with rooms on sockets of their own and on the session: connections are
// greeted, lost, renewed, suspended and started over at any moment. Each thing that the app says is marked with the user
// for whom it says it, and the far end looks as whom it comes.

import type { OnUserChange } from "../../../../client/connection/transport/user-guard.ts";
import { Client } from "../../../../client/core/client.ts";
import { inboxOf, sharedRoom } from "../../../../client/index.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import { seededRandom } from "../../../../client/testing/seeded-random.ts";
import { FakeClock } from "../../../../client/testing/time/fake-clock.ts";
import type { RoomsError } from "../../../../client/util/errors.ts";
import { isRecord } from "../../../../src/protocol/index.ts";
import { FakeSession } from "./fake-session.ts";
import type { FakeSocket, Frame } from "./fake-sockets.ts";
import { caughtUp, connected, EXPIRES_AT, sessionConnected } from "./frames.ts";

const STEPS = 120;
const USERS = ["ada", "bo", "cy"];
const TOKEN_LIFE_MS = 60_000;

const userOf = ({ protocols }: FakeSocket) => protocols.at(-1)?.split(".")[2];

export class UserSimulation {
  readonly clock = new FakeClock();
  /** What came as another user than the one for whom it was said. */
  readonly faults: unknown[] = [];
  changes = 0;
  readonly #random: () => number;
  readonly #session = new FakeSession();
  readonly #client: Client;
  readonly #rooms: readonly RoomHandle[];
  readonly #wakers = new Set<(isCrowd: boolean) => void>();
  readonly #suspenders = new Set<(why: string) => void>();
  readonly #greeted = new Set<FakeSocket>();
  readonly #lost = new Set<FakeSocket>();
  #signedIn = "ada";
  /** As the app knows; after a change only who it is not, if it knew. */
  #said: { by?: string | undefined; notBy?: string | undefined } = {};
  #change: RoomsError | undefined;
  #ids = 0;

  constructor(seed: number, onUserChange: OnUserChange) {
    this.#random = seededRandom(seed);
    this.#session.greets = false;
    this.#session.rooms.onDial = (socket) => {
      socket.onCommand = (command) => this.#onCommand(socket, command);
    };
    this.#client = this.#connect(onUserChange);
    const [a, b] = [this.#client.room("a"), this.#client.room("b")];
    this.#rooms = [a, b, sharedRoom(this.#client, "c"), sharedRoom(this.#client, "d")];
    inboxOf(this.#client).on("state", () => {});
    for (const room of this.#rooms) this.#listen(room, onUserChange);
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      await this.clock.settle();
      if (this.#chance(0.15)) await this.clock.advance(this.#random() * 20_000);
    }
    this.#client.close();
    await this.clock.settle();
  }

  get left(): number {
    return this.clock.pending + this.#wakers.size + this.#suspenders.size;
  }

  #connect(onUserChange: OnUserChange): Client {
    const listenWith =
      <Fn>(listeners: Set<Fn>) =>
      (fn: Fn) => {
        listeners.add(fn);
        return () => listeners.delete(fn);
      };
    return new Client(
      {
        ...{ url: "https://rooms.example.com", log: "off", polling: "never", onUserChange },
        reconnect: { minMs: 100, maxMs: 400 },
        getToken: () => `t${++this.#ids}.${this.#signedIn}.s`,
      },
      {
        clock: this.clock,
        random: this.#random,
        newId: () => `id${++this.#ids}`,
        dial: (url, protocols, events) => {
          const socket = this.#session.dial(url, protocols, events);
          const { onCommand } = socket;
          if (new URL(url).pathname === "/v1/connect")
            socket.onCommand = (command) =>
              command.type === "auth" ? this.#onCommand(socket, command) : onCommand(command);
          return socket;
        },
        fetch: () => Promise.reject(new TypeError("nothing is called over HTTP here")),
        origin: undefined,
        onWake: listenWith(this.#wakers),
        onSuspend: listenWith(this.#suspenders),
        tabStore: {},
      },
    );
  }

  #listen(room: RoomHandle, onUserChange: OnUserChange): void {
    room.on("connected", ({ user }) => {
      this.#said = { by: user?.id };
      if (this.#chance(0.1)) room.reconnect();
    });
    room.on("error", (error) => {
      if (error.code !== "user_changed") return;
      // A client that ends is that of its user for good. One that starts over says each change in all rooms.
      if (onUserChange === "startOver" && error !== this.#change) this.#said = { notBy: this.#said.by };
      if (error !== this.#change) this.changes += 1;
      this.#change = error;
      this.#say();
    });
    room.on("state", () => this.#chance(0.1) && this.#say());
  }

  #say(): void {
    const room = this.#pick(this.#rooms);
    const roll = this.#random();
    if (roll < 0.6) void room?.send(this.#said);
    else if (roll < 0.7) void room?.setPresence({ data: this.#said });
    else if (roll < 0.8) void this.#client.setPresence({ data: this.#said });
    else room?.signal("wave", this.#said);
  }

  #step(): void {
    const roll = this.#random();
    const room = this.#pick(this.#open(this.#session.rooms.all));
    const session = this.#open(this.#session.sessions.all).at(-1);
    if (roll < 0.06) this.#signedIn = this.#pick(USERS) ?? "";
    else if (roll < 0.3) this.#say();
    else if (roll < 0.55 && room) this.#greet(room, connected({ room: room.url.pathname.split("/")[3] }));
    else if (roll < 0.75 && session) this.#greet(session, sessionConnected());
    else if (roll < 0.82 && room) this.#lose(room);
    else if (roll < 0.86 && session) this.#lose(session);
    else if (roll < 0.89) this.#pick([...this.#suspenders])?.("The page sleeps.");
    else if (roll < 0.92) this.#pick([...this.#wakers])?.(this.#chance(0.5));
    else if (roll < 0.96) this.#pick(this.#rooms)?.reconnect();
    else if (roll < 0.98) this.#client.reconnect();
    else this.#client.disconnect();
  }

  #greet(socket: FakeSocket, frame: Frame): void {
    if (this.#greeted.has(socket)) return;
    this.#greeted.add(socket);
    const at = EXPIRES_AT - 3_600_000 + this.clock.elapsed();
    socket.deliver(
      { ...frame, user: { id: userOf(socket) }, at, expiresAt: at + TOKEN_LIFE_MS },
      caughtUp(0),
    );
  }

  #lose(socket: FakeSocket): void {
    this.#lost.add(socket);
    socket.end(this.#chance(0.5) ? 1006 : 4401);
  }

  #onCommand(socket: FakeSocket, { type, id, data, token }: Frame): void {
    const user = userOf(socket);
    const { by = user, notBy = undefined } = isRecord(data) ? data : {};
    if (by !== user || notBy === user) this.faults.push([type, data, "came as", user]);
    if (type === "send") socket.deliver({ type: "ok", id, seq: 1, at: 1, duplicate: true });
    else if (type === "presence") socket.deliver({ type: "ok", id });
    else if (type === "auth" && String(token).split(".")[1] === user)
      socket.deliver({ type: "ok", id, expiresAt: this.clock.now() + TOKEN_LIFE_MS });
    else if (type === "auth")
      socket.deliver({ type: "error", id, code: "forbidden", message: "Another user's." });
  }

  #open(sockets: readonly FakeSocket[]): FakeSocket[] {
    return sockets.filter((socket) => socket.closedWith === undefined && !this.#lost.has(socket));
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)];
  }
}
