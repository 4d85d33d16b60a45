// A room whose clients are at relays, without a runtime: real rules of both, and calls between them that are late, fail
// or lose their answers. A further fault is a fate of a call.

import type { Actor } from "../../src/access/identity.ts";
import type { Departure } from "../../src/object/close-codes.ts";
import { CommandBarrier } from "../../src/object/command-barrier.ts";
import {
  closeCode,
  closeReason,
  type Outcome,
  PING_FRAME,
  PONG_FRAME,
  type RoomCommand,
} from "../../src/protocol/index.ts";
import { HeldSocket } from "../../src/relay/held-socket.ts";
import type { RecentBounds } from "../../src/room/log/recent-log.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomUpgrade,
} from "../../src/room/people/room-connection.ts";
import type {
  Dispatch,
  DispatchAnswer,
  Upload,
  UploadAnswer,
  UploadItem,
} from "../../src/room/relays/relay-calls.ts";
import { hubOf } from "../../src/room/relays/relay-numbers.ts";
import type { AppliedCommand } from "../../src/room/room-commands.ts";
import { ROOM_VALIDATORS } from "../../src/validation/commands.ts";
import { parseFrame } from "../../src/validation/parse-frame.ts";
import type { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import { ComparedPages } from "./compared-pages.ts";
import type { Extent } from "./recorded-log.ts";
import { Person, type RoomTestSettings } from "./room-for-test.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedHubs } from "./simulated-hubs.ts";
import { type ServerSettings, SimulatedServer, topicsOf, verifyToken } from "./simulated-network.ts";
import { SimulatedRelay } from "./simulated-relay.ts";
import { SocketForTest } from "./socket-for-test.ts";

interface PendingUpload {
  readonly upload: Upload;
  readonly resolve: (answer: UploadAnswer) => void;
  readonly reject: (error: Error) => void;
}

type JoinItem = Extract<UploadItem, { kind: "join" }>;

/** `direct`: relays without a hub. `each`: how many connections one takes. */
export interface SimulatedRelays {
  readonly direct?: number | undefined;
  readonly each?: number;
  readonly recent?: RecentBounds | undefined;
}

const TRIES = 4;

export class RelayedServer extends SimulatedServer {
  readonly settings: RoomTestSettings;
  readonly tally = { lostCalls: 0, lostAnswers: 0, givenUp: 0, relaySleeps: 0, relayCrashes: 0, doubts: 0 };
  /** Whether calls between the objects fail. */
  isFaulty = true;
  /** Those of relays, compared with what the rows say. */
  readonly pages = new ComparedPages();
  readonly hubs: SimulatedHubs;
  readonly #random: SeededRandom;
  readonly #relays = new Map<number, SimulatedRelay>();
  readonly #ofPerson = new WeakMap<Person, SimulatedRelay>();
  /** Relays that could not be asked who is there, and have not answered since. */
  readonly #silent = new Set<number>();
  #uploads: PendingUpload[] = [];
  /** Joins that are not decided yet: the user's object is asked. */
  #asked: { readonly relay: number; readonly item: JoinItem }[] = [];
  #deafTo = 0;
  #extent: Extent = { head: 0, floor: 0 };
  #ids = 0;
  #relayedBarrier = this.#newRelayedBarrier();

  constructor(
    settings: ServerSettings,
    now: () => number,
    random: SeededRandom,
    { direct = 40, each = 3, recent }: SimulatedRelays = {},
  ) {
    const plan = {
      ...{ above: 0, each, direct, ...(recent !== undefined && { recent }) },
      isHeld: (connection: RoomConnection) => this.#relayedBarrier.settled(connection) !== undefined,
    };
    super({ ...settings, relays: plan }, now);
    this.settings = { ...settings, relays: plan };
    this.#random = random;
    this.room.onFlush = ({ dispatches }) => {
      const extent = { head: this.room.log.head, floor: this.room.log.floor };
      this.pages.note(this.room, dispatches);
      for (const addressed of dispatches) {
        const { number, dispatch } = addressed;
        if (hubOf(number) !== 0) this.hubs.take(addressed, extent);
        else this.#relayOf(number).queue.push({ dispatch: structuredClone(dispatch), extent });
      }
    };
    this.hubs = this.#makeHubs();
  }

  override connect(socket: FakeSocket, presence: boolean): Outcome<Person> {
    this.room.now = this.now;
    const actor = verifyToken(socket.protocols[1]?.slice("token.".length) ?? "", this.now);
    if (!actor.ok) return actor;
    const chosen = this.room.room.relays?.choose(actor.value.identity, "");
    if (chosen === undefined) return super.connect(socket, presence);
    return {
      ok: true,
      value: this.#join(this.#relayOf(chosen.number), upgradeOf(socket, actor.value, presence)),
    };
  }

  override receive(person: Person, text: string): void {
    const at = this.#ofPerson.get(person);
    if (at === undefined) super.receive(person, text);
    else if (text === PING_FRAME) {
      person.socket.pingedAt = this.now;
      person.socket.send(PONG_FRAME);
    } else at.relay.receive(person.connection, text);
  }

  override gone(person: Person, departure: "left" | "lost"): void {
    const at = this.#ofPerson.get(person);
    if (at === undefined) super.gone(person, departure);
    else {
      person.socket.close(departure === "left" ? 1000 : 1006, "");
      person.connection.forget();
      at.relay.gone(person.connection, departure);
    }
  }

  override flush(): void {
    this.#decideJoins();
    this.#takeUploads();
    // An upload may be answered when it is taken, or when what it brought is durable.
    if (this.#random.next() < 0.5) this.#answerUploads();
    super.flush();
    this.#answerUploads();
    for (const relay of this.#relays.values()) this.#deliver(relay);
    this.hubs.deliver();
  }

  override async settle(): Promise<void> {
    const wasFaulty = this.isFaulty;
    this.isFaulty = false;
    for (let round = 0; round < 20; round++) {
      // A room asks them again with its next dispatch, or from its alarm.
      if (round === 10 && this.#silent.size > 0) this.room.room.relays?.sweep();
      this.flush();
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
    this.isFaulty = wasFaulty;
  }

  override sweep(): void {
    this.room.room.relays?.sweep();
    for (const { relay } of this.#relays.values()) relay.sweep();
    super.sweep();
  }

  override restart(how: "hibernate" | "crash", settings?: RoomTestSettings): boolean {
    if (this.#random.next() < 0.2) this.hubs.crash((hubs) => this.#random.pick(hubs));
    if (this.#random.next() < 0.5) return this.#restartRelay(how);
    const isBusy =
      this.hubs.isBusyWith() ||
      this.#uploads.length + this.#asked.length > 0 ||
      [...this.#relays.values()].some(({ queue }) => queue.length > 0);
    if (how === "hibernate" && isBusy) return false;
    const { relays } = this.settings;
    if (!super.restart(how, settings && { ...settings, ...(relays && { relays }) })) return false;
    for (const { reject } of this.#uploads.splice(0)) reject(new Error("the object died"));
    this.#asked = [];
    this.#silent.clear();
    // What it had not sent is gone with it.
    for (const relay of this.#relays.values()) [relay.queue, relay.tries] = [[], 0];
    this.hubs.roomDied();
    this.#relayedBarrier = this.#newRelayedBarrier();
    return true;
  }

  /** The call of a relay. */
  uploadFrom(relay: number, upload: Upload): Promise<UploadAnswer> {
    return hubOf(relay) === 0 ? this.upload(upload) : this.hubs.upload(upload);
  }

  /** It is done with a flush. */
  upload(upload: Upload): Promise<UploadAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<UploadAnswer>();
    if (this.#fails()) {
      this.tally.lostCalls++;
      return Promise.reject(new Error("did not arrive"));
    }
    this.#uploads.push({ upload: structuredClone(upload), resolve, reject });
    return promise;
  }

  #restartRelay(how: "hibernate" | "crash"): boolean {
    if (this.#relays.size === 0) return false;
    const relay = this.#random.pick([...this.#relays.values()]);
    const isBusy =
      relay.queue.length > 0 ||
      this.hubs.isBusyWith(relay.number) ||
      this.#uploads.some(({ upload }) => upload.relay === relay.number) ||
      relay.relay.isBusy;
    if (how === "hibernate" && isBusy) return false;
    this.tally[how === "crash" ? "relayCrashes" : "relaySleeps"]++;
    // What a hub has on its way arrives, and is answered.
    if (hubOf(relay.number) === 0)
      this.#uploads = this.#uploads.filter(
        ({ upload }) => upload.relay !== relay.number || this.#random.next() < 0.5,
      );
    this.hubs.relayDied(relay.number);
    relay.restart(how);
    return false;
  }

  #join(at: SimulatedRelay, upgrade: RoomUpgrade): Person {
    const held = new HeldSocket();
    const connection = new RoomConnection(held, newConnectionState(`r_${++this.#ids}`, upgrade));
    const person = new Person(this.room, new SocketForTest((): Extent => this.#extent), connection);
    this.#ofPerson.set(person, at);
    at.seats.push({ person, held });
    void at.relay.join(connection, held, upgrade).then((joined) => {
      if (joined.ok) {
        connection.update({});
        held.attach(person.socket);
      } else person.socket.close(closeCode(joined.refusal.code), closeReason(joined.refusal));
    });
    return person;
  }

  #relayOf(number: number): SimulatedRelay {
    const relay = this.#relays.get(number) ?? new SimulatedRelay(number, this);
    this.#relays.set(number, relay);
    return relay;
  }

  /** Now and then nothing gets through for a while. */
  #fails(): boolean {
    if (!this.isFaulty) return false;
    if (this.#random.next() < 0.01) this.#deafTo = this.now + this.#random.upTo(3_000);
    return this.now < this.#deafTo || this.#random.next() < 0.08;
  }

  #makeHubs(): SimulatedHubs {
    const server = this;
    const relays = () => server.room.room.relays;
    return new SimulatedHubs({
      get now() {
        return server.now;
      },
      get life() {
        return relays()?.plan.life ?? "";
      },
      fails: () => server.#fails(),
      isLate: () => server.isFaulty && server.#random.next() < 0.2,
      takeAt: (relay, dispatches, extents) =>
        server
          .#relayOf(relay)
          .relay.take(dispatches.map((one, at) => server.#marked(one, extents[at] ?? server.#extent))),
      uploadToRoom: (upload) => server.upload(upload),
      answered: (relay, dispatches, answer) => server.#answered(relay, dispatches, answer),
      lost: (relay, dispatches) => server.#lost(relay, dispatches),
    });
  }

  /** What waits for a relay. A call that failed is tried again with the next flush. */
  #deliver(at: SimulatedRelay): void {
    if (at.queue.length === 0 || (this.isFaulty && this.#random.next() < 0.2)) return;
    const [arrives, answers] = [!this.#fails(), !this.#fails()];
    const sent = at.queue.map(({ dispatch }) => dispatch);
    if (arrives) {
      const marked = at.queue.map(({ dispatch, extent }) => this.#marked(dispatch, extent));
      const answer = at.relay.take(marked);
      if (answers) {
        at.queue = [];
        at.tries = 0;
        this.#answered(at.number, sent, structuredClone(answer));
        return;
      }
    }
    this.tally[arrives ? "lostAnswers" : "lostCalls"]++;
    if (++at.tries < TRIES) return;
    at.queue = [];
    at.tries = 0;
    this.#lost(at.number, sent);
  }

  #answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer): void {
    this.#silent.delete(relay);
    this.room.room.relays?.answered(relay, dispatches, answer, this.now);
  }

  #lost(relay: number, dispatches: readonly Dispatch[]): void {
    this.tally.givenUp++;
    this.#silent.add(relay);
    this.room.room.relays?.lost(relay, dispatches);
  }

  /** What is sent of it is sent with the log as it was. */
  #marked(dispatch: Dispatch, extent: Extent): Dispatch {
    const server = this;
    return {
      ...dispatch,
      get steps() {
        server.#extent = extent;
        return dispatch.steps;
      },
    };
  }

  #decideJoins(): void {
    const { room } = this.room;
    this.#asked = this.#asked.filter(({ relay, item: { id, upgrade } }) => {
      if (this.isFaulty && this.#random.next() < 0.3) return true;
      const refusal = room.openingRefusal(upgrade.actor, this.now);
      if (refusal === undefined) room.relays?.admit(relay, newConnectionState(id, upgrade), this.now);
      else room.relays?.refuse(relay, id, refusal);
      return false;
    });
  }

  #takeUploads(): void {
    const { relays } = this.room.room;
    if (relays === undefined || !relays.areKnown) return;
    for (const { upload } of this.#uploads) {
      if (relays.begin(upload) === "new") for (const item of upload.items) this.#take(upload.relay, item);
    }
  }

  #answerUploads(): void {
    const { relays } = this.room.room;
    if (relays === undefined || !relays.areKnown) return;
    for (const { upload, resolve, reject } of this.#uploads.splice(0)) {
      const { life } = relays.plan;
      if (this.#fails()) {
        this.tally.lostAnswers++;
        reject(new Error("the answer was lost"));
      } else if (upload.life !== null && upload.life !== life) resolve({ kind: "other life", life });
      else {
        const dispatched = relays.dispatchedTo(upload.relay);
        resolve({ kind: "taken", life, ...relays.waitingAt(upload.relay), dispatched });
      }
    }
  }

  #take(relay: number, item: UploadItem): void {
    const { room } = this.room;
    const { relays } = room;
    if (relays === undefined) return;
    switch (item.kind) {
      case "join":
        this.#asked.push({ relay, item });
        break;
      case "frames": {
        const connection = relays.hold(relay, item.state, item.unsent, this.now);
        if (connection === undefined) break;
        for (const frame of item.frames) void this.#relayedBarrier.receive(connection, frame);
        break;
      }
      case "lacking": {
        const { streams, state } = item;
        const connection = relays.hold(relay, state, 0, this.now);
        if (connection === undefined) break;
        room.connections.sendNow(connection, streams === "all" ? streams : new Set(streams));
        break;
      }
      case "left": {
        const connection = relays.gone(relay, item.id, item.state, this.now);
        if (connection !== undefined) this.#leaves(connection, item.departure);
      }
    }
  }

  #leaves(connection: RoomConnection, departure: Departure): void {
    connection.forget();
    const { room } = this.room;
    this.#relayedBarrier.afterwards(connection, () => room.enqueue({ kind: "leave", connection, departure }));
  }

  #newRelayedBarrier(): CommandBarrier<RoomConnection, AppliedCommand, Outcome<Actor>> {
    const { room } = this.room;
    return new CommandBarrier({
      parse: (frame) => parseFrame<RoomCommand>(frame, ROOM_VALIDATORS),
      charge: (connection) => room.chargeAuth(connection, this.now),
      verify: async (_, token) => verifyToken(token, this.now),
      accept: (connection, parsed) => room.enqueue({ ...parsed, connection }),
      authenticated: (connection, id, outcome) => room.enqueue({ kind: "auth", connection, id, outcome }),
      passedOn: () => {},
    });
  }
}

function upgradeOf(socket: FakeSocket, actor: Actor, presence: boolean): RoomUpgrade {
  const { searchParams } = socket.url;
  const since = searchParams.get("since");
  return {
    ...{ actor, presence, counted: true, speaksOurProtocol: true },
    history: Number(searchParams.get("history") ?? 50),
    topics: topicsOf(socket),
    ...(since !== null && { since }),
  };
}
