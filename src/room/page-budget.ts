// How much of the log may be in memory on its way to sockets. A page has up to 1 MiB: if hundreds of connections come back
// together, each with a cursor of its own, pages for all of them do not fit in an isolate. So each flush builds a few
// MiB, the next one goes on, and the more connections wait, the smaller their pages are.

import { MAX_PAGE_BYTES } from "../protocol/index.ts";
import type { Page } from "./log/log-page.ts";
import type { RoomConnection } from "./people/room-connection.ts";

/** The size of all pages that one flush builds, in bytes. */
const FLUSH_BYTES = 2 * 1_048_576;
/** While connections that were sent pages have this much unread together, no page is built. In bytes. */
const UNREAD_BYTES = 16 * 1_048_576;
/** No page is made smaller than this because many wait, in bytes. */
const MIN_SHARE_BYTES = 32_768;
/** A smaller page is not watched on its way out, in bytes: so joining a room with a short history costs no look at the socket. */
const WATCHED_BYTES = 16_384;
/**
 * A connection with unread pages reads at least `MIN_READ_BYTES` in this time, or the rest. A slower one is closed if
 * others wait for the memory that it takes, or if it waits for a further page itself.
 */
const READS_WITHIN_MS = 10_000;
const MIN_READ_BYTES = 131_072;

/** What a page is for. Each line has its part of a flush, so neither holds up the other. */
export type PageLine = "answers" | "greetings";

/** What is left of a flush for one line, and how much one connection may have of it. In bytes. */
interface Part {
  left: number;
  readonly share: number;
}

const NOTHING: Part = { left: 0, share: 0 };

/** How much a connection had unread at `since`; from then on it has `READS_WITHIN_MS`. */
interface Unread {
  readonly bytes: number;
  readonly since: number;
}

export class PageBudget {
  readonly #unread = new Map<RoomConnection, Unread>();
  readonly #pages = new Map<string, Page>();
  #parts: Record<PageLine, Part> = { answers: NOTHING, greetings: NOTHING };
  #full = false;
  /** Connections that get no page before they have read: of this flush, and of the one before. */
  #refused = new Set<RoomConnection>();
  #refusedBefore: ReadonlySet<RoomConnection> = new Set();

  /** Whether connections wait until they or others have read: another flush at once would change nothing. */
  get isHeldUp(): boolean {
    return this.#full || this.#refused.size > 0;
  }

  /** Begins the pages of a flush. How many connections wait in each line. */
  open({ answers, greetings }: Readonly<Record<PageLine, number>>, now: number): void {
    this.#refusedBefore = this.#refused;
    this.#refused = new Set();
    const isWanted = answers + greetings > 0;
    const free = isWanted ? UNREAD_BYTES - this.#look(now) : UNREAD_BYTES;
    this.#full = free <= 0;
    const bytes = Math.min(FLUSH_BYTES, free) / (answers > 0 && greetings > 0 ? 2 : 1);
    this.#parts = { answers: partOf(bytes, answers), greetings: partOf(bytes, greetings) };
  }

  /** How many bytes the page of a connection may have; `undefined`: it waits for the next flush. */
  grant(line: PageLine, connection: RoomConnection, now: number): number | undefined {
    const { left, share } = this.#parts[line];
    if (this.#full || left <= 0) return undefined;
    const bytes = line === "answers" ? connection.socket.unsentBytes() : 0;
    if (bytes <= MAX_PAGE_BYTES) return share;
    // A connection that does not read what it was sent gets no more.
    this.#refused.add(connection);
    if (!this.#unread.has(connection)) this.#unread.set(connection, { bytes, since: now });
    return undefined;
  }

  /** A page of this size was sent. */
  spent(line: PageLine, connection: RoomConnection, bytes: number, now: number): void {
    this.#parts[line].left -= bytes;
    // Its time begins with the next look, which finds less than this.
    if (bytes >= WATCHED_BYTES) this.#unread.set(connection, { bytes: Number.POSITIVE_INFINITY, since: now });
  }

  /** Builds a page that several connections of a flush get only once. */
  once(key: string, build: () => Page): Page {
    const page = this.#pages.get(key) ?? build();
    this.#pages.set(key, page);
    return page;
  }

  /** The connections that hold up others, or themselves, and read too slowly. */
  *stalled(now: number): Generator<RoomConnection> {
    for (const [connection, { since }] of this.#unread) {
      const isWaitedFor = this.#full || this.#refusedBefore.has(connection);
      if (isWaitedFor && now - since >= READS_WITHIN_MS) yield connection;
    }
  }

  /** Ends the pages of a flush: they do not outlive it. */
  close(): void {
    this.#pages.clear();
  }

  /** The connection is gone. */
  forget(connection: RoomConnection): void {
    this.#unread.delete(connection);
    this.#refused.delete(connection);
  }

  /** How much is unread now, in bytes. */
  #look(now: number): number {
    let total = 0;
    for (const [connection, unread] of this.#unread) {
      const bytes = connection.socket.unsentBytes();
      total += bytes;
      // A busy room always has a little on its way to each connection.
      if (bytes < WATCHED_BYTES) this.#unread.delete(connection);
      else if (bytes <= unread.bytes - MIN_READ_BYTES) this.#unread.set(connection, { bytes, since: now });
    }
    return total;
  }
}

const partOf = (bytes: number, waiting: number): Part => ({
  left: bytes,
  share: Math.min(MAX_PAGE_BYTES, Math.max(MIN_SHARE_BYTES, Math.floor(bytes / Math.max(1, waiting)))),
});
