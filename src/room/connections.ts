// The open connections of a room: who comes in, who is closed and why, and what each of them is sent.

import type { Actor, Identity } from "../access/identity.ts";
import { includes } from "../access/room-permission.ts";
import { TAKEN_BY_BACK_END } from "../object/answers.ts";
import { type Departure, departureOf } from "../object/close-codes.ts";
import type { Journal } from "../object/journal.ts";
import { hasExpired, Sweeper, sinceMs } from "../object/liveness.ts";
import { SharedFrame } from "../object/shared-frame.ts";
import { LOST, type Spending } from "../object/spending.ts";
import type { TrafficMeter } from "../object/traffic.ts";
import { type Closing, closeCode } from "../protocol/index.ts";
import type { LastFrame, Outlet } from "./delivery.ts";
import type { PageBudget } from "./page-budget.ts";
import { closingFor, type Expelled, type Expulsion } from "./people/expulsion.ts";
import type { Receipts } from "./people/receipts.ts";
import type { LackedStreams, RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { type Permits, UNKNOWN_PERMISSION, type Verdict } from "./permits.ts";
import type { PageThere } from "./relays/relay-calls.ts";
import type { Forwarded } from "./relays/relays.ts";
import { HERE, type Seating, Seats } from "./seats.ts";
import type { Moment } from "./turn.ts";

/** Asking the runtime of every socket in every flush would cost a tenth of a big room's speed. */
const LOOK_FOR_SLOW_EVERY_MS = 250;
/** While an open message has readers that lag behind, the object looks this often whether they have read, in milliseconds. */
const LOOK_AGAIN_MS = 250;
/** A connection that is behind reads at least so many bytes in this time. */
const READS_WITHIN_MS = 30_000;
const MIN_READ_BYTES = 65_536;
export const EXPIRED: Closing = { code: "token_expired" };

/** What the connections of a room need of its relays. */
export interface RelayOutlet {
  readonly areThere: boolean;
  readonly size: number;
  readonly anonymous: number;
  deliver(forwarded: Forwarded): void;
  expel(whom: Expelled, expulsion: Expulsion, departure: Departure, now: number): void;
  opens(connection: RoomConnection): void;
  lacks(connection: RoomConnection, streams: LackedStreams): void;
  makesPage(connection: RoomConnection, page: PageThere): void;
  forget(connection: RoomConnection): void;
}

export interface ConnectionRules {
  readonly settings: RoomSettings;
  readonly roomPresence: Pick<RoomPresence, "restore" | "join" | "leave" | "dismiss" | "connectionsOf">;
  /** Left out: all sockets are here. */
  readonly relays?: RelayOutlet | undefined;
  readonly permits: Permits;
  /** Left out: the room keeps how far users have read. */
  readonly receipts?: Pick<Receipts, "restore" | "left"> | undefined;
  readonly pages: PageBudget;
  readonly spending: Spending;
  readonly journal: Journal;
  readonly streams: { readonly size: number };
  reportFault(error: unknown): void;
  /** It is gone. */
  left?(connection: RoomConnection, departure: Departure): void;
}

export class Connections implements Outlet {
  readonly #rules: ConnectionRules;
  /** Those past their first frames. */
  readonly #open = new Set<RoomConnection>();
  /** Those past their first frames that are at relays, as far as the room holds them. */
  readonly #atRelays = new Set<RoomConnection>();
  /** Those that wait for their first frames. */
  readonly #joining = new Set<RoomConnection>();
  /** Those of `#joining` whose members the others know already. */
  readonly #announced = new Set<RoomConnection>();
  readonly #seats: Seats;
  readonly #sweeper: Sweeper;
  readonly #traffic: TrafficMeter;
  /** Those that lack open messages, and how much they had unread when. */
  readonly #behind = new Map<RoomConnection, { readonly bytes: number; readonly since: number }>();
  #lookedForSlowAt = Number.NEGATIVE_INFINITY;
  #watchesSlow = false;
  /** The frames of the delivery that is under way, by their text. */
  #shared: Map<string, SharedFrame> | undefined;

  constructor(rules: ConnectionRules) {
    this.#rules = rules;
    this.#traffic = rules.journal.traffic;
    this.#seats = new Seats(rules.settings);
    this.#sweeper = new Sweeper(rules.settings.limits.pingMs);
  }

  /** Takes in the connections that were open when the object slept. */
  restore(connections: readonly RoomConnection[]): void {
    for (const connection of connections) {
      this.#seats.take(connection);
      (connection.state.stage.at === "joining" ? this.#joining : this.#open).add(connection);
    }
    this.#rules.roomPresence.restore(connections);
    this.#rules.receipts?.restore(connections);
  }

  /** With those at relays. */
  get size(): number {
    return this.#open.size + this.#joining.size + (this.#rules.relays?.size ?? 0);
  }

  /** How many sockets are here. */
  get own(): number {
    let joining = 0;
    for (const { relay } of this.#joining) if (relay === null) joining++;
    return this.#open.size + joining;
  }

  get relays(): RelayOutlet | undefined {
    const { relays } = this.#rules;
    return relays?.areThere ? relays : undefined;
  }

  get recipients(): Iterable<RoomConnection> {
    return this.#open;
  }

  get joining(): readonly RoomConnection[] {
    return [...this.#joining];
  }

  /** How many wait for their first frames, but for those whose permission is unknown. */
  get toGreet(): number {
    return this.#joining.size - this.#rules.permits.joiners;
  }

  /** Whether a connection is past its first frames. */
  isOpen(connection: RoomConnection): boolean {
    return this.#open.has(connection) || this.#atRelays.has(connection);
  }

  isJoining(connection: RoomConnection): boolean {
    return this.#joining.has(connection);
  }

  /** Whether this user has anything open here. */
  isOpenTo(user: string): boolean {
    return this.#seats.hasUser(user);
  }

  /** Whether there is no place for one more connection of `identity`. */
  areFullFor(identity: Identity, { isSocketHere, atRelays }: Seating = HERE): boolean {
    const { settings, relays } = this.#rules;
    if (this.size >= settings.maxConnections) return true;
    // To count its own takes all that join, so it is done only where they may be too many.
    const isNearlyFull = this.#open.size + this.#joining.size >= settings.maxSockets;
    if (isSocketHere && isNearlyFull && this.own >= settings.maxSockets) return true;
    return this.#seats.areFullFor(identity, atRelays, relays?.anonymous ?? 0);
  }

  /** How many are of one user, or from one address, as `placeKeyOf` says it. */
  countOf(key: string): number {
    return this.#seats.countOf(key);
  }

  find(id: string): RoomConnection | undefined {
    return this.#seats.find(id);
  }

  /** Its first frames go out with the next flush. */
  admit(connection: RoomConnection): void {
    this.#seats.take(connection);
    this.#joining.add(connection);
    if (!connection.state.isCall && connection.relay === null)
      this.#rules.journal.add({ kind: "opened", ...connection.whom });
  }

  /** Takes in one that is at a relay. */
  hold(connection: RoomConnection): void {
    this.#seats.take(connection);
    (connection.state.stage.at === "joining" ? this.#joining : this.#atRelays).add(connection);
  }

  /** Forgets one that goes on at its relay, or was not let in. */
  letGo(connection: RoomConnection): void {
    this.#atRelays.delete(connection);
    this.#joining.delete(connection);
    this.#forget(connection);
  }

  /** It is about to get its first frames: from here on it receives what is delivered. */
  open(connection: RoomConnection): void {
    this.#joining.delete(connection);
    this.#announced.delete(connection);
    if (connection.relay === null) this.#open.add(connection);
    else {
      this.#atRelays.add(connection);
      this.#rules.relays?.opens(connection);
    }
  }

  /** Makes those known to the others that came in since the last flush. One that fails is closed, and comes back. */
  announce(now: number): void {
    for (const connection of this.joining) {
      if (this.#announced.has(connection)) continue;
      try {
        this.#rules.roomPresence.join(connection, now);
        this.#announced.add(connection);
      } catch (error) {
        this.#rules.reportFault(error);
        this.drop(connection, { code: "internal" }, now);
      }
    }
  }

  /** A connection has another permission, or another token. */
  renew(connection: RoomConnection, actor: Actor): void {
    connection.update({ actor });
    const kept = this.#rules.permits.renewed(connection);
    if (kept.length > 0) this.#send(connection, kept);
  }

  /** Asks for permissions that have lapsed, also of those that only listen. */
  askAnew(now: number, connections: Iterable<RoomConnection> = this.#open): void {
    for (const connection of connections) this.#rules.permits.lacks(connection, now);
  }

  /** What an answer to the question for a permission means for its connection. */
  settle(verdict: Verdict, now: number): void {
    const { connection } = verdict;
    if ("closing" in verdict) this.drop(connection, verdict.closing, now);
    else if (includes(verdict.actor.permission, "read")) {
      try {
        this.renew(connection, verdict.actor);
      } catch (error) {
        // What cannot be kept is not allowed.
        this.#rules.reportFault(error);
        this.drop(connection, { code: "internal" }, now);
      }
    } else {
      // Also the user's connections that had nothing to receive: the others must not see the user here any more.
      const others = this.#rules.roomPresence.connectionsOf(connection.user?.id ?? "");
      for (const one of [connection, ...others]) {
        if (now < one.permissionUntil) continue;
        one.close(TAKEN_BY_BACK_END);
        this.leave(one, "left", now);
      }
    }
  }

  /** Whether a sweep may find something. */
  isSweepDue(now: number): boolean {
    return this.#sweeper.isDue(now);
  }

  /** Closes what has stopped its heartbeat, and what has expired, also of those that wait for their first frames. */
  sweep(now: number): void {
    const all = [...this.#open, ...this.#joining];
    for (const { connection, closing } of this.#sweeper.sweep(all, now)) this.drop(connection, closing, now);
  }

  /**
   * Runs the delivery of a flush. At most four times a second, connections that read too slowly are closed in place of
   * their frames: they come back and replay.
   */
  watchSlow(now: number, deliver: () => void): void {
    this.#watchesSlow = sinceMs(this.#lookedForSlowAt, now) >= LOOK_FOR_SLOW_EVERY_MS;
    this.#shared = new Map();
    deliver();
    this.#shared = undefined;
    this.#watchesSlow = false;
  }

  /** When to look whether those that lack open messages have read, in milliseconds; `null`: nobody lacks any. */
  lookAt(now: number): number | null {
    return this.#behind.size > 0 && this.#rules.streams.size > 0 ? now + LOOK_AGAIN_MS : null;
  }

  /** A connection is sent these open messages whole when it has read what it was sent, and no appends of them before. */
  sendLater(connection: RoomConnection, streams: LackedStreams): void {
    if (this.#rules.streams.size === 0) return;
    if (connection.relay !== null) {
      this.#rules.relays?.lacks(connection, streams);
      return;
    }
    this.#lacks(connection, streams);
  }

  /** As `sendLater`, for one whose relay has asked: it has read. */
  sendNow(connection: RoomConnection, streams: LackedStreams): void {
    if (this.#rules.streams.size > 0) this.#lacks(connection, streams);
  }

  #lacks(connection: RoomConnection, streams: LackedStreams): void {
    connection.lackStreams(streams);
    if (!this.#behind.has(connection))
      this.#behind.set(connection, { bytes: Number.POSITIVE_INFINITY, since: Number.POSITIVE_INFINITY });
  }

  /** Those that have read, with the open messages that they lack, which they have to be sent. */
  *caughtUp(now: number): Generator<readonly [RoomConnection, LackedStreams]> {
    for (const connection of this.#behind.keys()) {
      if (this.#rules.streams.size === 0) this.#forgetBehind(connection);
      else if (now >= connection.permissionUntil) continue;
      else if (connection.lagsBehind) this.#watchBehind(connection, now);
      else {
        yield [connection, this.#forgetBehind(connection)];
      }
    }
  }

  /** It is not behind any more. Answers which open messages it lacked. */
  #forgetBehind(connection: RoomConnection): LackedStreams {
    this.#behind.delete(connection);
    return connection.takeLackedStreams();
  }

  /** While a connection is behind the object stays awake to look at it: so one that does not read is closed, and comes back. */
  #watchBehind(connection: RoomConnection, now: number): void {
    const bytes = connection.socket.unsentBytes();
    const { bytes: before, since } = this.#behind.get(connection) ?? { bytes, since: now };
    // It begins with the first look. If the clock was set back, the time begins anew.
    if (bytes <= before - MIN_READ_BYTES || now < since) this.#behind.set(connection, { bytes, since: now });
    else if (now - since >= READS_WITHIN_MS) this.drop(connection, { code: "slow_consumer" }, now);
  }

  /** Nothing is sent to a connection whose permission is unknown: it is kept until it is known. */
  give(connection: RoomConnection, frames: readonly string[], now: number): void {
    // What may keep frames from it is where its socket is.
    if (connection.relay !== null) {
      this.#send(connection, frames);
      return;
    }
    // A flush that has nothing for anybody looks at nobody.
    if (this.#watchesSlow) this.#lookedForSlowAt = now;
    if (hasExpired(connection.identity, now)) this.drop(connection, EXPIRED, now);
    else if (this.#watchesSlow && connection.isSlow) this.drop(connection, { code: "slow_consumer" }, now);
    else if (now < connection.permissionUntil) {
      if (this.#watchesSlow && connection.lagsBehind) this.sendLater(connection, "all");
      this.#send(connection, frames);
    } else if (this.#rules.permits.keepFrames(connection, frames, now) === "full")
      this.drop(connection, UNKNOWN_PERMISSION, now);
    // Appends are not kept for it: they would soon be too many.
    else this.sendLater(connection, "all");
  }

  /** As `give`. A page that its relay makes is for a connection that is there. */
  giveLast(connection: RoomConnection, frames: readonly LastFrame[], now: number): void {
    const texts: string[] = [];
    for (const frame of frames)
      if (typeof frame === "string") texts.push(frame);
      else {
        this.give(connection, texts.splice(0), now);
        this.#rules.relays?.makesPage(connection, frame);
      }
    this.give(connection, texts, now);
  }

  #send(connection: RoomConnection, frames: readonly string[]): void {
    let bytes = 0;
    for (const frame of frames) {
      const shared = connection.envelopes ? this.#sharedFrame(frame) : undefined;
      if (shared?.goesAsBytes) connection.socket.sendBytes(shared);
      else connection.socket.send(frame);
      bytes += frame.length;
    }
    // What goes to a relay is counted there.
    if (connection.relay === null) this.#traffic.sent(frames.length, bytes);
  }

  /** `undefined`: first frames and pages are not shared by many. */
  #sharedFrame(text: string): SharedFrame | undefined {
    const known = this.#shared?.get(text);
    if (known !== undefined || this.#shared === undefined) return known;
    const frame = new SharedFrame(text);
    this.#shared.set(text, frame);
    return frame;
  }

  /** Closes connections, and shows the others that they are gone. */
  expel(whom: Expelled, expulsion: Expulsion, departure: Departure, at: Moment): void {
    // What they still hear goes first, as the room does not know who is at a relay.
    if (this.relays !== undefined) at.delivery?.deliver();
    for (const connection of [...this.#open, ...this.#atRelays, ...this.#joining]) {
      const closing = closingFor(whom, expulsion, connection.state, at.now);
      if (closing !== undefined) this.#closeLast(connection, closing, departure, at);
    }
    this.relays?.expel(whom, expulsion, departure, at.now);
    if (departure === "left")
      this.#rules.roomPresence.dismiss(whom === "everybody" ? null : whom.user, at.now);
  }

  /** Closes a connection after what this flush has for it: it may have been answered. */
  dismiss(connection: RoomConnection, closing: Closing, at: Moment): void {
    this.#closeLast(connection, closing, departureOf(closeCode(closing.code)), at);
  }

  /** Closes a connection without another frame. */
  drop(connection: RoomConnection, closing: Closing, now: number): void {
    connection.close(closing);
    this.leave(connection, departureOf(closeCode(closing.code)), now);
  }

  /** A connection is gone. Does nothing if it was gone before. */
  leave(connection: RoomConnection, departure: Departure, now: number): void {
    const waits = this.#joining.delete(connection);
    const isKnown =
      this.#announced.delete(connection) ||
      this.#open.delete(connection) ||
      this.#atRelays.delete(connection);
    const { roomPresence, receipts, spending, journal } = this.#rules;
    if (isKnown) roomPresence.leave(connection, departure, now);
    else if (!waits) return;
    if (connection.user !== null && connection.state.read !== undefined) receipts?.left(connection.user.id);
    const end = connection.end(departure === "left" ? 1000 : 1006);
    if ((!connection.state.isCall || "closing" in end) && connection.relay === null) journal.add(end);
    if (departure === "lost" && connection.user !== null) spending.add(connection.user.id, LOST);
    if (connection.relay !== null) this.#rules.relays?.forget(connection);
    this.#forget(connection);
    this.#rules.left?.(connection, departure);
  }

  #forget(connection: RoomConnection): void {
    this.#behind.delete(connection);
    this.#rules.pages.forget(connection);
    this.#rules.permits.forget(connection);
    this.#seats.free(connection);
  }

  /** A final close fails what the client still waits for: what was stored must be answered before it. */
  #closeLast(connection: RoomConnection, closing: Closing, departure: Departure, at: Moment): void {
    const { now, delivery } = at;
    const mayHear = !hasExpired(connection.identity, now) && now < connection.permissionUntil;
    if (delivery !== undefined && mayHear && this.isOpen(connection))
      this.#send(connection, delivery.dueTo(connection));
    connection.close(closing);
    this.leave(connection, departure, now);
  }
}
