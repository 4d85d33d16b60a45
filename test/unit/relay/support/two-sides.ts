// A room and one relay, with the calls between them in the hands of the test.

import { type Identity, SERVER } from "../../../../src/access/identity.ts";
import type { CountedEntry } from "../../../../src/object/journal.ts";
import { HeldSocket, type KeptState } from "../../../../src/relay/held-socket.ts";
import { Relay } from "../../../../src/relay/relay.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomUpgrade,
} from "../../../../src/room/people/room-connection.ts";
import { RoomSettings } from "../../../../src/room/people/room-settings.ts";
import type {
  Dispatch,
  DispatchAnswer,
  Upload,
  UploadAnswer,
  UploadItem,
} from "../../../../src/room/relays/relay-calls.ts";
import { idAt } from "../../../../src/room/relays/relay-numbers.ts";
import type { Relays } from "../../../../src/room/relays/relays.ts";
import type { AppliedCommand } from "../../../../src/room/room-commands.ts";
import { ROOM_VALIDATORS } from "../../../../src/validation/commands.ts";
import { parseFrame } from "../../../../src/validation/parse-frame.ts";
import { defaultsOf, RoomForTest, type RoomTestSettings } from "../../../support/room-for-test.ts";
import { SocketForTest } from "../../../support/socket-for-test.ts";

const { auth: _, ...COMMANDS } = ROOM_VALIDATORS;

export interface Listener {
  readonly socket: SocketForTest;
  readonly connection: RoomConnection;
  /** `undefined`: the room has not said. */
  outcome: "in" | "refused" | undefined;
}

interface PendingUpload {
  readonly upload: Upload;
  readonly resolve: (answer: UploadAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class TwoSides {
  readonly room: RoomForTest;
  relay: Relay;
  /** Dispatches that are not delivered yet. */
  dispatches: Dispatch[] = [];
  uploads: PendingUpload[] = [];
  /** What the room is to count in its metrics. */
  readonly counted: CountedEntry[] = [];
  readonly #settings: RoomTestSettings;
  #ids = 0;
  #lives = 0;

  constructor(settings: RoomTestSettings = {}) {
    this.#settings = { relays: { above: 0, each: 100, isHeld: () => false }, ...settings };
    this.room = new RoomForTest(this.#settings);
    this.room.onFlush = ({ dispatches }) => {
      for (const { dispatch } of dispatches) this.dispatches.push(structuredClone(dispatch));
    };
    this.relay = this.#start();
  }

  get relays(): Relays {
    const { relays } = this.room.room;
    if (relays === undefined) throw new Error("the room has no relays");
    return relays;
  }

  /** A client is sent to the relay, and its join is on its way to the room. */
  async join(user: string, coming: Partial<RoomUpgrade> = {}): Promise<Listener> {
    const identity: Identity = {
      ...{ kind: "user", user: { id: user, name: user } },
      ...{ expiresAt: this.room.now + 3_600_000, issuedAt: 0 },
    };
    return this.joinAs(identity, coming);
  }

  async joinAs(identity: Identity, coming: Partial<RoomUpgrade> = {}): Promise<Listener> {
    this.relays.choose(identity, "");
    const upgrade: RoomUpgrade = {
      actor: { identity, permission: "write" },
      ...{ presence: true, counted: true, history: 0, topics: null, speaksOurProtocol: true },
      ...coming,
    };
    const held = new HeldSocket();
    const socket = new SocketForTest(() => ({ head: this.room.log.head, floor: this.room.log.floor }));
    const connection = new RoomConnection(held, newConnectionState(idAt(1, `r${++this.#ids}`), upgrade));
    const listener: Listener = { socket, connection, outcome: undefined };
    void this.relay.join(connection, held, upgrade).then(({ ok }) => {
      listener.outcome = ok ? "in" : "refused";
      if (!ok) return;
      connection.update({});
      held.attach(socket);
    });
    await settle();
    return listener;
  }

  /** The room takes what the relay sends; its answers come back at once. */
  async takeUploads(): Promise<void> {
    for (const { upload, resolve } of this.uploads.splice(0)) resolve(this.take(upload));
    await settle();
  }

  take(upload: Upload): UploadAnswer {
    const { relays } = this;
    const { life } = relays.plan;
    const verdict = relays.begin(upload);
    if (verdict === "other life") return { kind: "other life", life };
    if (verdict === "new") this.counted.push(...upload.counted);
    if (verdict === "new")
      for (const item of upload.items) {
        if (item.kind === "join") relays.admit(1, newConnectionState(item.id, item.upgrade), this.room.now);
        if (item.kind === "lacking") {
          const connection = relays.hold(1, item.state, 0, this.room.now);
          const streams = item.streams === "all" ? item.streams : new Set(item.streams);
          if (connection !== undefined) this.room.room.connections.sendNow(connection, streams);
        }
        if (item.kind === "frames") this.#takeFrames(item);
        if (item.kind !== "left") continue;
        const connection = relays.gone(1, item.id, item.state, this.room.now);
        if (connection !== undefined)
          this.room.room.enqueue({ kind: "leave", connection, departure: item.departure });
      }
    this.room.flush();
    return { kind: "taken", life, ...relays.waitingAt(1), dispatched: relays.dispatchedTo(1) };
  }

  #takeFrames({ state, unsent, frames }: Extract<UploadItem, { kind: "frames" }>): void {
    const connection = this.relays.hold(1, state, unsent, this.room.now);
    if (connection === undefined) return;
    for (const frame of frames)
      for (const parsed of parseFrame<AppliedCommand>(frame, COMMANDS))
        this.room.room.enqueue({ ...parsed, connection });
  }

  /** A client at the relay sends a frame. */
  async ask(listener: Listener, command: object): Promise<void> {
    this.relay.receive(listener.connection, JSON.stringify(command));
    await settle();
    await this.carry();
  }

  /** The relay takes what the room sends. Its answers are the test's to give back. */
  takeDispatches(): { readonly dispatches: readonly Dispatch[]; readonly answer: DispatchAnswer } {
    const dispatches = this.dispatches.splice(0);
    return { dispatches, answer: structuredClone(this.relay.take(dispatches)) };
  }

  /** Everything arrives, on both ways, until nothing is left. */
  async carry(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      this.room.flush();
      await this.takeUploads();
      if (this.dispatches.length === 0) continue;
      const { dispatches, answer } = this.takeDispatches();
      this.answer(dispatches, answer);
      await settle();
    }
  }

  answer(dispatches: readonly Dispatch[], answer: DispatchAnswer): void {
    this.counted.push(...answer.counted);
    this.relays.answered(1, dispatches, answer, this.room.now);
  }

  /** The relay cannot be reached. */
  lose(): void {
    this.relays.lost(1, this.dispatches.splice(0));
  }

  say(data: unknown): void {
    this.room.call(SERVER, (turn) =>
      this.room.room.publisher.publish(SERVER, { id: `m${++this.#ids}`, data: JSON.stringify(data) }, turn),
    );
  }

  /** The relay's object starts anew, with the sockets that it had. */
  sleepRelay(listeners: readonly Listener[]): void {
    this.relay = this.#start();
    let at: KeptState["at"];
    const sockets = listeners.map((listener) => {
      const { at: place, ...state } = listener.socket.attachment as KeptState; // as the relay saved it
      at ??= place;
      const held = new HeldSocket();
      const connection = new RoomConnection(held, state);
      held.save(state);
      held.keep(place);
      held.attach(listener.socket);
      return { connection, socket: held };
    });
    this.relay.restore(sockets, at ?? null);
  }

  #start(): Relay {
    const settings = new RoomSettings({ exec: () => [] }, defaultsOf(this.#settings));
    return new Relay(settings, {
      ...{ relay: 1, life: `relay.${++this.#lives}` },
      ...(this.#settings.relays?.recent !== undefined && { recent: this.#settings.relays.recent }),
      upload: (upload) => {
        const { promise, resolve, reject } = Promise.withResolvers<UploadAnswer>();
        this.uploads.push({ upload: structuredClone(upload), resolve, reject });
        return promise;
      },
      now: () => this.room.now,
      random: () => 0.5,
      wait: async () => {},
      reportFault: (error) => this.room.faults.push(error),
      unreachable: () => {},
    });
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
