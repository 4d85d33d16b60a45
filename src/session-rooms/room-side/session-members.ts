// The sessions that have joined a room. To the rules each is a connection like any other; its frames are collected for
// the next delivery, and what has to outlast the room's sleep is written, one row a session. A row also keeps that the
// room has ended for a session, until the session knows.

import type { Actor } from "../../access/identity.ts";
import { okAnswer } from "../../object/answers.ts";
import type { Departure } from "../../object/close-codes.ts";
import { SILENT_INTERVALS, SWEEPS_AN_INTERVAL, sinceMs } from "../../object/liveness.ts";
import type { Closing } from "../../protocol/index.ts";
import type { RoomLog } from "../../room/log/room-log.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomConnectionState,
  readState,
} from "../../room/people/room-connection.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../session-delivery.ts";
import { BufferedSocket } from "./buffered-socket.ts";
import type { Inquiry, SessionStore } from "./session-store.ts";

/** A delivery is a request, so a busy room is for sockets. */
export const MAX_SESSIONS = 1_000;
/** Sessions of a room in which nothing was stored are asked this often whether they are still there. */
const INQUIRE_EVERY_MS = 3_600_000;
/** A session is asked this much after it must have stopped its heartbeat, so that its object finds it silent. */
const ASK_SLACK_MS = 500;
/** The end of a permission is written in steps of this size. */
const UNTIL_STEP_MS = 5 * 60_000;

interface SessionMember {
  readonly user: string;
  readonly join: string;
  readonly connection: RoomConnection;
  readonly port: BufferedSocket;
  /** The row as it is written; `null`: there is none. */
  row: string | null;
  /** How far the session was given items to deliver. `unknown`: since the room started, or since a delivery was given up. */
  queued: "nothing" | "unknown" | { readonly upTo: number };
  /** When to ask whether it is still there, in milliseconds; `undefined`: not decided yet. */
  askAt: number | undefined;
}

/** The room has ended for a session that does not know it yet. As it stands in a row, whatever the version. */
interface Ended {
  readonly user: string;
  readonly join: string;
  readonly left: Closing;
}

export interface AddressedItem {
  readonly user: string;
  readonly item: SessionItem;
}

export interface SessionMembersPorts {
  readonly log: Pick<RoomLog, "head" | "hasEvents">;
  readonly pingMs: number;
  /** Takes a connection in: its first frames come with the next flush. */
  admit(connection: RoomConnection): void;
  /** Has a connection leave with the next flush. */
  leave(connection: RoomConnection, departure: Departure): void;
  reportFault(error: unknown): void;
}

export class SessionMembers {
  readonly #store: SessionStore;
  readonly #ports: SessionMembersPorts;
  readonly #members = new Map<string, SessionMember>();
  readonly #ended = new Map<string, Ended>();
  readonly #touched = new Set<SessionMember>();
  /** What goes out with the next flush, before what that has for the sessions. */
  #due: AddressedItem[] = [];
  #remembersHead = false;
  /** `undefined`: not read since the start. */
  #lastInquiry: Inquiry | undefined;
  /** When sessions that received nothing lately were last looked through. */
  #lookedAt: number | undefined;

  constructor(store: SessionStore, ports: SessionMembersPorts) {
    this.#store = store;
    this.#ports = ports;
  }

  /** Counts those for which the room has ended and that do not know it yet. */
  get size(): number {
    return this.#members.size + this.#ended.size;
  }

  /** Whose they are. */
  get users(): ReadonlySet<string> {
    return new Set(Array.from(this.#members.values(), ({ user }) => user));
  }

  get areFull(): boolean {
    return this.size >= MAX_SESSIONS;
  }

  /** Whether something waits for the next flush. */
  get hasWork(): boolean {
    return this.#due.length > 0;
  }

  find(id: string): RoomConnection | undefined {
    return this.#members.get(id)?.connection;
  }

  /** Whether it is not here any more, and does not know it yet. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /**
   * The sessions that had joined before the room slept. Those whose row other code wrote are sent that the room has ended
   * for them, and join again; `others` is how many.
   */
  restore(): { readonly connections: RoomConnection[]; readonly others: number } {
    let others = 0;
    for (const { connection, state: row } of this.#store.all()) {
      const { join, user, ended, ...kept } = JSON.parse(row);
      const state = readState(kept);
      if (ended !== undefined) this.#ended.set(connection, ended);
      else if (state === undefined) {
        others++;
        this.#end(connection, { user, join, left: { code: "internal" } });
      } else {
        const { stage } = state;
        this.#add(state, { join, row, queued: stage.at === "paging" ? { upTo: stage.after } : "unknown" });
      }
    }
    if (others > 0) this.#due.push(...this.#farewells());
    return { connections: Array.from(this.#members.values(), ({ connection }) => connection), others };
  }

  /** Takes a session in. Its first frames go out with the next flush, after the answer to its `join`. */
  join({ connection: id, join, id: command, ...opening }: SessionJoin): void {
    const row = this.#members.get(id)?.row ?? (this.#ended.delete(id) ? "ended" : null);
    const state = newConnectionState(id, { ...opening, counted: true });
    const { connection, port } = this.#add(state, { join, row, queued: "nothing" });
    port.isUnwritten = true;
    connection.socket.send(okAnswer(command));
    this.#ports.admit(connection);
  }

  /** Whether the client of `user` may give this session up: it is here, and of the same user. */
  mayGiveUp(id: string, user: string | undefined): boolean {
    return user !== undefined && this.find(id)?.user?.id === user;
  }

  /** Ends a session that its client gave up, if it may be. */
  giveUp(id: string, user: string | undefined): void {
    if (this.mayGiveUp(id, user)) this.leave(id, "lost");
  }

  /** Answers whether it was here. */
  leave(id: string, departure: Departure): boolean {
    const connection = this.find(id);
    if (connection === undefined) return false;
    connection.forget();
    this.#ports.leave(connection, departure);
    return true;
  }

  /**
   * At the end of each flush: what goes to the sessions. Writes what changed. `headBefore`: where the log stood before the
   * flush.
   */
  collect(headBefore: number, now: number): readonly AddressedItem[] {
    if (this.size === 0 && this.#touched.size === 0 && this.#due.length === 0) return NOTHING;
    this.#rememberHead(headBefore);
    const items = this.#due;
    this.#due = [];
    for (const member of this.#touched) {
      const item = this.#itemOf(member, headBefore);
      if (item !== undefined) items.push({ user: member.user, item });
      try {
        if (member.port.isUnwritten) this.#write(member);
      } catch (error) {
        // One row that cannot be written is no reason to keep anything from the others.
        this.#ports.reportFault(error);
      }
    }
    this.#touched.clear();
    const { pingMs } = this.#ports;
    this.#lookedAt ??= now;
    if (sinceMs(this.#lookedAt, now) >= pingMs / SWEEPS_AN_INTERVAL) {
      this.#lookedAt = now;
      items.push(...this.#inquireOfSilent(now));
    }
    return items;
  }

  /** From the alarm: asks whether they have everything and are still there, if something was stored, or after an hour. */
  sweep(now: number): void {
    if (this.size === 0) return;
    const { headThen, at } = this.#inquiry;
    if (this.#ports.log.head !== headThen || now - at >= INQUIRE_EVERY_MS) this.#inquire(now);
    else this.#due.push(...this.#farewells());
  }

  /** Before a room is called full for long: asks for sessions that are gone without a word. */
  inquireIfStale(now: number): void {
    if (now - this.#inquiry.at >= this.#ports.pingMs) this.#inquire(now);
  }

  /** The user's object has answered a delivery. Returns the items to deliver once more, before anything else. */
  answered(items: readonly SessionItem[], answers: readonly ItemAnswer[], now: number): SessionItem[] {
    const again: SessionItem[] = [];
    for (const [at, item] of items.entries()) {
      const answer = answers[at];
      const retried = answer?.kind === "behind" ? this.#reconcile(item, answer.seq, again) : undefined;
      if (retried !== undefined) again.push(retried);
      else this.#delivered(item);
      const member = this.#memberOf(item);
      if (member === undefined) continue;
      if (answer?.kind === "taken") member.askAt = this.#nextAskAt(answer.silentInMs, now);
      else if (answer?.kind === "gone") this.leave(item.connection, "lost");
    }
    return again;
  }

  /**
   * A delivery has failed after all tries. Signals and presence have no `seq`, so the session cannot find out that they
   * were lost: the room ends for it, and its client joins again.
   */
  givenUp(items: readonly SessionItem[]): void {
    for (const item of items) {
      const member = this.#memberOf(item);
      if (member === undefined) continue;
      member.port.delivered(item.frames);
      member.queued = "unknown";
      if (item.frames.length > 0) this.#rejoin(member.connection);
    }
  }

  /** The member an item is for, unless it has left or joined again. */
  #memberOf({ connection, join }: SessionItem): SessionMember | undefined {
    const member = this.#members.get(connection);
    return member?.join === join ? member : undefined;
  }

  /** It was passed on, or is obsolete. */
  #delivered(item: SessionItem): void {
    const { connection, join, frames, left } = item;
    this.#memberOf(item)?.port.delivered(frames);
    if (left !== undefined && this.#ended.get(connection)?.join === join) {
      this.#ended.delete(connection);
      this.#store.remove(connection);
    }
  }

  /**
   * The session received less than its item follows on. If nothing in between is of its topics, the item goes once
   * more; else something was lost, and it joins again with its cursor, as a socket would reconnect.
   */
  #reconcile(item: SessionItem, seq: number, before: readonly SessionItem[]): SessionItem | undefined {
    const member = this.#memberOf(item);
    if (member === undefined) return undefined;
    // It follows on one that goes once more.
    if (before.some((earlier) => earlier.connection === item.connection)) return item;
    const { connection } = member;
    const { topics } = connection.state;
    if (!this.#ports.log.hasEvents(seq, item.after ?? item.upTo, topics)) return { ...item, after: seq };
    this.#rejoin(connection);
    return undefined;
  }

  #rejoin(connection: RoomConnection): void {
    connection.close({ code: "internal" });
    this.#ports.leave(connection, "lost");
  }

  /** A session that never sent a heartbeat is asked as seldom as the others may be silent. */
  #nextAskAt(silentInMs: number | undefined, now: number): number {
    const { pingMs } = this.#ports;
    const inMs = (silentInMs ?? SILENT_INTERVALS * pingMs) + ASK_SLACK_MS;
    return now + Math.max(pingMs / SWEEPS_AN_INTERVAL, inMs);
  }

  /**
   * Once after a start: what is kept for a session until its permission is known comes later than this flush, and
   * follows on where the log stood before it.
   */
  #rememberHead(headBefore: number): void {
    if (this.#remembersHead) return;
    this.#remembersHead = true;
    for (const member of this.#members.values())
      if (member.queued === "unknown") member.queued = { upTo: headBefore };
  }

  get #inquiry(): Inquiry {
    this.#lastInquiry ??= this.#store.lastInquiry();
    return this.#lastInquiry;
  }

  /** Asks each session, with an item without frames, whether it has missed something and is still there. */
  #inquire(now: number): void {
    if (this.size === 0) return;
    const { head } = this.#ports.log;
    this.#lastInquiry = { headThen: head, at: now };
    this.#store.setLastInquiry(this.#lastInquiry);
    this.#due.push(...inquiries(this.#members.values(), head), ...this.#farewells());
  }

  /** Asks those that may have stopped their heartbeat, as far as is known; the others after a moment. */
  #inquireOfSilent(now: number): AddressedItem[] {
    const { pingMs, log } = this.#ports;
    const silent: SessionMember[] = [];
    for (const member of this.#members.values()) {
      member.askAt ??= now + pingMs;
      if (now < member.askAt) continue;
      silent.push(member);
      // Its answer says when next.
      member.askAt = now + pingMs;
    }
    return inquiries(silent, log.head);
  }

  /** For those that do not know that the room has ended for them. */
  #farewells(): AddressedItem[] {
    return Array.from(this.#ended, ([connection, { user, join, left }]) => ({
      user,
      item: { connection, join, after: null, upTo: 0, frames: [], left },
    }));
  }

  #itemOf(member: SessionMember, headBefore: number): SessionItem | undefined {
    const { connection, join, port, queued } = member;
    const { frames, left } = port.take();
    const isCurrent = this.#members.get(connection.state.id) === member;
    if (!isCurrent || (frames.length === 0 && left === undefined)) return undefined;
    const { stage } = connection.state;
    const upTo = stage.at === "paging" ? stage.after : this.#ports.log.head;
    const after = queued === "nothing" ? null : queued === "unknown" ? headBefore : queued.upTo;
    member.queued = { upTo };
    const item = { connection: connection.state.id, join, after, upTo, frames };
    return left === undefined ? item : { ...item, left };
  }

  #write(member: SessionMember): void {
    const { connection, port, user, join } = member;
    const { id } = connection.state;
    if (this.#members.get(id) !== member) return;
    if (port.state === null) {
      this.#members.delete(id);
      const { left } = port;
      if (left !== undefined) this.#end(id, { user, join, left });
      else if (member.row !== null) this.#store.remove(id);
      port.isUnwritten = false;
      return;
    }
    if (connection.state.stage.at === "joining") return;
    // The user's object knows when it last pinged. `join` and `user` are there whatever the version.
    const actor = roughly(connection.state.actor);
    const row = JSON.stringify({ ...connection.state, actor, pingedAt: null, join, user });
    if (row !== member.row) {
      this.#store.put(id, row);
      member.row = row;
    }
    port.isUnwritten = false;
  }

  #end(id: string, ended: Ended): void {
    this.#ended.set(id, ended);
    this.#store.put(id, JSON.stringify({ ended }));
  }

  #add(
    state: RoomConnectionState,
    { join, row, queued }: Pick<SessionMember, "join" | "row" | "queued">,
  ): SessionMember {
    const port = new BufferedSocket(() => this.#touched.add(member));
    const connection = new RoomConnection(port, state);
    const user = connection.user?.id ?? "";
    const member: SessionMember = { user, join, connection, port, row, queued, askAt: undefined };
    port.state = state;
    this.#members.set(state.id, member);
    return member;
  }
}

const NOTHING: readonly AddressedItem[] = [];

/**
 * The end of a permission is written in steps, and never too late: an answer of the back end is no reason for a row, and
 * what has lapsed by the row is asked for once more after a sleep.
 */
const roughly = (actor: Actor): Actor =>
  actor.permissionUntil === undefined
    ? actor
    : { ...actor, permissionUntil: Math.floor(actor.permissionUntil / UNTIL_STEP_MS) * UNTIL_STEP_MS };

function inquiries(members: Iterable<SessionMember>, head: number): AddressedItem[] {
  return Array.from(members)
    .filter(({ connection }) => connection.state.stage.at === "live")
    .map(({ user, join, connection, queued }) => {
      const upTo = typeof queued === "object" ? queued.upTo : head;
      return { user, item: { connection: connection.state.id, join, after: upTo, upTo, frames: [] } };
    });
}
