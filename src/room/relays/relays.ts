// The relays of a room: which there are, who is at them, and what each has to be told. The room holds the connection of a
// relay only while it lists its members, or while that connection speaks.

import type { Actor, Identity } from "../../access/identity.ts";
import type { Departure } from "../../object/close-codes.ts";
import { sinceMs } from "../../object/liveness.ts";
import { type Closing, LISTED_MEMBERS, type Refusal } from "../../protocol/index.ts";
import type { Expelled, Expulsion } from "../people/expulsion.ts";
import { RoomConnection, type RoomConnectionState } from "../people/room-connection.ts";
import type { RoomPresence } from "../people/room-presence.ts";
import { type Barred, sayBarred } from "./barred-there.ts";
import type {
  AddressedDispatch,
  DeliverStep,
  Dispatch,
  DispatchAnswer,
  Position,
  RelayEntry,
  RelaySums,
  Upload,
} from "./relay-calls.ts";
import { chooseRelay, placeKeyOf } from "./relay-choice.ts";
import { type Held, NOBODY, plus, RelayLink } from "./relay-link.ts";
import { nextRelay } from "./relay-numbers.ts";
import { RelaySocket } from "./relay-socket.ts";
import type { RelayStore, StoredRelay } from "./relay-store.ts";

/** How a room spreads over relays. */
export interface RelayPlan {
  /** Which life of the room's object this is. */
  readonly life: string;
  /** With so many sockets of its own a room sends further ones to relays. */
  readonly above: number;
  /** How many connections a relay takes. */
  readonly each: number;
  /** So many relays the room calls itself; further ones have hubs. */
  readonly direct?: number;
  /** Whether a command of a connection waits for something outside of the room. */
  isHeld(connection: RoomConnection): boolean;
}

/** What goes to all relays with one delivery, and what to some of their connections. */
export interface Forwarded {
  readonly entries: readonly RelayEntry[];
  readonly answers: Iterable<readonly [RoomConnection, readonly string[]]>;
  readonly checkpoint: string | null;
}

export interface RelaysRules {
  readonly log: { readonly epoch: string; readonly head: number };
  readonly roomPresence: RoomPresence;
  readonly streams: { readonly size: number };
  readonly connections: {
    /** How many sockets the room itself has. */
    readonly own: number;
    admit(connection: RoomConnection): void;
    /** Takes in one that is at a relay already. */
    hold(connection: RoomConnection): void;
    /** Forgets one that goes on at its relay. */
    letGo(connection: RoomConnection): void;
    leave(connection: RoomConnection, departure: Departure, now: number): void;
    drop(connection: RoomConnection, closing: Closing, now: number): void;
  };
  readonly moderation: Barred & { refusalFor(actor: Actor, now: number): Refusal | undefined };
}

/** What arrived and waits for a flush. */
type Queue = { isBusyWith(connection: RoomConnection): boolean };

/** A connection that was silent for so long is let go, in milliseconds. */
const LET_GO_AFTER_MS = 30_000;
const TIDY_EVERY_MS = 10_000;

export class Relays {
  readonly plan: RelayPlan;
  readonly #rules: RelaysRules;
  readonly #store: RelayStore;
  readonly #queue: Queue;
  readonly #links = new Map<number, RelayLink>();
  /** Forgotten ones. Their numbers of dispatches and uploads go on, as the object may live that has seen them. */
  readonly #forgotten = new Map<number, RelayLink>();
  /** Where the log stood after the last flush. */
  #at: Position;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(plan: RelayPlan, store: RelayStore, rules: RelaysRules, queue: Queue) {
    this.#queue = queue;
    this.plan = plan;
    this.#store = store;
    this.#rules = rules;
    this.#at = this.#position;
    for (const stored of store.atStart) this.#links.set(stored.number, new RelayLink(stored, false));
  }

  /** Whether any has or may have somebody. */
  get areThere(): boolean {
    return this.#links.size > 0;
  }

  /** Whether it is known who is there. Until then nobody is greeted, and nobody is shown who comes or goes. */
  get areKnown(): boolean {
    for (const { isKnown } of this.#links.values()) if (!isKnown) return false;
    return true;
  }

  /** Whether a flush has something to send. */
  get hasWork(): boolean {
    for (const link of this.#links.values()) if (link.hasWork) return true;
    return false;
  }

  /** Connections past their first frames, without those of the room itself. */
  get size(): number {
    return this.#total.connections;
  }

  /** Where a new socket goes; `undefined`: it stays here. */
  choose(identity: Identity, region: string): StoredRelay | undefined {
    const { above, each } = this.plan;
    const { own } = this.#rules.connections;
    // It ends at half of where it began, so that a room does not go back and forth.
    if (own < above && (this.#links.size === 0 || 2 * own < above)) return undefined;
    const places = Array.from(this.#links.values(), (link) => ({
      number: link.number,
      region: link.region,
      hasPlace: link.expected < each,
    }));
    const found = chooseRelay(places, placeKeyOf(identity), region)?.number;
    const link = found === undefined ? this.#begin(region) : this.#links.get(found);
    link?.wasChosen();
    return link;
  }

  /** Part of a delivery: to every relay that has somebody. */
  deliver({ entries, answers, checkpoint }: Forwarded): void {
    const own = new Map<RelayLink, DeliverStep["answers"][number][]>();
    for (const [connection, texts] of answers) {
      const link = connection.relay === null ? undefined : this.#links.get(connection.relay);
      if (link === undefined) continue;
      const list = own.get(link) ?? [];
      own.set(link, list);
      list.push([connection.state.id, texts]);
    }
    const isForAll = entries.length > 0 || checkpoint !== null;
    // One object: a call to a hub has it once.
    const forAll: DeliverStep = { do: "deliver", entries, answers: [], checkpoint };
    for (const link of this.#links.values()) {
      const answered = own.get(link);
      if (link.isEmpty || (!isForAll && answered === undefined)) continue;
      link.steps.add(answered === undefined ? forAll : { ...forAll, answers: answered });
    }
  }

  /** Closes connections that the room may not hold. */
  expel(whom: Expelled, expulsion: Expulsion, departure: Departure): void {
    for (const link of this.#links.values())
      if (!link.isEmpty) {
        link.steps.add({ do: "expel", whom, expulsion, departure });
        link.ended.add({ kind: "many", whom, expulsion });
      }
  }

  /** A connection that was let in: its first frames come with a flush. */
  admit(relay: number, state: RoomConnectionState, now: number): void {
    const link = this.#linkOf(relay);
    const { connection } = this.#add(link, state, now);
    link.decides({ do: "admitted", id: state.id });
    this.#rules.connections.admit(connection);
  }

  /** A connection that was not let in. */
  refuse(relay: number, id: string, refusal: Refusal): void {
    this.#linkOf(relay).decides({ do: "refused", id, refusal });
  }

  /** It gets its first frames: the relay must know before. */
  opens(connection: RoomConnection): void {
    const link = this.#linkWith(connection);
    if (link === undefined) return;
    link.steps.add({ do: "open", id: connection.state.id, state: connection.state });
    link.opens(connection);
    this.#count();
  }

  /** It lacks open messages. */
  lacks(connection: RoomConnection, streams: "all" | ReadonlySet<number>): void {
    const listed = streams === "all" ? streams : [...streams];
    this.#linkWith(connection)?.steps.add({ do: "lacks", id: connection.state.id, streams: listed });
  }

  /** It is about to be sent what it lacked. */
  whole(connection: RoomConnection): void {
    this.#linkWith(connection)?.steps.add({ do: "whole", id: connection.state.id });
  }

  /** A connection that speaks; `undefined`: the room has closed it. */
  hold(relay: number, state: RoomConnectionState, unsent: number, now: number): RoomConnection | undefined {
    const link = this.#linkOf(relay);
    if (link.ended.has(state, now)) return undefined;
    const held = link.held.get(state.id) ?? this.#holdNew(link, state, now);
    held.touchedAt = now;
    held.socket.waits(unsent);
    return held.connection;
  }

  /**
   * A connection is gone from its relay. Answers the one that the room holds: if it has woken meanwhile and lists its
   * members, the others do not know yet.
   */
  gone(relay: number, id: string, state: RoomConnectionState | undefined, now: number) {
    const link = this.#links.get(relay);
    link?.hasGone(id);
    const held = link?.held.get(id);
    if (held !== undefined || link === undefined || state === undefined) return held?.connection;
    const barred = this.#rules.moderation.refusalFor(state.actor, now);
    if (link.ended.has(state, now) || barred !== undefined) return undefined;
    if (state.actor.identity.kind !== "user" || !this.#rules.roomPresence.isListed) return undefined;
    const { connection } = this.#holdNew(link, state, now);
    this.#rules.roomPresence.recall([connection]);
    return connection;
  }

  /** The room forgets a connection. */
  forget(connection: RoomConnection): void {
    const link = this.#linkWith(connection);
    const { id, stage } = connection.state;
    const held = link?.held.get(id);
    if (link === undefined || held?.connection !== connection) return;
    link.held.delete(id);
    if (!held.socket.isClosed) return;
    link.ended.add({ kind: "one", id });
    if (stage.at === "joining") return;
    link.counts(connection, -1);
    this.#count();
  }

  /** An upload begins. `other life`: it is for a life of the room that is over. `again`: it was taken before. */
  begin(upload: Upload): "new" | "again" | "other life" {
    const { relay, life, relayLife, sums } = upload;
    if (life !== null && life !== this.plan.life) return "other life";
    const link = this.#linkOf(relay);
    link.says(relayLife, sums);
    this.#count();
    if (link.hasTaken(upload)) return "again";
    link.ended.seen(life === null ? 0 : upload.seen);
    return "new";
  }

  /** Connections of a relay with something that still waits. */
  waitingAt(relay: number): Pick<Dispatch, "waiting" | "waitingAs"> {
    const link = this.#linkOf(relay);
    return link.lists(this.#busyAt(link));
  }

  /** The number of the last dispatch to a relay. */
  dispatchedTo(relay: number): number {
    return this.#links.get(relay)?.dispatched ?? 0;
  }

  /** At the end of each flush: what the relays are told. */
  collect(now: number): readonly AddressedDispatch[] {
    if (this.#links.size === 0) return NOTHING;
    if (this.#rules.roomPresence.wantsWho) for (const link of this.#links.values()) link.ask();
    const [before, upTo] = [this.#at, this.#position];
    this.#at = upTo;
    const dispatches: AddressedDispatch[] = [];
    for (const link of this.#links.values()) {
      const { number, region } = link;
      sayBarred(link, this.#rules.moderation, now);
      const waiting = this.#busyAt(link);
      const made = link.dispatch(this.plan.life, before, upTo, waiting, this.#rules.streams.size);
      for (const dispatch of made) dispatches.push({ number, region, dispatch });
    }
    this.#tidy(now);
    return dispatches;
  }

  /** Dispatches were answered. */
  answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer, now: number): void {
    const link = this.#links.get(relay);
    if (link === undefined) return;
    const number = dispatches.at(-1)?.number ?? 0;
    const isAsked = dispatches.some(({ asksWho }) => asksWho);
    if (answer.who !== undefined) this.#meet(link, JSON.parse(answer.who), number, now);
    link.settled(dispatches, answer);
    if (isAsked) this.#heardOf(link, answer.who !== undefined);
    this.#count();
  }

  /** Dispatches did not come, after all tries. The relay finds out by the number of the next one. */
  lost(relay: number, dispatches: readonly Dispatch[]): void {
    const link = this.#links.get(relay);
    if (link === undefined) return;
    link.settled(dispatches, undefined);
    if (!dispatches.some(({ asksWho }) => asksWho)) {
      // Closes may be among what was lost: it must not wait for the next message to find that out.
      link.ask();
      return;
    }
    // The next dispatch asks again.
    link.saysNothing();
    this.#heardOf(link, true);
    this.#count();
  }

  /** From the alarm: asks who is there, and forgets relays at which nobody is. */
  sweep(): void {
    const before = this.#links.size;
    for (const [number, link] of [...this.#links]) {
      if (!link.isEmpty || !link.isSettled) link.ask();
      else if (this.#links.delete(number)) this.#forgotten.set(number, link);
    }
    if (this.#links.size < before) this.#write();
  }

  get #position(): Position {
    const { epoch, head } = this.#rules.log;
    return { epoch, seq: head };
  }

  get #total(): RelaySums {
    let total = NOBODY;
    for (const { sums } of this.#links.values()) total = plus(total, sums);
    return total;
  }

  #count(): void {
    this.#rules.roomPresence.relayed(this.#total);
  }

  #begin(region: string): RelayLink | undefined {
    const number = nextRelay(this.#links, this.plan.direct);
    return number === undefined ? undefined : this.#start({ number, region });
  }

  #start(stored: StoredRelay): RelayLink {
    const { number, region } = stored;
    const link = this.#forgotten.get(number) ?? new RelayLink(stored, true);
    if (region !== "") link.region = region;
    this.#forgotten.delete(number);
    this.#links.set(number, link);
    this.#write();
    return link;
  }

  #write(): void {
    this.#store.put(Array.from(this.#links.values(), ({ number, region }) => ({ number, region })));
  }

  /** One that was forgotten may have somebody again. */
  #linkOf(relay: number): RelayLink {
    return this.#links.get(relay) ?? this.#start({ number: relay, region: "" });
  }

  #linkWith({ relay }: RoomConnection): RelayLink | undefined {
    return relay === null ? undefined : this.#links.get(relay);
  }

  #add(link: RelayLink, state: RoomConnectionState, now: number): Held {
    const socket = new RelaySocket(link.steps, state.id);
    const connection = new RoomConnection(socket, state, link.number);
    const openedWith = state.stage.at === "joining" ? null : 0;
    const held = { connection, socket, touchedAt: now, openedWith };
    link.held.set(state.id, held);
    return held;
  }

  #holdNew(link: RelayLink, state: RoomConnectionState, now: number): Held {
    const held = this.#add(link, state, now);
    this.#rules.connections.hold(held.connection);
    // A room that died may not have said it.
    const barred = this.#rules.moderation.refusalFor(state.actor, now);
    if (barred !== undefined) this.#rules.connections.drop(held.connection, barred, now);
    return held;
  }

  #busyAt(link: RelayLink): string[] {
    const busy = [...link.joining];
    for (const [id, { connection }] of link.held) if (this.#isBusy(connection)) busy.push(id);
    return busy;
  }

  #isBusy(connection: RoomConnection): boolean {
    if (connection.state.stage.at === "joining") return true;
    return this.#queue.isBusyWith(connection) || this.plan.isHeld(connection);
  }

  /** The connections of users that a relay has. Those that it has no more were lost. */
  #meet(link: RelayLink, who: readonly RoomConnectionState[], number: number, now: number): void {
    const there = new Set<string>();
    for (const state of who) {
      there.add(state.id);
      // One that waits for its first frames is in the queue of the room, or comes with an upload.
      const isGone = link.goneMeanwhile.has(state.id) || link.ended.has(state, now);
      if (state.stage.at === "joining" || link.held.has(state.id) || isGone) continue;
      this.#holdNew(link, state, now);
    }
    for (const connection of link.notNamed(there, number))
      this.#rules.connections.leave(connection, "lost", now);
  }

  #heardOf(link: RelayLink, saidWho: boolean): void {
    link.question = "none";
    link.isKnown = true;
    const { roomPresence } = this.#rules;
    if (!saidWho) roomPresence.countRelayed();
    else if (this.#areAllHeard) this.#list();
  }

  get #areAllHeard(): boolean {
    for (const { question } of this.#links.values()) if (question !== "none") return false;
    return true;
  }

  /** All that are at relays are held now: they are listed, or too many for that. */
  #list(): void {
    const { roomPresence } = this.#rules;
    const held: RoomConnection[] = [];
    for (const link of this.#links.values())
      for (const { connection } of link.held.values())
        if (connection.user !== null && connection.state.stage.at !== "joining") held.push(connection);
    this.#count();
    const { members } = this.#total;
    if (members <= LISTED_MEMBERS) roomPresence.meet(held);
    else roomPresence.countRelayed();
  }

  #tidy(now: number): void {
    if (sinceMs(this.#tidiedAt, now) < TIDY_EVERY_MS) return;
    this.#tidiedAt = now;
    const { isListed } = this.#rules.roomPresence;
    for (const link of this.#links.values()) {
      if (!link.isSettled) continue;
      for (const { connection, touchedAt } of [...link.held.values()]) {
        const isKept = (isListed && connection.user !== null) || connection.state.stage.at === "joining";
        if (isKept || sinceMs(touchedAt, now) < LET_GO_AFTER_MS || this.#isBusy(connection)) continue;
        link.held.delete(connection.state.id);
        this.#rules.connections.letGo(connection);
      }
    }
  }
}

const NOTHING: readonly AddressedDispatch[] = [];
