// The relays of a room: which there are, who is at them, and what each has to be told. The room holds the connection of a
// relay only while it lists its members, or while that connection speaks.

import type { Identity } from "../../access/identity.ts";
import type { Departure } from "../../object/close-codes.ts";
import type { Refusal } from "../../protocol/index.ts";
import type { Page } from "../log/log-page.ts";
import type { RecentBounds } from "../log/recent-log.ts";
import type { Expelled, Expulsion } from "../people/expulsion.ts";
import type { RoomConnection, RoomConnectionState } from "../people/room-connection.ts";
import { HeldConnections } from "./held-connections.ts";
import { entriesFor } from "./held-there.ts";
import type {
  AddressedDispatch,
  DeliverStep,
  Dispatch,
  DispatchAnswer,
  PageThere,
  Position,
  RelayEntry,
  StoredRelay,
  Upload,
} from "./relay-calls.ts";
import { chooseRelay, placeKeyOf } from "./relay-choice.ts";
import { RelayInquiries } from "./relay-inquiries.ts";
import { RelayLink } from "./relay-link.ts";
import { nextRelay } from "./relay-numbers.ts";
import type { RelayStore } from "./relay-store.ts";
import type { RelaysRules } from "./relays-rules.ts";
import { UntoldExpulsions } from "./untold.ts";

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
  /** How much of its log it has in memory, `RECENT_BOUNDS` unless given. */
  readonly recent?: RecentBounds;
  /** Whether a command of a connection waits for something outside of the room. */
  isHeld(connection: RoomConnection): boolean;
}

/** What goes to all relays with one delivery, and what to some of their connections. */
export interface Forwarded {
  readonly entries: readonly RelayEntry[];
  readonly answers: Iterable<readonly [RoomConnection, readonly string[]]>;
  readonly checkpoint: string | null;
}

/** What arrived and waits for a flush. */
type WaitingWork = { isBusyWith(connection: RoomConnection): boolean };

export class Relays {
  readonly plan: RelayPlan;
  readonly #rules: RelaysRules;
  readonly #store: RelayStore;
  readonly #links = new Map<number, RelayLink>();
  /** Forgotten ones. Their numbers of dispatches and uploads go on, as the object may live that has seen them. */
  readonly #forgotten = new Map<number, RelayLink>();
  readonly #held: HeldConnections;
  readonly #untold: UntoldExpulsions;
  readonly inquiries: RelayInquiries;
  /** Where the log stood after the last flush. */
  #at: Position;

  constructor(plan: RelayPlan, store: RelayStore, rules: RelaysRules, queue: WaitingWork) {
    this.plan = plan;
    this.#store = store;
    this.#rules = rules;
    this.#at = this.#position;
    this.#held = new HeldConnections(
      this.#links,
      rules,
      (connection) => queue.isBusyWith(connection) || plan.isHeld(connection),
    );
    this.inquiries = new RelayInquiries(this.#links);
    const { relays, untold } = store.atStart;
    for (const stored of relays) this.#links.set(stored.number, new RelayLink(stored, false));
    this.#untold = new UntoldExpulsions(untold, this.#links.values());
    rules.log.keepRecent(this.areThere, plan.recent);
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
    return this.inquiries.haveNews || this.#untold.isOver;
  }

  /** Connections past their first frames, without those of the room itself. */
  get size(): number {
    return this.#held.total.connections;
  }

  /** Those of them without a token. */
  get anonymous(): number {
    return this.#held.total.anonymous;
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
    const stored = entriesFor(entries, () => this.#heldByAllFrom);
    const isForAll = entries.length > 0 || checkpoint !== null;
    // One object: a call to a hub has it once.
    const forAll: DeliverStep = { do: "deliver", entries: stored, answers: [], checkpoint };
    for (const link of this.#links.values()) {
      const answered = own.get(link);
      if (link.isEmpty || (!isForAll && answered === undefined)) continue;
      link.steps.add(answered === undefined ? forAll : { ...forAll, answers: answered });
    }
  }

  holds(connection: RoomConnection, { recipe }: Page): boolean {
    if (recipe === undefined) return false;
    const link = this.#linkWith(connection);
    return link !== undefined && link.heldFrom(recipe.epoch) <= recipe.reach;
  }

  makesPage({ relay, state }: RoomConnection, page: PageThere): void {
    const link = relay === null ? undefined : this.#links.get(relay);
    link?.held.get(state.id)?.socket.makesPage(page);
  }

  /** Closes connections that the room may not hold. */
  expel(whom: Expelled, expulsion: Expulsion, departure: Departure, now: number): void {
    const step = { do: "expel", whom, expulsion, departure } as const;
    const told = [...this.#links.values()].filter(({ isEmpty }) => !isEmpty);
    for (const link of told) link.expel(step);
    // After a purge or an import the log is another one, which a relay finds by itself.
    if (told.length > 0 && whom !== "everybody") this.#untold.add(step, told, now);
  }

  /** A connection that was let in: its first frames come with a flush. */
  admit(relay: number, state: RoomConnectionState, now: number): void {
    const link = this.#linkOf(relay);
    const { connection } = this.#held.add(link, state, now);
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
    return this.#held.hold(this.#linkOf(relay), state, unsent, now);
  }

  /** A connection is gone from its relay. Answers the one that the room holds. */
  gone(relay: number, id: string, state: RoomConnectionState | undefined, now: number) {
    const link = this.#links.get(relay);
    return link && this.#held.gone(link, id, state, now);
  }

  /** The room forgets a connection. */
  forget(connection: RoomConnection): void {
    const link = this.#linkWith(connection);
    if (link === undefined) return;
    this.#held.forget(link, connection);
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
    return link.lists(this.#held.busyAt(link));
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
    const { log, streams, awaitsWaker } = this.#rules;
    const recent = { since: log.recentSince, floor: log.recentFloor };
    const dispatches: AddressedDispatch[] = [];
    for (const link of this.#links.values()) {
      const { number, region } = link;
      if (!link.isKnown && link.question === "due") this.#untold.tell(link, now);
      const waiting = this.#held.busyAt(link);
      const head = { openStreams: streams.size, recent };
      const made = link.dispatch(this.plan.life, before, upTo, waiting, head);
      if (made.length > 0) this.#untold.dispatched(link);
      for (const dispatch of made)
        dispatches.push({ number, region, dispatch: awaitsWaker ? { ...dispatch, awaitsWaker } : dispatch });
    }
    this.#held.tidy(now);
    if (this.#untold.takeNews()) this.#writeUntold();
    return dispatches;
  }

  /** What was done goes to relays also if it cannot be kept. */
  #writeUntold(): void {
    try {
      this.#write();
    } catch (error) {
      this.#untold.couldNotBeWritten();
      this.#rules.reportFault(error);
    }
  }

  /** Dispatches were answered. */
  answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer, now: number): void {
    const link = this.#links.get(relay);
    if (link === undefined) return;
    const number = dispatches.at(-1)?.number ?? 0;
    const isAsked = dispatches.some(({ asksWho }) => asksWho);
    if (answer.who !== undefined) this.#held.meet(link, JSON.parse(answer.who), number, now);
    link.settled(dispatches, answer);
    this.#untold.answered(link);
    if (isAsked) this.#held.heardOf(link, answer.who !== undefined);
    this.#count();
    // A flush of a busy room always leaves something on its way.
    this.#held.tidyAt(link, now);
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
    this.#held.heardOf(link, true);
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

  /** Each relay with somebody holds what was stored or changed after this `seq`. */
  get #heldByAllFrom(): number {
    const { epoch } = this.#rules.log;
    let from = 0;
    for (const link of this.#links.values()) if (!link.isEmpty) from = Math.max(from, link.heldFrom(epoch));
    return from;
  }

  get #position(): Position {
    const { epoch, head } = this.#rules.log;
    return { epoch, seq: head };
  }

  #count(): void {
    this.#held.count();
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
    this.#rules.log.keepRecent(this.areThere, this.plan.recent);
    this.#store.put({
      relays: Array.from(this.#links.values(), ({ number, region }) => ({ number, region })),
      untold: this.#untold.kept,
    });
  }

  /** One that was forgotten may have somebody again. */
  #linkOf(relay: number): RelayLink {
    return this.#links.get(relay) ?? this.#start({ number: relay, region: "" });
  }

  #linkWith({ relay }: RoomConnection): RelayLink | undefined {
    return relay === null ? undefined : this.#links.get(relay);
  }
}

const NOTHING: readonly AddressedDispatch[] = [];
