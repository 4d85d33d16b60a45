// The rules of a relay: sockets of one room. What the room dispatches is delivered by the classes that a room delivers with;
// what comes from the sockets goes up. Nothing is decided here but what an ear decides: who is too slow, gone or expired.

import type { Departure } from "../object/close-codes.ts";
import { MAX_REFUSALS, TOO_MANY_REFUSALS } from "../object/flood-guard.ts";
import { Journal } from "../object/journal.ts";
import type { RetryPorts } from "../object/retry.ts";
import { Spending } from "../object/spending.ts";
import {
  accept,
  type Closing,
  LISTED_MEMBERS,
  type Outcome,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import { Connections } from "../room/connections.ts";
import type { RecentBounds } from "../room/log/recent-log.ts";
import { PageBudget } from "../room/page-budget.ts";
import { closingFor } from "../room/people/expulsion.ts";
import type { LackedStreams, RoomConnection, RoomUpgrade } from "../room/people/room-connection.ts";
import type { RoomSettings } from "../room/people/room-settings.ts";
import { Permits } from "../room/permits.ts";
import type {
  Dispatch,
  DispatchAnswer,
  PageThere,
  Position,
  RelayCount,
  RelayPosition,
  RelayStep,
  Upload,
  UploadAnswer,
  UploadItem,
} from "../room/relays/relay-calls.ts";
import { placeKeyOf } from "../room/relays/relay-choice.ts";
import { framesOf } from "../room/relays/relay-steps.ts";
import { soonest } from "../room/room-time.ts";
import { CountedHere } from "./counted-here.ts";
import { GatheredFlushes } from "./gathered-flushes.ts";
import { HeldLog } from "./held-log.ts";
import type { HeldSocket } from "./held-socket.ts";
import { KeptPlace } from "./kept-place.ts";
import { MadePages } from "./made-pages.ts";
import { PeopleHere } from "./people-here.ts";
import { repliesTo } from "./replies-to.ts";
import { UnreadPages } from "./unread-pages.ts";
import { Uploads } from "./uploads.ts";

export interface RelayPorts extends RetryPorts {
  readonly relay: number;
  /** Which life of the relay's object this is. */
  readonly life: string;
  /** How much of the room's log it has in memory, as much as its room unless given. */
  readonly recent?: RecentBounds;
  upload(upload: Upload): Promise<UploadAnswer>;
  now(): number;
  reportFault(error: unknown): void;
  unreachable(error: unknown): void;
}

/** So many connections of users a relay names to a room that asks who is there. */
const MAX_NAMED = 10 * LISTED_MEMBERS;
/** Of connections that have missed something: their clients come back with their cursors. */
const BEHIND: Closing = { code: "internal" };
const AGAIN: Refusal = refuse("overloaded", "try again in a moment", { retryAfterMs: 1_000 });
/** Of a connection for whose page there is no memory before others have read theirs. */
const UNREAD: Closing = { code: "overloaded", retryAfterMs: 5_000 };

const ENDS: ReadonlySet<RelayStep["do"]> = new Set(["close", "expel", "refused"] as const);

interface Joining {
  readonly connection: RoomConnection;
  readonly resolve: (outcome: Outcome<undefined>) => void;
}

export class Relay {
  readonly people = new PeopleHere();
  readonly journal = new Journal([]);
  readonly counted = new CountedHere();
  readonly permits: Permits;
  readonly pages = new PageBudget();
  readonly spending = new Spending(() => 1);
  readonly connections: Connections;
  readonly uploads: Uploads;
  readonly held: HeldLog;
  readonly settings: RoomSettings;
  readonly roomPresence: PeopleHere;
  readonly streams = { size: 0 };
  readonly reportFault: (error: unknown) => void;
  readonly #ports: RelayPorts;
  readonly #joining = new Map<string, Joining>();
  readonly #kept = new KeptPlace();
  /** Where this relay is; `null`: not known. */
  #at: RelayPosition | null = null;
  /** What the room has made for it, as far as it said so. */
  #owed: Pick<RelayPosition, "life" | "number"> | undefined;
  #hasSaidWho = false;
  /** What goes out before anything else. */
  readonly #gathered: GatheredFlushes;
  readonly #pages: MadePages;
  readonly #unread = new UnreadPages();
  #counts = 0;
  /** The room itself ends connections. */
  #isTold = false;

  constructor(settings: RoomSettings, ports: RelayPorts) {
    this.settings = settings;
    this.#ports = ports;
    this.roomPresence = this.people;
    this.held = new HeldLog(ports.recent);
    this.#pages = new MadePages(this.held);
    this.reportFault = ports.reportFault;
    this.permits = new Permits(() => ports.random());
    this.connections = new Connections(this);
    this.#gathered = new GatheredFlushes(this.connections, this.people);
    this.uploads = new Uploads(ports.relay, ports.life, {
      upload: (upload) => ports.upload(upload),
      sums: () => this.#count(),
      counted: () => this.counted.take(),
      seen: (life) => (this.#at?.life === life ? this.#at.number : 0),
      inDoubt: (ids) => this.#endAll(ids),
      owes: (of, number) => {
        this.#owed = { life: of, number };
      },
      taken: (items) => this.#taken(items),
      failed: ports.unreachable,
      random: () => ports.random(),
      wait: (ms) => ports.wait(ms),
    });
  }

  /** Takes in what was open when the object slept. One that waited for its first frames then comes back. */
  restore(
    sockets: readonly { readonly connection: RoomConnection; readonly socket: HeldSocket }[],
    at: RelayPosition | null,
  ): void {
    this.#at = at;
    this.held.forget(at);
    for (const { connection, socket } of sockets) this.#kept.add(connection, socket);
    this.connections.restore(sockets.map(({ connection }) => connection));
    for (const connection of this.connections.joining) this.connections.drop(connection, BEHIND, this.#now);
    // The sockets that knew it have closed.
    if (at === null) this.#closeAll();
    this.#keep();
  }

  /** A client wants to come in, which the room decides. Settles when it has. */
  join(connection: RoomConnection, socket: HeldSocket, upgrade: RoomUpgrade): Promise<Outcome<undefined>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<undefined>>();
    const { id } = connection.state;
    const { replaces } = upgrade;
    const replaced = replaces === undefined ? undefined : this.people.find(replaces);
    const isTheirs = replaced?.user != null && replaced.user.id === connection.user?.id;
    // What is gone without a word fills neither this relay nor the room, which hears of it before the newcomer.
    this.#sweepIfDue();
    if (this.connections.areFullFor(connection.identity) && !isTheirs)
      return Promise.resolve(
        reject(refuse("room_full", "no more connections here at the moment", { retryAfterMs: 5_000 })),
      );
    const others = this.connections.countOf(placeKeyOf(connection.identity));
    this.#kept.add(connection, socket);
    this.connections.hold(connection);
    this.#joining.set(id, { connection, resolve });
    this.uploads.add({
      ...{ kind: "join", id, upgrade, others },
      ...(isTheirs && replaced !== undefined && { replaced: replaced.state }),
    });
    return promise;
  }

  /** A frame of a socket. */
  receive(connection: RoomConnection, frame: string | ArrayBuffer): void {
    const { backlog } = connection;
    const { rateBurst, messageBytes } = this.settings.limits;
    if (backlog.exceeds(rateBurst + MAX_REFUSALS, rateBurst * messageBytes)) {
      this.connections.drop(connection, TOO_MANY_REFUSALS, this.#now);
      return;
    }
    backlog.received(typeof frame === "string" ? frame.length : frame.byteLength);
    backlog.queued(false);
    connection.heard(this.#now);
    const unsent = connection.socket.unsentBytes();
    this.uploads.addFrame({ state: connection.state, unsent }, frame);
  }

  /** A socket has closed. */
  gone(connection: RoomConnection, departure: Departure): void {
    this.connections.leave(connection, departure, this.#now);
  }

  /** `Connections` says that one is gone. */
  left(connection: RoomConnection, departure: Departure): void {
    const { id } = connection.state;
    const joining = this.#joining.get(id);
    this.#joining.delete(id);
    joining?.resolve(reject(refusalOf(connection)));
    if (this.#kept.remove(connection)) this.#keep();
    this.#unread.forget(connection);
    // Its join may be on its way to the room.
    const { state } = connection;
    const wasOpen = state.stage.at !== "joining";
    if (joining === undefined) this.counted.closed(connection.end(departure === "left" ? 1000 : 1006));
    if (!this.#isTold || joining !== undefined)
      this.uploads.add({ kind: "left", id, departure, ...(wasOpen && { state }) });
  }

  /** What the room has for the sockets here. */
  take(dispatches: readonly Dispatch[]): DispatchAnswer {
    const asksWho = dispatches.some((dispatch) => dispatch.asksWho) || !this.#hasSaidWho;
    this.#unread.begin();
    for (const dispatch of dispatches) this.#take(dispatch);
    this.#gathered.deliver(this.#now);
    this.#keep();
    if (dispatches.every(({ awaitsWaker }) => awaitsWaker !== true)) this.#sweepIfDue();
    this.look();
    const who = asksWho ? this.people.users(MAX_NAMED) : undefined;
    this.#hasSaidWho = true;
    const states = who?.map(({ state }) => state);
    const { life } = this.#ports;
    const sent = this.journal.traffic.takeSent();
    const replies = repliesTo(dispatches, this, this.#now);
    return {
      life,
      sent,
      replies,
      counted: this.counted.take(),
      sums: this.#count(),
      ...(states !== undefined && { who: JSON.stringify(states) }),
    };
  }

  /** Whether a client waits to be let in, or something is on its way to the room. */
  get isBusy(): boolean {
    return this.#joining.size > 0 || this.uploads.areUnderWay;
  }

  /** When to look again, in milliseconds; `null`: not before something happens. */
  dueAt(now: number): number | null {
    return soonest(this.permits.dueAt(), this.connections.lookAt(now));
  }

  /** From the alarm. */
  sweep(): void {
    this.connections.sweep(this.#now);
    this.connections.askAnew(this.#now);
  }

  #count(): RelayCount {
    return { ...this.people.sums, count: ++this.#counts, after: this.#at, holds: this.held.from };
  }

  get #now(): number {
    return this.#ports.now();
  }

  #sweepIfDue(): void {
    if (this.connections.isSweepDue(this.#now)) this.connections.sweep(this.#now);
  }

  /** Asks the room for the open messages of those who have read what they lagged behind with. */
  look(): void {
    for (const [connection, lacked] of this.connections.caughtUp(this.#now)) {
      // Until the room has sent them it lacks them.
      connection.lackStreams(lacked);
      const streams = lacked === "all" ? lacked : [...lacked];
      this.uploads.add({ kind: "lacking", state: connection.state, streams });
    }
  }

  #take(dispatch: Dispatch): void {
    const { life, number, after, upTo, openStreams, steps, texts, hasLost } = dispatch;
    const last = this.#at;
    if (this.uploads.isOver(life) || (last?.life === life && number <= last.number)) return;
    const isNewLife = last !== null && last.life !== life;
    const isOwed = last !== null && this.#owed?.life === last.life && this.#owed.number > last.number;
    const hasGap = (isNewLife && (isOwed || hasLost)) || (last?.life === life && number !== last.number + 1);
    this.uploads.heard(dispatch);
    const isBehind = hasGap || !this.#isAt(after);
    if (isBehind || isNewLife || this.streams.size !== openStreams) this.#gathered.deliver(this.#now);
    if (isBehind) this.#closeAll();
    this.streams.size = openStreams;
    // After a crash of the room readers may have been shown more of an open message than the room has.
    if (isNewLife && openStreams > 0)
      for (const connection of this.connections.recipients) this.connections.sendLater(connection, "all");
    this.held.begin(dispatch);
    for (const step of steps) this.#shielded(step, texts);
    this.held.end(upTo);
    this.#pages.clear();
    this.#at = { ...upTo, life, number };
  }

  #isAt({ epoch, seq }: Position): boolean {
    if (this.people.sums.connections === 0) return true;
    return this.#at?.epoch === epoch && this.#at.seq === seq;
  }

  #shielded(step: RelayStep, texts: readonly string[]): void {
    try {
      // What is for single connections stands behind the events before it.
      if (step.do !== "deliver") this.#gathered.deliver(this.#now);
      this.#isTold = ENDS.has(step.do);
      this.#do(step, texts);
      this.#isTold = false;
    } catch (error) {
      this.#isTold = false;
      this.reportFault(error);
      const connection = "id" in step ? this.connections.find(step.id) : undefined;
      if (connection !== undefined) this.connections.drop(connection, { code: "internal" }, this.#now);
    }
  }

  #do(step: RelayStep, texts: readonly string[]): void {
    switch (step.do) {
      case "deliver":
        this.held.take(step.entries);
        this.#gathered.add(step, this.#now);
        return;
      case "expel": {
        const { whom, expulsion } = step;
        this.uploads.forget((state) => closingFor(whom, expulsion, state, this.#now) !== undefined);
        this.connections.expel(step.whom, step.expulsion, step.departure, { now: this.#now });
        return;
      }
      case "admitted":
        this.#admitted(step.id);
        return;
      case "refused":
        this.#refuse(step.id, step.refusal);
        return;
      default: {
        const connection = this.connections.find(step.id);
        if (step.do === "close") this.uploads.forget(({ id }) => id === step.id);
        if (connection !== undefined) this.#doTo(connection, step, texts);
        // It went while the room let it in, which may have heard of that before it did.
        else if (step.do === "open") this.uploads.add({ kind: "left", id: step.id, departure: "lost" });
      }
    }
  }

  #doTo(
    connection: RoomConnection,
    step: Exclude<RelayStep, { do: "deliver" | "expel" | "admitted" | "refused" }>,
    texts: readonly string[],
  ): void {
    switch (step.do) {
      case "open":
        connection.update(step.state);
        this.connections.open(connection);
        this.people.join(connection);
        break;
      case "send":
        this.#give(connection, framesOf(step.frames, texts));
        break;
      case "page":
        this.#sendPage(connection, step);
        break;
      case "state":
        connection.update(step.state);
        if (step.state.actor.permissionUntil !== undefined)
          this.connections.renew(connection, step.state.actor);
        break;
      case "lacks":
        this.connections.sendLater(connection, lackedOf(step.streams));
        break;
      case "whole":
        connection.takeLackedStreams();
        break;
      case "close":
        this.connections.drop(connection, step.closing, this.#now);
    }
  }

  #sendPage(connection: RoomConnection, page: PageThere): void {
    const frames = this.#pages.framesOf(page, connection);
    if (frames === undefined) {
      this.connections.drop(connection, BEHIND, this.#now);
      return;
    }
    if (page.answer === undefined)
      this.journal.traffic.replayedThere(frames.reduce((sum, { length }) => sum + length, 0));
    this.#give(connection, frames);
  }

  #give(connection: RoomConnection, frames: readonly string[]): void {
    if (this.#unread.admit(connection, frames)) this.connections.give(connection, frames, this.#now);
    else this.connections.drop(connection, UNREAD, this.#now);
  }

  #settle(id: string, outcome: Outcome<undefined>): void {
    this.#joining.get(id)?.resolve(outcome);
    this.#joining.delete(id);
  }

  #admitted(id: string): void {
    const joining = this.#joining.get(id);
    if (joining === undefined) return;
    this.journal.add({ kind: "opened", ...joining.connection.whom });
    this.counted.opened();
    this.#settle(id, accept(undefined));
  }

  #refuse(id: string, refusal: Refusal): void {
    const connection = this.connections.find(id);
    this.#settle(id, reject(refusal));
    if (connection === undefined) return;
    connection.forget();
    this.connections.letGo(connection);
    this.#kept.remove(connection);
  }

  #taken(items: readonly UploadItem[]): void {
    for (const item of items) {
      if (item.kind !== "frames") continue;
      const connection = this.connections.find(item.state.id);
      if (connection !== undefined) for (const _ of item.frames) connection.backlog.taken(false);
    }
  }

  #endAll(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      const connection = this.connections.find(id);
      if (connection !== undefined) this.connections.drop(connection, BEHIND, this.#now);
    }
  }

  /** Something was missed: all come back. */
  #closeAll(): void {
    for (const connection of [...this.connections.recipients, ...this.connections.joining])
      this.connections.drop(connection, BEHIND, this.#now);
  }

  /** A few sockets keep where this relay is in the log. */
  #keep(): void {
    this.#kept.keep(this.#at, this.connections.recipients);
  }
}

/** Why a client is not let in whose connection ended before the room has let it in. */
function refusalOf(connection: RoomConnection): Refusal {
  const end = connection.end(1006);
  const closing = end.kind === "closed" ? end.closing : undefined;
  return closing === undefined ? AGAIN : { message: closing.code, ...closing };
}

const lackedOf = (streams: "all" | readonly number[]): LackedStreams =>
  streams === "all" ? streams : new Set(streams);
