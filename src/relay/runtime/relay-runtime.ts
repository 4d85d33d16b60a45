// A relay while its object is awake: the rules, joined to sockets, to the room's object and to the clock.

import type { UserIdentity } from "../../access/identity.ts";
import { authorizeRoom } from "../../auth/authorize-room.ts";
import { type Config, requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { type Departure, departureOf, TooBigNotice } from "../../object/close-codes.ts";
import { socketPort } from "../../object/runtime/hibernatable-socket.ts";
import { currentSockets } from "../../object/runtime/object-state.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import { randomId } from "../../object/runtime/random-id.ts";
import { writeJournal } from "../../object/runtime/write-journal.ts";
import { accept, type Outcome } from "../../protocol/index.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomUpgrade,
  readState,
} from "../../room/people/room-connection.ts";
import { RoomSettings, roomDefaults } from "../../room/people/room-settings.ts";
import {
  type Dispatch,
  type DispatchAnswer,
  readRelayName,
  relayName,
  type Upload,
  type UploadAnswer,
} from "../../room/relays/relay-calls.ts";
import { hubOf, idAt } from "../../room/relays/relay-numbers.ts";
import { HeldSocket, type KeptState } from "../held-socket.ts";
import { Relay } from "../relay.ts";

/**
 * No timer is further ahead than this. It is set only while a connection waits until its permission may be asked for, or
 * lags behind on an open message: so long it keeps the object awake.
 */
const MAX_TIMER_MS = 5_000;

export class RelayRuntime {
  readonly relay: Relay;
  readonly #ctx: DurableObjectState;
  readonly #config: Config;
  readonly #room: string;
  readonly #number: number;
  readonly #connections = new Map<WebSocket, RoomConnection>();
  readonly #tooBig = new TooBigNotice();
  #timer: number | null = null;

  /** `closing`: a socket whose close wakes the object, and that is not listed. */
  constructor(ctx: DurableObjectState, env: Env, name: string, closing?: WebSocket) {
    this.#ctx = ctx;
    this.#config = requireConfig(env);
    const { room, relay } = readRelayName(name);
    this.#room = room;
    this.#number = relay;
    const { limits, serverEvents } = this.#config;
    const settings = new RoomSettings({ exec: () => [] }, roomDefaults(limits, serverEvents));
    this.relay = new Relay(settings, {
      relay,
      life: randomId(),
      upload: (upload) => this.#upload(env, upload),
      now: () => Date.now(),
      random: () => Math.random(),
      wait: (ms) => scheduler.wait(ms),
      reportFault: (error) => log("command_failed", { room, error }),
      unreachable: (error) => log("relay_unreachable", { room, relay: String(relay), error }),
    });
    this.#restore(closing);
  }

  /** A client wants to come in. Answers the end of its socket that goes to it, when the room has let it in. */
  async join(upgrade: RoomUpgrade): Promise<Outcome<WebSocket>> {
    const state = newConnectionState(idAt(this.#number, `c_${randomId()}`), upgrade);
    const socket = new HeldSocket();
    const connection = new RoomConnection(socket, state);
    const joining = this.relay.join(connection, socket, upgrade);
    this.#settle();
    const joined = await joining;
    if (!joined.ok) return joined;
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    this.#connections.set(server, connection);
    connection.update({});
    socket.attach(socketPort(this.#ctx, server, () => this.#connections.delete(server)));
    return accept(client);
  }

  /** Settles when the room has it. */
  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const connection = this.#connections.get(ws);
    if (connection === undefined) return;
    this.relay.receive(connection, frame);
    this.#settle();
    await this.relay.uploads.settled;
  }

  /** Its client closed it with `code`, or it was lost. */
  async gone(ws: WebSocket, code: number): Promise<void> {
    const hint = this.#tooBig.hint(code);
    if (hint !== undefined) log("frame_too_big_for_client", { room: this.#room, hint });
    const connection = this.#connections.get(ws);
    if (connection !== undefined) {
      this.#connections.delete(ws);
      this.#left(connection, code, departureOf(code));
    }
    this.#settle();
    await this.relay.uploads.settled;
  }

  deliver(dispatches: readonly Dispatch[]): DispatchAnswer {
    const answer = this.relay.take(dispatches);
    this.#settle();
    return answer;
  }

  /** From the alarm. */
  async sweep(): Promise<void> {
    this.relay.sweep();
    this.#settle();
    await this.relay.uploads.settled;
  }

  get size(): number {
    return this.relay.connections.size;
  }

  /** To its room, by way of its hub if it has one. */
  async #upload({ ROOMS, RELAYS }: Env, upload: Upload): Promise<UploadAnswer> {
    const { placement } = this.#config;
    const hub = hubOf(upload.relay);
    if (hub !== 0 && RELAYS !== undefined)
      return objectStub(RELAYS, relayName(this.#room, hub), placement).passUp(upload);
    const [answer] = await objectStub(ROOMS, this.#room, placement).upload([upload]);
    if (answer === undefined) throw new Error("the room has not answered");
    return answer;
  }

  #left(connection: RoomConnection, code: number, departure: Departure): void {
    connection.closedWith(code);
    connection.forget();
    this.relay.gone(connection, departure);
  }

  /** After everything that happens here. */
  #settle(): void {
    const { permits, connections, journal, uploads } = this.relay;
    const now = Date.now();
    for (const verdict of permits.verdicts(now)) connections.settle(verdict, now);
    this.relay.look();
    for (const identity of permits.take(now)) this.#ctx.waitUntil(this.#ask(identity));
    this.#ctx.waitUntil(uploads.settled);
    writeJournal(journal.take(), { room: this.#room }, this.#config.logs.sample, now);
    this.#wakeAt(this.relay.dueAt(now));
  }

  async #ask(identity: UserIdentity): Promise<void> {
    const outcome = await authorizeRoom(this.#config, { identity, rooms: undefined }, this.#room);
    this.relay.permits.answered(identity.user.id, outcome);
    this.#settle();
  }

  #wakeAt(at: number | null): void {
    clearTimeout(this.#timer);
    if (at === null) return;
    const inMs = Math.min(MAX_TIMER_MS, Math.max(0, at - Date.now()));
    this.#timer = setTimeout(() => this.#settle(), inMs);
  }

  /** Sockets outlive the sleep of their object, and a few know where it was in the log. */
  #restore(closing: WebSocket | undefined): void {
    const listed = currentSockets<KeptState>(this.#ctx, readState, { room: this.#room });
    const last: KeptState | undefined = closing && readState(closing.deserializeAttachment());
    const isListed = listed.some(({ ws }) => ws === closing);
    const sockets = [
      ...listed,
      ...(closing !== undefined && last !== undefined && !isListed ? [{ ws: closing, state: last }] : []),
    ].map(({ ws, state }) => {
      const { at, ...kept } = state;
      const socket = new HeldSocket();
      const connection = new RoomConnection(socket, kept);
      this.#connections.set(ws, connection);
      socket.save(kept);
      socket.keep(at);
      socket.attach(socketPort(this.#ctx, ws, () => this.#connections.delete(ws)));
      return { connection, socket, at };
    });
    const at = sockets.find((one) => one.at !== undefined)?.at ?? null;
    this.relay.restore(sockets, at);
  }
}
