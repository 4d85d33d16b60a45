// What was read in one room. It is only what a reload shows before the server has answered: the cursor beside it says
// what the server has to add, and the greeting what is not there any more.

import { type Message, parseCursor, type RoomConnected } from "../../src/protocol/index.ts";
import type { KeptParts } from "../room/room-keeper.ts";
import type { RoomsErrorCode } from "../util/errors.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import type { ServerTime } from "../util/server-time.ts";
import { dropOldRooms } from "./drop-old-rooms.ts";
import { type CachedRoom, cachedIn, eraseExpired, nextExpiry, unexpired } from "./erase-expired.ts";
import type { OfflineStorage } from "./offline-storage.ts";
import type { UserKeys } from "./outbox-record.ts";

const MAX_MESSAGES = 200;
const WRITE_EVERY_MS = 1_000;
/** An answer that is being written grows many times a second, and each write has all messages. */
const GROWTH_EVERY_MS = 4_000;
/** After a write that failed. */
const WRITE_AGAIN_MS = 30_000;

/** After these the user may not see the room any more, or it is not there. */
const FINAL = new Set<RoomsErrorCode>(["forbidden", "banned", "deleted", "not_found"]);

interface Place {
  readonly storage: OfflineStorage;
  readonly keys: UserKeys;
  /** The rest of its keys. */
  readonly name: string;
}

export class KeptCache {
  readonly #parts: KeptParts;
  readonly #clock: Clock;
  readonly #serverTime: ServerTime;
  /** What is cached is true for these topics. */
  readonly #topics: string;
  readonly #cancels: readonly Cancel[];
  /** `undefined` until it is known whose it is. */
  #place: Place | undefined;
  #greeting: RoomConnected | undefined;
  #seen: readonly unknown[] = [];
  /** What has expired, as far as the storage was told. */
  #expired: KeptParts["expired"] = [];
  #isLate = false;
  #loading: Promise<void> | undefined;
  #cancelWrite: Cancel | undefined;
  #cancelGrowth: Cancel | undefined;
  /** An open message has grown since the last write. */
  #hasGrown = false;
  /** A storage that does not answer gets no more of it, but as the page will stand still. */
  #isWriting = false;
  /** The rooms that are too old, or too many, were removed beside this one. */
  #isAlone = false;
  #isOver = false;

  /** The room is about to open. */
  constructor(parts: KeptParts, clock: Clock, serverTime: ServerTime) {
    this.#parts = parts;
    this.#clock = clock;
    this.#serverTime = serverTime;
    this.#topics = JSON.stringify(parts.channel.topics.wanted);
    this.#cancels = [
      parts.events.on("connected", (greeting) => {
        this.#greeting = greeting;
      }),
      parts.events.on("lost", () => this.#clear()),
      parts.events.on("append", () => {
        this.#hasGrown = true;
      }),
      parts.events.on("error", ({ code }) => {
        if (FINAL.has(code) && parts.channel.refusal?.code === code) this.#clear();
      }),
    ];
  }

  /** It is known whose it is, or with `undefined` no more. */
  bind(storage: OfflineStorage, keys: UserKeys | undefined): void {
    this.#cancelTimers();
    this.#seen = [];
    this.#loading = undefined;
    this.#greeting = keys === undefined ? undefined : this.#greeting;
    this.#isAlone = false;
    this.#place = keys && { storage, keys, name: `${this.#parts.name}/${this.#topics}` };
    this.changed();
  }

  /** Shows what was cached, unless the room has been asked for meanwhile. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<void> {
    const place = this.#place;
    if (place === undefined) return;
    const cacheKey = place.keys.rooms + place.name;
    const entries = await place.storage.list(cacheKey).catch(() => []);
    const value = cachedIn(entries.find(({ key }) => key === cacheKey)?.value);
    // Meanwhile another user may have been greeted.
    if (this.#isLate || place !== this.#place || value === undefined) return;
    const cursor = parseCursor(value.cursor);
    if (cursor === undefined) return;
    const { channel, state, reads } = this.#parts;
    // Until a server says how late it is.
    const { aheadMs = 0 } = value;
    if (this.#serverTime.aheadMs === undefined) this.#serverTime.learn(this.#clock.now() + aheadMs);
    channel.restore(cursor);
    state.begin(value.greeting, "fresh");
    for (const message of value.messages) state.messages.add(message);
    reads.begin(value.greeting, "fresh");
    this.#greeting = value.greeting;
    this.#seen = this.#state;
    // In all rooms: some of them may not be opened again.
    this.#expired = this.#parts.expired;
    void eraseExpired(place.storage, place.keys, this.#serverTime.latest());
    this.#parts.changed();
  }

  /** The room is asked for what it has: what comes later is not shown any more. */
  giveUp(): void {
    this.#isLate = true;
  }

  /** To be called after anything may have changed. */
  changed(): void {
    const { expired } = this.#parts;
    if (expired !== this.#expired) this.#erase(expired);
    const isNews = this.#state.map((part, index) => part !== this.#seen[index]);
    if (!isNews.includes(true) || !this.#parts.channel.live) return;
    if (!this.#hasGrown || isNews.lastIndexOf(true) > 0) this.#writeSoon();
    else
      this.#cancelGrowth ??= this.#clock.after(GROWTH_EVERY_MS, () => {
        this.#cancelGrowth = undefined;
        this.#writeSoon();
      });
  }

  /** What is not shown any more is not stored any more, also without a connection. */
  #erase(expired: KeptParts["expired"]): void {
    if (this.#place === undefined) return;
    this.#expired = expired;
    const { storage, keys } = this.#place;
    if (expired.length > 0) void eraseExpired(storage, keys, this.#serverTime.latest());
  }

  #writeSoon(): void {
    this.#writeAfter(WRITE_EVERY_MS, () => this.#isWriting || this.write());
  }

  #writeAfter(delayMs: number, fn: () => unknown): void {
    this.#cancelWrite ??= this.#clock.after(delayMs, () => {
      this.#cancelWrite = undefined;
      fn();
    });
  }

  /** Writes at once what has changed. */
  write(): void {
    const { channel, state, reads } = this.#parts;
    const { cursor } = channel;
    const seen = this.#state;
    const isNews = seen.some((part, index) => part !== this.#seen[index]);
    const isWhole = JSON.stringify(channel.topics.wanted) === this.#topics;
    const place = this.#place;
    if (
      place === undefined ||
      this.#greeting === undefined ||
      cursor === undefined ||
      !channel.live ||
      !isNews ||
      !isWhole
    )
      return;
    this.#seen = seen;
    this.#hasGrown = false;
    const { moreMembers: _, ...said } = this.#greeting;
    const greeting: RoomConnected = {
      ...said,
      // Who is here is not what was read.
      ...{ members: [], occupancy: { members: 0, connections: 0 } },
      ...{ user: state.user, permission: state.permission, head: state.head },
      read: { seq: reads.known, unread: reads.unread },
    };
    const { aheadMs = 0 } = this.#serverTime;
    const messages = unexpired(latestOf(state.messages.chunks), this.#serverTime.now());
    void this.#put(place, { cursor, greeting, messages, aheadMs });
  }

  async #put({ storage, keys, name }: Place, cache: CachedRoom): Promise<void> {
    const now = this.#clock.now();
    const places = [keys.rooms + name, keys.times + name, keys.expiries + name];
    const values = [cache, now, nextExpiry(cache.messages)];
    this.#isWriting = true;
    try {
      const drops = this.#isAlone ? undefined : dropOldRooms(storage, keys, name, now);
      const erased = this.#isAlone ? undefined : eraseExpired(storage, keys, this.#serverTime.now());
      await Promise.all([drops, erased, storage.update(places, () => values)]);
      this.#isAlone = true;
    } catch {
      this.#seen = [];
    } finally {
      this.#isWriting = false;
      const isFailed = this.#seen.length === 0;
      if (!this.#isOver && isFailed) this.#writeAfter(WRITE_AGAIN_MS, () => this.changed());
      else if (!this.#isOver) this.changed();
    }
  }

  stop(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancelTimers();
  }

  #cancelTimers(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    this.#cancelGrowth?.();
    this.#cancelGrowth = undefined;
  }

  /** The messages come first: they alone change where an open one grows. */
  get #state(): readonly unknown[] {
    const { channel, state, reads } = this.#parts;
    return [state.messages.chunks, channel.cursor, state.permission, reads.known, reads.unread];
  }

  /** Under all topics. */
  #clear(): void {
    this.#cancelTimers();
    this.#greeting = undefined;
    if (this.#place === undefined) return;
    const { storage, keys } = this.#place;
    for (const prefix of [keys.rooms, keys.times, keys.expiries])
      storage.clear(`${prefix}${this.#parts.name}/`).catch(() => {});
  }
}

/** The last messages of a list that may be long. */
function latestOf(chunks: readonly (readonly Message[])[]): readonly Message[] {
  let latest: readonly Message[] = [];
  for (let at = chunks.length - 1; at >= 0 && latest.length < MAX_MESSAGES; at -= 1) {
    latest = [...(chunks[at] ?? []), ...latest];
  }
  return latest.slice(-MAX_MESSAGES);
}
