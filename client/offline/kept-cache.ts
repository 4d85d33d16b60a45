// What was read in one room. It is only what a reload shows before the server has answered: the cursor beside it says
// what the server has to add, and the greeting what is not there any more.

import {
  isRecord,
  MESSAGE,
  type Message,
  parseCursor,
  ROOM_CONNECTED,
  type RoomConnected,
} from "../../src/protocol/index.ts";
import type { KeptParts } from "../room/room-keeper.ts";
import type { RoomsErrorCode } from "../util/errors.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import { fits } from "../util/wire.ts";
import type { OfflineStorage } from "./offline-storage.ts";

const MAX_MESSAGES = 200;
const WRITE_EVERY_MS = 1_000;
/** After a write that failed. */
const WRITE_AGAIN_MS = 30_000;

const CACHE = {
  cursor: "text",
  /** The last greeting, brought up to the cursor. */
  greeting: ROOM_CONNECTED,
  messages: ["list", MESSAGE],
} as const;

/** After these the user may not see the room any more, or it is not there. */
const FINAL = new Set<RoomsErrorCode>(["forbidden", "banned", "deleted", "not_found"]);

export class KeptCache {
  readonly #parts: KeptParts;
  readonly #clock: Clock;
  /** What is cached is true for these topics. */
  readonly #topics: string;
  readonly #cancels: readonly Cancel[];
  /** `undefined` until it is known whose it is. */
  #place: { readonly storage: OfflineStorage; readonly room: string; readonly key: string } | undefined;
  #greeting: RoomConnected | undefined;
  #seen: readonly unknown[] = [];
  #isLate = false;
  #loading: Promise<void> | undefined;
  #cancelWrite: Cancel | undefined;
  #isOver = false;

  /** The room is about to open. */
  constructor(parts: KeptParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
    this.#topics = JSON.stringify(parts.channel.topics.wanted);
    this.#cancels = [
      parts.events.on("connected", (greeting) => {
        this.#greeting = greeting;
      }),
      parts.events.on("lost", () => this.#clear()),
      parts.events.on("error", ({ code }) => {
        if (FINAL.has(code) && parts.channel.refusal?.code === code) this.#clear();
      }),
    ];
  }

  /** It is known whose it is. `rooms` is the place of their rooms; `undefined`: it is known no more. */
  bind(storage: OfflineStorage, rooms: string | undefined): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    this.#seen = [];
    this.#loading = undefined;
    this.#greeting = rooms === undefined ? undefined : this.#greeting;
    const room = `${rooms}${this.#parts.name}/`;
    this.#place = rooms === undefined ? undefined : { storage, room, key: room + this.#topics };
    this.changed();
  }

  /** Shows what was cached, unless the room has been asked for meanwhile. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<void> {
    const place = this.#place;
    const entries = (await place?.storage.list(place.key).catch(() => [])) ?? [];
    const value = entries.find(({ key }) => key === place?.key)?.value;
    // Meanwhile another user may have been greeted.
    if (this.#isLate || place !== this.#place || !isRecord(value) || !fits(CACHE, value)) return;
    const cursor = parseCursor(value.cursor);
    if (cursor === undefined) return;
    const { channel, state, reads } = this.#parts;
    channel.restore(cursor);
    state.begin(value.greeting, "fresh");
    for (const message of value.messages) state.messages.add(message);
    reads.begin(value.greeting, "fresh");
    this.#greeting = value.greeting;
    this.#seen = this.#state;
    this.#parts.changed();
  }

  /** The room is asked for what it has: what comes later is not shown any more. */
  giveUp(): void {
    this.#isLate = true;
  }

  /** To be called after anything may have changed. */
  changed(): void {
    const isNews = this.#state.some((part, index) => part !== this.#seen[index]);
    if (!isNews || !this.#parts.channel.live) return;
    this.#cancelWrite ??= this.#clock.after(WRITE_EVERY_MS, () => {
      this.#cancelWrite = undefined;
      this.write();
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
    const { moreMembers: _, ...said } = this.#greeting;
    const greeting: RoomConnected = {
      ...said,
      // Who is here is not what was read.
      ...{ members: [], occupancy: { members: 0, connections: 0 } },
      ...{ user: state.user, permission: state.permission, head: state.head },
      read: { seq: reads.known, unread: reads.unread },
    };
    const messages = latestOf(state.messages.chunks);
    place.storage
      .update([place.key], () => [{ cursor, greeting, messages }])
      .catch(() => {
        this.#seen = [];
        if (this.#isOver) return;
        this.#cancelWrite ??= this.#clock.after(WRITE_AGAIN_MS, () => {
          this.#cancelWrite = undefined;
          this.changed();
        });
      });
  }

  stop(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancelWrite?.();
  }

  get #state(): readonly unknown[] {
    const { channel, state, reads } = this.#parts;
    return [channel.cursor, state.messages.chunks, state.permission, reads.known, reads.unread];
  }

  /** Under all topics. */
  #clear(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    this.#greeting = undefined;
    this.#place?.storage.clear(this.#place.room).catch(() => {});
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
