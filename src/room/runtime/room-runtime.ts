// A room while its object is awake: the rules, joined to the runtime's sockets, storage and clock.

import { type Actor, SERVER, type UserIdentity } from "../../access/identity.ts";
import { authorizeRoom } from "../../auth/authorize-room.ts";
import { verifyToken } from "../../auth/verify-token.ts";
import { type Config, requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import { log } from "../../log/log.ts";
import type { Departure } from "../../object/close-codes.ts";
import { CommandBarrier } from "../../object/command-barrier.ts";
import { FlushLoop } from "../../object/flush-loop.ts";
import type { ObjectAlarm } from "../../object/object-alarm.ts";
import type { PolledCommands, PollUpgrade } from "../../object/polled-socket.ts";
import { type CurrentSocket, currentSockets } from "../../object/runtime/object-state.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import type { HeldCall } from "../../object/runtime/polled-sockets.ts";
import { randomEpoch } from "../../object/runtime/random-id.ts";
import { CALL } from "../../object/spending.ts";
import type { LazyDatabase } from "../../object/storage/lazy-database.ts";
import { accept, type Outcome, type RoomCommand } from "../../protocol/index.ts";
import { reportsOfRoom } from "../../registry/runtime/reports.ts";
import type { DeliveryQueue } from "../../session-rooms/room-side/delivery-queue.ts";
import { sessionDeliveries } from "../../session-rooms/runtime/session-deliveries.ts";
import { ROOM_VALIDATORS } from "../../validation/commands.ts";
import { parseFrame } from "../../validation/parse-frame.ts";
import { type WebhookLoop, webhookLoop } from "../../webhooks/runtime/webhook-loop.ts";
import { Admission } from "../admission.ts";
import type { Effects } from "../effects.ts";
import { type RoomConnection, type RoomConnectionState, readState } from "../people/room-connection.ts";
import type { Room } from "../room.ts";
import type { AppliedCommand } from "../room-commands.ts";
import type { Turn } from "../turn.ts";
import { dueMessagesOf } from "./due-messages-of.ts";
import { EffectsCarrier } from "./effects-carrier.ts";
import { FlushTimer } from "./flush-timer.ts";
import { makeRoom } from "./make-room.ts";
import { type PublishGate, publishGate } from "./publish-gate.ts";
import { publishJudge } from "./publish-judge.ts";
import { RoomRelays } from "./room-relays.ts";
import { RoomReports } from "./room-reports.ts";
import { RoomSockets } from "./room-sockets.ts";
import { StreamedAnswers } from "./streamed-answers.ts";

/** Delivery to one socket takes about this long: a flush gathers for as long as its fan-out will take. */
const DELIVERY_MS_A_SOCKET = 0.01;
const MAX_LINGER_MS = 50;

const failedFlushes = new LimitedLog("flush_failed");

export class RoomRuntime {
  readonly room: Room;
  readonly admission: Admission;
  readonly reports: RoomReports;
  readonly sockets: RoomSockets;
  /** `undefined`: all sockets are here. */
  readonly relays: RoomRelays | undefined;
  readonly answers: StreamedAnswers;
  readonly database: LazyDatabase;
  /** Left out: nobody is asked before a message is stored. */
  readonly gate: PublishGate | undefined;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #config: Config;
  readonly #name: string;
  readonly #deliveries: DeliveryQueue;
  readonly #loop: FlushLoop<Effects>;
  readonly #barrier: CommandBarrier<RoomConnection, AppliedCommand, Outcome<Actor>>;
  readonly #carrier: EffectsCarrier;
  readonly #dueMessages = dueMessagesOf(this, (identity) => this.#authorize(identity));
  /** `undefined`: the back end is told nothing. */
  readonly #webhooks: WebhookLoop | undefined;
  readonly #timer = new FlushTimer(() => this.#ctx.waitUntil(this.flush()));
  /** The next flush; `undefined`: nothing waits for it. */
  #flushed: PromiseWithResolvers<void> | undefined;

  /** `flushed` runs after each flush. */
  constructor(
    ctx: DurableObjectState,
    env: Env,
    name: string,
    alarm: ObjectAlarm,
    flushed: (effects: Effects) => Promise<void>,
  ) {
    this.#ctx = ctx;
    this.#env = env;
    this.#config = requireConfig(env);
    this.#name = name;
    const sockets = currentSockets(ctx, readState, { room: name });
    // In a room without tables, connections keep the epoch that they were sent.
    const epoch = sockets.find(({ state }) => state.epoch !== undefined)?.state.epoch ?? randomEpoch();
    const judge = publishJudge(this.#config);
    const { room, database } = makeRoom({
      ...{ ctx, env, config: this.#config, name, epoch, judge },
      isHeld: (connection) => this.#barrier.settled(connection) !== undefined,
    });
    this.room = room;
    this.database = database;
    this.#webhooks = webhookLoop(this.#config.webhooks, room.webhooks, {
      ...{ ctx, alarm, of: { room: name }, isHeld: () => room.closedFor !== undefined },
    });
    this.gate = publishGate(room, judge);
    this.admission = this.#makeAdmission();
    this.#loop = this.#makeLoop(flushed);
    this.answers = this.#makeAnswers();
    this.#deliveries = sessionDeliveries(room, {
      deliver: (user, items) => this.#userObject(user).deliver(name, items),
      flush: () => this.#flushIfNeeded(),
    });
    this.#barrier = this.#makeBarrier();
    this.relays = this.#makeRelays();
    this.sockets = new RoomSockets(room, {
      ctx,
      isMade: () => this.isMade,
      left: (connection, departure) => this.#left(connection, departure),
      gone: (connection) => {
        this.#left(connection, "left");
        this.#flushIfNeeded();
      },
    });
    this.#restore(sockets);
    const reports = { state: ctx, counts: room.counts, failed: () => this.flush() };
    this.reports = new RoomReports(room, reportsOfRoom(reports, env, this.#config.placement, name), {
      isMade: () => this.isMade,
      flush: () => this.flush(),
      carried: (user) => this.#deliveries.carried(user),
    });
    this.#carrier = new EffectsCarrier({
      ctx,
      env,
      config: this.#config,
      room: name,
      deliveries: this.#deliveries,
      relays: this.relays,
      reports: this.reports,
      ask: (identity) => this.#askFor(identity),
      send: (due) => this.#dueMessages.take(due),
      hold: (user, until) => this.#hold(user, until),
    });
  }

  /** Another one takes its place, and reads what is stored. */
  replaced(): void {
    this.#webhooks?.end();
  }

  /** Whether the room has tables: it gets them with the first thing that has to be kept. */
  get isMade(): boolean {
    return this.database.isMade;
  }

  /** Whether the deployer's back end decides what users may do here whose tokens do not say it. */
  get asksBackEnd(): boolean {
    return this.#config.backEnd !== undefined;
  }

  /** Whether nothing is open here, about to open, or waits. */
  get isIdle(): boolean {
    return this.room.isEmpty && !this.admission.isBusy;
  }

  /** The next poll of a connection; `undefined`: it has ended. */
  resume(poll: PollUpgrade): HeldCall | undefined {
    this.#countCall(poll.user);
    return this.sockets.polled.resume(poll);
  }

  /** As `receive`, for what a client that polls sends. `false`: its connection has ended. */
  async receivePolled(commands: PolledCommands): Promise<boolean> {
    this.#countCall(commands.user);
    const taken = this.sockets.polled.take(commands);
    if (taken === undefined) return false;
    const { frames, leave } = commands;
    if (taken.isNew) await Promise.all(frames.map((frame) => this.#receive(taken.connection, frame)));
    if (!leave) return true;
    this.sockets.polled.leave(commands.connection);
    await this.flush();
    return true;
  }

  /** Each call of a client that polls is a request, whatever it brings. */
  #countCall(user: string | null): void {
    const { spending } = this.room;
    if (user !== null) spending.add(user, CALL);
    if (spending.isDue) this.#loop.start();
  }

  /**
   * Processes one frame. Settles when its commands have taken effect, but those that have to wait, and what is behind
   * them. What leaves for them, the answer to a call too, the output gate holds until they are durable.
   */
  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const connection = this.sockets.find(ws);
    if (connection !== undefined) await this.#receive(connection, frame);
  }

  /** As `receive`, for frames of a session. `false`: it has not joined. */
  async receiveOf(session: string, frames: readonly string[]): Promise<boolean> {
    const { sessions } = this.room;
    const connection = sessions.find(session);
    if (connection === undefined) return sessions.hasEnded(session);
    await Promise.all(frames.map((frame) => this.#receive(connection, frame)));
    return true;
  }

  /** As `#leave`. Settles when what was sent to the user's sessions before was delivered. */
  async leave(session: string, departure: Departure): Promise<void> {
    const user = this.room.sessions.find(session)?.user?.id;
    await this.#leave(session, departure);
    if (user !== undefined) await this.#deliveries.carried(user);
  }

  /** A session leaves, as soon as what it sent before has taken effect, for which its permission may be asked for. */
  async #leave(session: string, departure: Departure): Promise<void> {
    const { sessions, permits } = this.room;
    const connection = sessions.find(session);
    if (connection !== undefined) {
      this.gate?.ended(connection);
      await this.#barrier.settled(connection);
    }
    // The answer to the question comes to a flush, and so does its end without one, within 30 s.
    while (connection !== undefined && permits.isWaiting(connection)) await this.#nextFlush();
    sessions.leave(session, departure);
    await this.flush();
  }

  async #receive(connection: RoomConnection, frame: string | ArrayBuffer): Promise<void> {
    if (this.room.closeIfFlooding(connection, frame)) return this.flush();
    const passed = this.#pass(connection, frame);
    const waitsUntil = this.room.waitsUntil ?? 0;
    if (passed === "passed" && waitsUntil > Date.now()) {
      this.#timer.by(waitsUntil);
      return;
    }
    await this.#loop.requestGated();
  }

  #pass(connection: RoomConnection, frame: string | ArrayBuffer): "passed" | "waits" {
    const waits = this.#barrier.receive(connection, frame);
    if (waits === undefined) return "passed";
    this.#ctx.waitUntil(waits);
    return "waits";
  }

  /** It is gone. An error and a close may both be reported for the same socket. */
  #left(connection: RoomConnection, departure: Departure): void {
    connection.forget();
    this.gate?.ended(connection);
    // What it sent before takes effect first.
    this.#barrier.afterwards(connection, () => this.room.enqueue({ kind: "leave", connection, departure }));
  }

  /** Runs a call in its place in the one order, and settles when what it did is durable. `cost`: tokens of the bucket. */
  async call<T>(
    actor: Actor,
    cost: number,
    run: (room: Room, turn: Turn) => Outcome<T>,
  ): Promise<Outcome<T>> {
    const outcome = this.room.call(actor, cost, (turn) => run(this.room, turn));
    await this.flush();
    return outcome;
  }

  flush(): Promise<void> {
    return this.#loop.request();
  }

  #nextFlush(): Promise<void> {
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  /** For what ends outside of an event, where no caller waits. */
  #flushIfNeeded(): void {
    if (this.room.hasWork) this.#loop.start();
  }

  async #askFor(identity: UserIdentity): Promise<void> {
    this.room.permits.answered(identity.user.id, await this.#authorize(identity));
    await this.flush();
  }

  /** Only the back end gives permission for a time, and it is not asked about tokens that say themselves what they permit. */
  #authorize(identity: UserIdentity): Promise<Outcome<Actor>> {
    return authorizeRoom(this.#config, { identity, rooms: undefined }, this.#name);
  }

  /** The user has used up what one may cost a day. */
  async #hold(user: string, until: number): Promise<void> {
    await this.call(SERVER, 0, ({ moderation }, turn) => accept(moderation.hold(user, until, turn)));
  }

  #userObject(user: string) {
    return objectStub(this.#env.USERS, user, this.#config.placement);
  }

  /** Sockets outlive the sleep of their object; what it knew of them is in their attachments. */
  #restore(sockets: readonly CurrentSocket<RoomConnectionState>[]): void {
    const connections = sockets.map((socket) => this.sockets.wake(socket));
    const others = this.room.restore(connections);
    if (others > 0) log("state_of_other_code", { room: this.#name, sessions: others });
    this.#flushIfNeeded();
  }

  #makeAdmission(): Admission {
    return new Admission(this.room, {
      user: (id) => this.#userObject(id),
      relays: () => this.relays,
      isMade: () => this.isMade,
      flush: () => this.flush(),
      startFlush: () => this.#loop.start(),
      leave: (session, departure) => this.#leave(session, departure),
      now: () => Date.now(),
      unreachable: (operation, user, error) =>
        log("user_unreachable", { operation, room: this.#name, user, error }),
      verify: (token) => verifyToken(this.#config.token, token, Date.now()),
      authorize: (token) => authorizeRoom(this.#config, token, this.#name),
    });
  }

  #makeAnswers(): StreamedAnswers {
    return new StreamedAnswers(this.room, {
      call: (actor, cost, run) => this.call(actor, cost, run),
      judge: (actor) => this.admission.judge(actor),
      authorize: (identity) => this.#authorize(identity),
      waitUntil: (work) => this.#ctx.waitUntil(work),
      now: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      failed: (error) => failedFlushes.note("any", { room: this.#name, error }, Date.now()),
    });
  }

  #makeRelays(): RoomRelays | undefined {
    const { relays } = this.room;
    return (
      relays &&
      new RoomRelays(this.room, relays, {
        ...{ ctx: this.#ctx, env: this.#env, config: this.#config, admission: this.admission },
        receive: (connection, frame) => {
          if (!this.room.closeIfFlooding(connection, frame)) this.#pass(connection, frame);
        },
        left: (connection, departure) => this.#left(connection, departure),
        flush: () => this.flush(),
        flushIfNeeded: () => this.#flushIfNeeded(),
      })
    );
  }

  #makeLoop(flushed: (effects: Effects) => Promise<void>): FlushLoop<Effects> {
    const { room } = this;
    return new FlushLoop({
      flush: () => {
        const effects = room.flush(Date.now());
        this.#webhooks?.flushed();
        this.#carrier.take(effects);
        return effects;
      },
      hasWork: () => room.hasWork,
      lingerMs: () =>
        room.isHeldUp
          ? MAX_LINGER_MS
          : Math.min(MAX_LINGER_MS, Math.floor(room.connections.size * DELIVERY_MS_A_SOCKET)),
      now: () => Date.now(),
      wait: (ms) => scheduler.wait(ms).then(() => this.#webhooks?.beforeFlush()),
      sync: () => this.#ctx.storage.sync(),
      after: (effects) => {
        this.answers.flushed();
        this.#timer.set(effects.dueAt);
        // What arrived meanwhile may wait too, and must not be forgotten.
        this.#timer.by(room.waitsUntil);
        this.#flushed?.resolve();
        this.#flushed = undefined;
        return flushed(effects);
      },
      failed: (error) => failedFlushes.note("any", { room: this.#name, error }, Date.now()),
    });
  }

  #makeBarrier(): CommandBarrier<RoomConnection, AppliedCommand, Outcome<Actor>> {
    const { room, gate } = this;
    return new CommandBarrier({
      parse: (frame) => parseFrame<RoomCommand>(frame, ROOM_VALIDATORS),
      charge: (connection) => room.chargeAuth(connection, Date.now()),
      verify: (connection, token) => this.admission.verify(connection, token),
      accept: (connection, parsed) => room.enqueue({ ...parsed, connection }),
      authenticated: (connection, id, outcome) => room.enqueue({ kind: "auth", connection, id, outcome }),
      passedOn: () => this.#loop.start(),
      ...(gate !== undefined && {
        ask: (connection: RoomConnection, command: AppliedCommand) => gate.ask(connection, command),
      }),
    });
  }
}
