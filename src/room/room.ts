// The rules of one room: group commit. What arrives waits for the next flush, which is one turn: apply in order, deliver
// once to everybody, answer. Synchronous: time, storage and sockets are passed in, so nothing interleaves.
// Invariant: an event is written before any socket is sent it; the runtime's output gate holds the frames until then.

import { type Actor, type Identity, userOf } from "../access/identity.ts";
import { cursorCheckpoint, FULL, NOT_YOURS } from "../object/answers.ts";
import { MAX_REFUSALS, TOO_MANY_REFUSALS } from "../object/flood-guard.ts";
import { Journal } from "../object/journal.ts";
import { sinceMs } from "../object/liveness.ts";
import { SWEEP_EVERY_MS } from "../object/object-alarm.ts";
import { Spending } from "../object/spending.ts";
import { type Occupancy, type Outcome, type Refusal, reject } from "../protocol/index.ts";
import type { RoomCounts } from "../registry/counts.ts";
import { SessionMembers } from "../session-rooms/room-side/session-members.ts";
import { BeforePublish } from "./before-publish.ts";
import { Changes } from "./changes.ts";
import { Connections } from "./connections.ts";
import type { Effects, RoomLife } from "./effects.ts";
import { Greeter } from "./greeter.ts";
import type { RoomLog } from "./log/room-log.ts";
import { Moderation } from "./moderation.ts";
import { PageBudget, type PageLine } from "./page-budget.ts";
import { Allowances } from "./people/allowances.ts";
import { AttachedPositions } from "./people/attached-positions.ts";
import { Receipts } from "./people/receipts.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { SlowMode } from "./people/slow-mode.ts";
import { Permits } from "./permits.ts";
import { Producing } from "./producing.ts";
import { Publisher } from "./publisher.ts";
import { Relays } from "./relays/relays.ts";
import type { RoomPorts, RoomStorage } from "./room-ports.ts";
import { RoomTime, soonest } from "./room-time.ts";
import type { AsksAbout } from "./ruling.ts";
import { HERE, type Seating } from "./seats.ts";
import { SharedHead } from "./shared-head.ts";
import { Streams } from "./streams.ts";
import type { ScheduleStore } from "./time/schedule-store.ts";
import { Turn } from "./turn.ts";
import type { RoomWebhooks } from "./webhooks.ts";
import type { Work } from "./work.ts";
import { WorkQueue } from "./work-queue.ts";

/** An alarm that comes a little early is the one of the sweep. */
const SWEEP_AGAIN_AFTER_MS = SWEEP_EVERY_MS - 60_000;
/** The size of all open messages that one flush sends to connections that lack them, in UTF-16 units. */
const LACKED_STREAMS_BYTES = 2 * 1_048_576;

export class Room {
  readonly name: string;
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly roomPresence = new RoomPresence();
  readonly pages = new PageBudget();
  readonly sharedHead = new SharedHead();
  readonly connections: Connections;
  /** `undefined`: all sockets are here. */
  readonly relays: Relays | undefined;
  readonly sessions: SessionMembers;
  readonly publisher: Publisher;
  readonly changes: Changes;
  readonly streams: Streams;
  readonly producing: Producing;
  readonly time: RoomTime;
  readonly receipts: Receipts;
  readonly moderation: Moderation;
  readonly permits: Permits;
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly journal: Journal;
  readonly webhooks: RoomWebhooks | undefined;
  readonly reportFault: (error: unknown) => void;
  readonly schedule: ScheduleStore;
  readonly random: () => number;
  readonly asksAbout: AsksAbout | undefined;
  readonly beforePublish: BeforePublish | undefined;
  /** Why nobody may come in or do anything, while that is so: until the room is opened anew. */
  closedFor: Refusal | undefined;
  readonly #queue: WorkQueue;
  readonly #greeter: Greeter;
  /** Whether the room woke, and what woke it has not come to a flush yet: it may wait for a user's object. */
  awaitsWaker = false;
  /** When the alarm swept last, in this life of the object. */
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Whether connections waited for pages in the last flush. */
  #hadPages = false;
  /** As the last flush reported it. */
  #occupancy: Occupancy = this.roomPresence.occupancy;

  constructor(name: string, storage: RoomStorage, ports: RoomPorts) {
    const { settings, log, users, sessions, schedule, webhooks } = storage;
    this.name = name;
    this.settings = settings;
    this.log = log;
    this.webhooks = webhooks;
    webhooks?.start(log);
    if (webhooks?.people.isOn) this.roomPresence.watch();
    this.reportFault = ports.reportFault;
    this.asksAbout = ports.asksAbout;
    const slowMode = new SlowMode(settings, log);
    this.spending = new Spending(ports.random, webhooks?.costs);
    this.journal = new Journal(ports.notedTopics);
    const { receipts: store, sheets } = storage;
    const attached = new AttachedPositions(this.roomPresence);
    this.receipts = new Receipts({ log, sheets, store, attached, spending: this.spending });
    this.permits = new Permits(ports.random);
    const { ratePerSecond, rateBurst, pingMs } = settings.limits;
    this.allowances = new Allowances({ perSecond: ratePerSecond, burst: rateBurst });
    this.connections = new Connections(this);
    this.streams = new Streams(this);
    this.publisher = new Publisher(this, slowMode);
    this.changes = new Changes(this, slowMode);
    this.producing = new Producing(this);
    this.sessions = new SessionMembers(sessions, {
      log,
      pingMs,
      admit: (connection) => this.connections.admit(connection),
      leave: (connection, departure) => this.enqueue({ kind: "leave", connection, departure }),
      reportFault: ports.reportUnwritten,
    });
    this.moderation = new Moderation(
      { settings, log, receipts: this.receipts, users },
      {
        newEpoch: ports.newEpoch,
        purgeSchedule: () => this.time.schedule.purge(),
        expel: (whom, closing, departure, at) => this.connections.expel(whom, closing, departure, at),
      },
    );
    this.schedule = schedule;
    this.random = ports.random;
    this.time = new RoomTime(this);
    this.beforePublish = ports.asksAbout && new BeforePublish(this, ports.asksAbout);
    this.#queue = new WorkQueue(this);
    this.#greeter = new Greeter(this);
    this.relays = ports.relays && new Relays(ports.relays, storage.relays, this, this.#queue);
  }

  /** Takes in what was open when the object slept. Answers how many sessions it had to end, as other code wrote them. */
  restore(sockets: readonly RoomConnection[]): number {
    const { connections, others } = this.sessions.restore();
    const all = [...sockets, ...connections];
    // An empty room is not one that slept: what clients hold of its presence is known.
    if (all.length > 0) this.connections.restore(all);
    this.webhooks?.people.woke(sockets.length, connections.length);
    // They outlive a crash, in which an open message lost what they were shown, or what was on its way to them.
    for (const connection of connections) this.connections.sendLater(connection, "all");
    this.awaitsWaker = true;
    this.#occupancy = this.roomPresence.occupancy;
    return others;
  }

  /** Whether a flush would do something. */
  get hasWork(): boolean {
    return (
      !this.#queue.isEmpty ||
      this.connections.toGreet > 0 ||
      this.permits.hasWork ||
      this.roomPresence.hasNews ||
      !this.journal.isEmpty ||
      this.sessions.hasWork ||
      this.relays?.hasWork === true ||
      this.streams.awaitsFlush
    );
  }

  /** As `WorkQueue.waitsUntil`: a flush before would change nothing that anybody hears. */
  get waitsUntil(): number | null {
    return this.#queue.waitsUntil;
  }

  /** Whether connections wait for their pages until they or others have read: a flush at once would change nothing. */
  get isHeldUp(): boolean {
    return this.pages.isHeldUp || !this.#knowsWho;
  }

  /** Whether it knows who is at its relays: soon after a start. */
  get #knowsWho(): boolean {
    return this.relays?.areKnown !== false;
  }

  /** Why `actor` may not open one more connection, if so. */
  openingRefusal(actor: Actor, now: number, place: Seating = HERE): Refusal | undefined {
    const barred = this.moderation.refusalFor(actor, now) ?? this.closedFor;
    if (barred !== undefined) return barred;
    return this.connections.areFullFor(actor.identity, place) ? FULL : undefined;
  }

  /**
   * What a connect costs. A user's is counted at the edge; one without a token costs a token before anything is read
   * for it, and what its first frames look at is settled when they go out.
   */
  chargeConnect({ identity }: Actor, now: number): Refusal | undefined {
    return identity.kind === "anonymous" ? this.allowances.take(identity, 1, now) : undefined;
  }

  /**
   * Whether the client of `identity` may give this connection up: it is there, and of the same user. Anonymous readers
   * cannot be told apart, so they may give up none.
   */
  mayGiveUp(id: string, identity: Identity): boolean {
    const user = userOf(identity);
    return user !== null && this.connections.find(id)?.user?.id === user.id;
  }

  /** Closes a connection that may be given up: nothing that it still sends takes effect, and its place is free with the next flush. */
  giveUp(id: string, identity: Identity): void {
    const connection = this.connections.find(id);
    if (connection === undefined || !this.mayGiveUp(id, identity)) return;
    connection.close({ code: "replaced" });
    this.permits.giveUp(connection);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
  }

  enqueue(work: Work): void {
    this.#queue.add(work);
  }

  /** Has a call over RPC done in its place in the one order. Settles in the flush that does it. `cost`: in tokens. */
  call<T>(actor: Actor, cost: number, run: (turn: Turn) => Outcome<T>): Promise<Outcome<T>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<T>>();
    this.enqueue({
      kind: "call",
      actor,
      cost,
      run: (turn) => resolve(run(turn)),
      refused: (refusal) => resolve(reject(refusal)),
    });
    return promise;
  }

  /**
   * Flood guard, called before a frame is parsed: closes the connection and returns true if its backlog exceeds what the
   * rate limit could accept plus 100 refusals. So a flood costs the others nothing.
   */
  closeIfFlooding(connection: RoomConnection, frame: string | ArrayBuffer): boolean {
    const { rateBurst, messageBytes } = this.settings.limits;
    if (
      !connection.asksTooMuch() &&
      !connection.backlog.exceeds(rateBurst + MAX_REFUSALS, rateBurst * messageBytes)
    ) {
      connection.backlog.received(typeof frame === "string" ? frame.length : frame.byteLength);
      return false;
    }
    connection.close(TOO_MANY_REFUSALS);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
    return true;
  }

  /** Called before the token of an `auth` is checked, the costliest of all commands: why it is not checked, if so. */
  chargeAuth(connection: RoomConnection, now: number): Refusal | undefined {
    const refusal = this.allowances.take(connection.identity, 1, now);
    if (refusal !== undefined) return refusal;
    // An anonymous connection stays one, whatever the token.
    return connection.user === null ? NOT_YOURS : undefined;
  }

  /** Called before a caller learns who is here, or that the room is full. */
  sweepIfDue(now: number): void {
    if (this.connections.isSweepDue(now)) this.connections.sweep(now);
  }

  /**
   * From the alarm, while the object sleeps otherwise: closes what is gone without a word, asks what has lapsed, and
   * notes which producers are silent. It may go off each second, for what has its own time: then it answers when a sweep
   * is due again, in milliseconds; `null`: this was one.
   */
  sweepOnAlarm(now: number): number | null {
    this.streams.onAlarm(now);
    if (sinceMs(this.#sweptAt, now) < SWEEP_AGAIN_AFTER_MS) return this.#sweptAt + SWEEP_EVERY_MS;
    this.#sweptAt = now;
    this.connections.sweep(now);
    this.connections.askAnew(now);
    this.sessions.sweep(now);
    this.relays?.sweep();
    this.webhooks?.people.doubt();
    return null;
  }

  /**
   * What the alarm has to look after. A single socket that is gone without a word costs nothing; a session may have missed
   * something, so it counts as two connections, which are always looked after.
   */
  life(now: number): RoomLife {
    const { size } = this.connections;
    const { webhooks } = this;
    // The back end has to hear that the room is empty, also after a crash that takes the last socket.
    const isWatched = this.sessions.size > 0 || webhooks?.people.isOccupied === true;
    return {
      connections: isWatched ? Math.max(2, size) : size,
      isKept:
        webhooks?.needsAlarm === true ||
        this.log.head > 0 ||
        this.settings.areOwn ||
        this.time.isKept ||
        this.moderation.hasBans(now),
      wakeAt: soonest(this.streams.endsAt, this.time.wakeAt, webhooks?.wakeAt(now) ?? null),
    };
  }

  /** What the registry knows of this room. */
  get counts(): RoomCounts {
    const { occupancy, anonymous } = this.roomPresence;
    const { head, messages } = this.log;
    return { ...occupancy, anonymous, sessions: this.sessions.size, head, messages };
  }

  get isEmpty(): boolean {
    return this.connections.size === 0 && this.sessions.size === 0 && !this.hasWork;
  }

  /** Does what waits, as one turn. What is left to be done is in the answer. */
  flush(now: number): Effects {
    const turn = new Turn(now, this.connections);
    const head = this.log.head;
    this.awaitsWaker &&= this.#queue.isEmpty;
    // What is due goes into the log: it waits until the room has it.
    if (this.closedFor === undefined) this.time.begin(turn);
    this.#queue.apply(turn);
    if (this.closedFor === undefined) this.time.advance(turn);
    this.streams.advance(turn, (target) => this.publisher.interrupted(target, turn));
    this.connections.announce(now);
    this.#emitPresence(turn);
    this.#emitReceipts(turn);
    this.#writePeople(now);
    const checkpoint = cursorCheckpoint(head, this.log.head, this.settings.historyLimit);
    this.connections.watchSlow(now, () => turn.delivery.deliver(checkpoint));
    this.#sendLackedStreams(turn);
    this.#sendPages(turn);
    return this.#effects(turn, head);
  }

  #effects({ now, mentions, audit, banned, due }: Turn, head: number): Effects {
    // Who is at relays may be all who are here.
    if (this.#knowsWho) this.webhooks?.note(this, now);
    const { occupancy: after } = this.roomPresence;
    const before = this.#occupancy;
    this.#occupancy = after;
    return {
      mentions: this.relays?.inquiries.missed(mentions) ?? mentions,
      audit,
      banned,
      due,
      deliveries: this.sessions.collect(head, now),
      dispatches: this.relays?.collect(now) ?? [],
      questions: this.permits.take(now),
      spent: this.spending.take(),
      journal: this.journal.take(),
      counted: this.journal.takeCounted(),
      traffic: this.journal.traffic.take(),
      head: { before: head, after: this.log.head },
      occupancy: { before, after },
      counts: this.counts,
      dueAt: this.#dueAt(now),
      life: this.life(now),
    };
  }

  #dueAt(now: number): number | null {
    const { roomPresence, receipts, permits, streams, time } = this;
    return soonest(
      roomPresence.dueAt(),
      receipts.dueAt(),
      permits.dueAt(),
      streams.dueAt(now),
      time.dueAt(now),
    );
  }

  /** Open messages to connections that have read, as far as there is memory for them: the rest is left to the next flush. */
  #sendLackedStreams({ now, delivery }: Turn): void {
    let left = LACKED_STREAMS_BYTES;
    for (const [connection, lacked] of this.connections.caughtUp(now)) {
      // Before it is live it lacks everything, and gets it at the end of its replay.
      if (connection.state.stage.at !== "live") continue;
      delivery.last(connection, () => {
        this.relays?.whole(connection);
        const isWanted = (seq: number) => lacked === "all" || lacked.has(seq);
        const frames = this.streams.framesFor(connection, { isWanted });
        for (const { length } of frames) left -= length;
        return frames;
      });
      if (left <= 0) return;
    }
  }

  /** Long answers and first frames, as far as there is memory for them: the rest is left to the next flush. */
  #sendPages(turn: Turn): void {
    const { now, delivery } = turn;
    const waiting = { answers: this.#queue.pages, greetings: this.connections.toGreet };
    const isWaitedFor = waiting.answers + waiting.greetings > 0;
    // One flush more, as the budget remembers who had to wait.
    if (isWaitedFor || this.#hadPages) this.#openPages(waiting, now);
    this.#hadPages = isWaitedFor;
    this.#queue.answerLast(turn);
    // After the events, as a connection that has stopped its heartbeat may yet wait for this very message; before the
    // first frames, which must not show members that are gone.
    if (!this.awaitsWaker && this.connections.isSweepDue(now)) {
      this.connections.sweep(now);
      this.#emitPresence(turn);
      delivery.deliver();
    }
    if (this.connections.toGreet > 0 && this.#knowsWho) this.#greeter.greet(turn);
    if (isWaitedFor) this.pages.close();
  }

  #openPages(waiting: Readonly<Record<PageLine, number>>, now: number): void {
    this.pages.open(waiting, now);
    for (const connection of this.pages.stalled(now))
      this.connections.drop(connection, { code: "slow_consumer" }, now);
  }

  #emitPresence({ now, delivery }: Turn): void {
    if (!this.#knowsWho) return;
    for (const json of this.roomPresence.drainEvents(now)) delivery.emit({ kind: "members" }, json);
  }

  #emitReceipts({ now, delivery }: Turn): void {
    const news = this.receipts.drainEvents(this.roomPresence.isListed, now);
    for (const json of news) delivery.emit({ kind: "receipt" }, json);
  }

  /** Writes what memory knows of people, before the first frames. What fails is tried again by a later flush. */
  #writePeople(now: number): void {
    const writes = [
      () => this.connections.toGreet > 0 && this.moderation.writeKnown(),
      () => this.receipts.write(now),
    ];
    for (const write of writes) {
      try {
        write();
      } catch (error) {
        this.reportFault(error);
      }
    }
  }
}
