import type { ChannelSet } from "../connection/channel-set.ts";
import type { Transport } from "../connection/transport/transport.ts";
import type { KeptParts, Offline, RoomContext, RoomKeeper } from "../room/room-keeper.ts";
import { RoomsError } from "../util/errors.ts";
import { Listeners } from "../util/listeners.ts";
import type { Cancel, Ports } from "../util/ports.ts";
import { entryOf, mayGoUnseen, retried } from "./entries.ts";
import { GatedTransport } from "./gated-transport.ts";
import { IndexedDbStorage } from "./indexed-db-storage.ts";
import { KeptCache } from "./kept-cache.ts";
import { KeptRead } from "./kept-read.ts";
import { type KeptEntry, KeptRoom, type KeptRoomPort } from "./kept-room.ts";
import { KeptUser } from "./kept-user.ts";
import { Ledger } from "./ledger.ts";
import { MemoryStorage } from "./memory-storage.ts";
import type { OfflineStorage } from "./offline-storage.ts";
import { userKeys } from "./outbox-record.ts";
import type { Slot } from "./slot.ts";
import { UnopenedRooms } from "./unopened-rooms.ts";
import { within } from "./within.ts";

/** How `keepOffline` keeps things. */
export interface OfflineOptions {
  /**
   * Where they are kept.
   *
   * @default IndexedDB of the browser; memory, with a warning in the log, where there is none
   */
  readonly storage?: OfflineStorage;
  /**
   * Whether the last 200 messages of each room are kept too, with how far they were read: a reload shows them at once,
   * and asks only for what is missing. At most 100 rooms, for 30 days.
   *
   * @default false
   */
  readonly cache?: boolean;
  /**
   * The id of the user, where the app knows it before a token is at hand. Otherwise it is the user who was here last,
   * unless the token is that of another one.
   */
  readonly user?: string;
}

/** For so long a connection waits for what was kept: it is not worth more. */
const READ_WITHIN_MS = 300;
/** A storage that answers later is one that cannot be used. */
const STORAGE_WITHIN_MS = 2_000;
const CLEAR_WITHIN_MS = 10_000;

/** What `keepOffline` gives: the option `offline` of one client. */
export interface OfflineSupport extends Offline {
  /**
   * Removes all that is kept of this user, and drops what waits: to be called as the user signs out, so that whoever
   * comes next sees nothing of it. Until somebody is greeted, nothing more is kept. Rejects where the storage fails, and
   * with `timeout` where it does not answer within 10 s.
   *
   * @example
   * const offline = keepOffline();
   * const client = createClient({ url: "https://rooms.example.com", offline });
   * const signOut = async () => {
   *   client.close();
   *   await offline.clear();
   * };
   */
  readonly clear: () => Promise<void>;
}

/** All that is kept for one client, and for one user at a time. */
export class KeptOffline implements OfflineSupport, KeptRoomPort {
  readonly changes = new Listeners<void>();
  readonly #options: OfflineOptions;
  #started: (RoomContext & { readonly user: KeptUser; readonly unopened: UnopenedRooms }) | undefined;
  /** As the app wants it. */
  readonly #kept: OfflineStorage;
  /** The one in use. */
  #storage: OfflineStorage;
  #opening: Promise<void> | undefined;
  #ledger: Ledger | undefined;
  /** Of whom the ledger is; `null` is nobody; `undefined` while it is not known. */
  #owner: string | null | undefined;
  #isReady = false;
  #hasGreeted = false;
  #isClosed = false;
  /** Who was written down as the last user. */
  #remembered: string | undefined;
  #cancelSuspend: Cancel = () => {};
  readonly #rooms = new Map<string, KeptRoom>();
  readonly #reads = new Map<KeptRoom, KeptRead>();
  readonly #caches = new Map<KeptRoom, KeptCache>();
  /** By room, what was not known to the server as this tab began. */
  readonly #earlierReads = new Map<string, unknown>();
  /** What waits in rooms that were left, with the promises of the app. */
  readonly #left = new Map<Slot, KeptEntry>();

  constructor(options: OfflineOptions) {
    this.#options = options;
    this.#kept = options.storage ?? new IndexedDbStorage("edge-rooms");
    this.#storage = this.#kept;
  }

  get ports(): Ports {
    return this.#required.ports;
  }

  get ledger(): Ledger | undefined {
    return this.#ledger;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  start(context: RoomContext, channels: ChannelSet): void {
    if (this.#started !== undefined)
      throw new RoomsError("bad_request", "What keepOffline gives is for one client.");
    const unopened = new UnopenedRooms({
      context,
      channels,
      waiting: () => this.#unopenedNames(),
      keep: (parts) => this.#keep(parts, true),
    });
    this.#started = { ...context, user: new KeptUser(context), unopened };
    context.users.onGreeted = (user) => this.#onGreeted(user);
    this.#cancelSuspend = context.ports.onSuspend(() => {
      for (const cache of this.#caches.values()) cache.write();
    });
    void this.open();
  }

  gate(transport: Transport, name: string): Transport {
    return new GatedTransport(transport, () => this.#loadWithin(name));
  }

  keep(parts: KeptParts): RoomKeeper {
    this.#started?.unopened.leave(parts.name);
    return this.#keep(parts, false);
  }

  taken(slot: Slot): KeptEntry | undefined {
    const entry = this.#left.get(slot);
    this.#left.delete(slot);
    return entry;
  }

  keptOf(room: KeptRoom) {
    return [this.#reads.get(room) ?? [], this.#caches.get(room) ?? []].flat();
  }

  release(room: KeptRoom, entries: ReadonlyMap<KeptEntry, Slot>): void {
    for (const [entry, slot] of entries) this.#left.set(slot, entry);
    const { name } = room.parts;
    if (this.#rooms.get(name) === room) this.#rooms.delete(name);
    this.#stopRead(room);
    this.#caches.get(room)?.write();
    this.#caches.get(room)?.stop();
    this.#caches.delete(room);
    this.onChanged();
  }

  onChanged(): void {
    this.#started?.unopened.look();
    this.changes.call();
  }

  close(): void {
    this.#isClosed = true;
    this.#started?.unopened.stop();
    this.#ledger?.stop();
    this.#cancelSuspend();
    const error = new RoomsError("closed", "The client was closed.");
    for (const { reject } of this.#left.values()) reject(error);
    this.#left.clear();
  }

  /** The open room of a slot, and its entry there. */
  find(slot: Slot): { readonly room: KeptRoom; readonly entry: KeptEntry } | undefined {
    const room = this.#rooms.get(slot.record.room);
    const entry = room?.find(slot);
    return room && entry && { room, entry };
  }

  /** Without effect for what has not failed. */
  retry(slot: Slot): void {
    const found = this.find(slot);
    if (found !== undefined) found.room.retry(found.entry);
    else if (slot.record.error !== undefined) {
      const again = retried(slot.record, this.ports.newId());
      this.#ledger?.put(slot, again);
      const entry = this.#left.get(slot);
      if (entry !== undefined)
        Object.assign(entry, entryOf(again), { resolve: entry.resolve, reject: entry.reject });
      this.onChanged();
    }
  }

  discard(slot: Slot): void {
    const error = new RoomsError("dropped", "Taken out of the outbox.");
    const found = this.find(slot);
    if (found !== undefined) found.room.discard(found.entry, error);
    else {
      this.#ledger?.remove(slot);
      this.taken(slot)?.reject(error);
      this.onChanged();
    }
  }

  readonly clear = async (): Promise<void> => {
    const owner = this.#owner ?? this.#options.user;
    for (const slot of this.#ledger?.slots ?? []) this.discard(slot);
    // Nothing more is written until somebody is greeted.
    this.#unbind();
    this.#owner = undefined;
    this.#isReady = true;
    this.#remembered = undefined;
    this.onChanged();
    await within(this.ports.clock, CLEAR_WITHIN_MS, this.#clear(owner));
  };

  async #clear(owner: string | null | undefined): Promise<void> {
    const { base, user } = this.#required;
    // What could not be used may have something all the same.
    const isThere = this.#options.storage !== undefined || typeof indexedDB !== "undefined";
    for (const storage of new Set([this.#storage, isThere ? this.#kept : this.#storage])) {
      const whose = owner ?? (await user.known(storage));
      if (whose !== undefined) {
        for (const prefix of Object.values(userKeys(base, whose))) await storage.clear(prefix);
      }
      await user.forget(storage);
    }
  }

  /** Reads what was kept, once. Never rejects. */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  get #required() {
    if (this.#started === undefined) throw new RoomsError("bad_request", "No client was made with this.");
    return this.#started;
  }

  /** What a room that opens waits for. Never rejects. */
  #loadWithin(name: string): Promise<void> | undefined {
    const cacheOf = () => {
      const room = this.#rooms.get(name);
      return room && this.#caches.get(room);
    };
    if (this.#isReady && cacheOf() === undefined) return undefined;
    const loaded = this.open().then(() => cacheOf()?.load());
    return this.#readWithin(loaded).finally(() => cacheOf()?.giveUp());
  }

  /** Never rejects. */
  async #readWithin(loaded: Promise<void>): Promise<void> {
    const { ports, user } = this.#required;
    const read = () => within(ports.clock, READ_WITHIN_MS, loaded);
    await read()
      .catch(async () => {
        if (user.waiting === undefined) return;
        await user.waiting;
        await read();
      })
      .catch(() => {});
  }

  async #open(): Promise<void> {
    const { users, ports, log } = this.#required;
    try {
      const last = await within(ports.clock, STORAGE_WITHIN_MS, this.#required.user.last(this.#storage));
      const user = this.#options.user ?? last;
      if (user === undefined || this.#owner !== undefined || this.#hasGreeted || this.#isClosed) return;
      users.supposed = user;
      await this.#bind(user);
    } catch (error) {
      if (this.#isClosed) return;
      log("warn", "nothing can be kept beyond the life of this page", error);
      this.#storage = new MemoryStorage();
      if (typeof this.#owner === "string") await this.#bind(this.#owner);
    }
  }

  #onGreeted(user: string | null): void {
    if (user !== null && user !== this.#remembered) this.#remember(user).catch(() => {});
    const isFirst = !this.#hasGreeted;
    this.#hasGreeted = true;
    if (user === this.#owner) return;
    // This one wrote it, under the name of who was here last.
    if (isFirst) {
      this.#ledger?.removeNew();
      for (const read of this.#reads.values()) read.undo();
    }
    if (user !== null) void this.#bind(user);
    else {
      this.#unbind();
      this.#owner = null;
      this.#isReady = true;
    }
  }

  /** What another one has read on this device is not kept for them: they may not come back. */
  async #remember(user: string): Promise<void> {
    const { base, user: keptUser } = this.#required;
    const before = await keptUser.known(this.#storage);
    // It was cleared meanwhile, or there is somebody else.
    if (user !== this.#owner) return;
    if (before !== undefined && before !== user) {
      const { rooms, times, expiries } = userKeys(base, before);
      for (const prefix of [rooms, times, expiries]) await this.#storage.clear(prefix);
    }
    await keptUser.remember(this.#storage, user);
    this.#remembered = user;
  }

  /** What is kept is that of this user. Never rejects. */
  async #bind(user: string): Promise<void> {
    this.#unbind();
    this.#owner = user;
    const { ports, base, log } = this.#required;
    const keys = userKeys(base, user);
    const ledger = new Ledger(
      {
        ...ports,
        storage: this.#storage,
        keys,
        tab: ports.newId(),
        log,
        isLasting: this.#storage === this.#kept,
      },
      {
        onAdopted: (slots) => this.#restore(slots),
        onChanged: (slots) => this.#wake(slots),
      },
    );
    this.#ledger = ledger;
    // Where the storage does not answer, it is sent from memory what is asked for meanwhile.
    const caches = [...this.#caches.values()];
    for (const cache of caches) cache.bind(this.#storage, keys);
    const [reads] = await within(
      ports.clock,
      STORAGE_WITHIN_MS,
      // What was read is shown together with what waits.
      Promise.all([this.#storage.list(keys.reads), ledger.scan(), ...caches.map((cache) => cache.load())]),
    ).catch(() => [[]]);
    if (this.#ledger !== ledger) return;
    for (const { key, value } of reads) this.#earlierReads.set(key.slice(keys.reads.length), value);
    for (const room of this.#rooms.values()) this.#keepMore(room);
    this.#isReady = true;
    for (const room of this.#rooms.values()) room.wake();
    this.onChanged();
  }

  #unbind(): void {
    this.#isReady = false;
    this.#ledger?.stop();
    this.#ledger = undefined;
    for (const room of this.#rooms.values()) {
      room.forget();
      this.#stopRead(room);
      this.#caches.get(room)?.bind(this.#storage, undefined);
    }
    this.#earlierReads.clear();
    const error = new RoomsError("user_changed", "This was asked for by another user.");
    for (const { reject } of this.#left.values()) reject(error);
    this.#left.clear();
  }

  #keep(parts: KeptParts, isUnseen: boolean): RoomKeeper {
    const room = new KeptRoom(parts, this, isUnseen);
    this.#rooms.set(parts.name, room);
    if (this.#options.cache === true && !isUnseen) {
      const cache = new KeptCache(parts, this.ports.clock, this.#required.serverTime);
      this.#caches.set(room, cache);
      if (typeof this.#owner === "string")
        cache.bind(this.#storage, userKeys(this.#required.base, this.#owner));
    }
    room.restore(this.#ledger?.slots.filter(({ record }) => record.room === parts.name) ?? []);
    if (this.#isReady) this.#keepMore(room);
    return room;
  }

  #keepMore(room: KeptRoom): void {
    if (typeof this.#owner !== "string") return;
    const { name } = room.parts;
    const { ports, base } = this.#required;
    const keys = userKeys(base, this.#owner);
    const read = new KeptRead(room.parts, this.#storage, keys.reads + name, ports.clock);
    read.restore(this.#earlierReads.get(name));
    this.#reads.set(room, read);
    read.changed();
  }

  #stopRead(room: KeptRoom): void {
    const read = this.#reads.get(room);
    if (read === undefined) return;
    read.stop();
    this.#reads.delete(room);
    this.#earlierReads.set(room.parts.name, read.record);
  }

  #restore(slots: readonly Slot[]): void {
    for (const room of this.#rooms.values()) {
      const own = slots.filter(({ record }) => record.room === room.parts.name);
      room.restore(own.filter((slot) => room.find(slot) === undefined));
      if (this.#isReady && own.length > 0) room.wake();
    }
    this.onChanged();
  }

  #wake(slots: readonly Slot[]): void {
    for (const room of this.#rooms.values()) {
      if (this.#isReady && slots.some((slot) => room.find(slot))) room.wake();
    }
    this.onChanged();
  }

  #unopenedNames(): readonly string[] {
    const waiting = this.#ledger?.slots.filter(({ record }) => mayGoUnseen(record)) ?? [];
    const reads = [...this.#earlierReads].filter(([name, value]) => {
      const room = this.#rooms.get(name);
      return (room === undefined ? value : this.#reads.get(room)?.record) !== undefined;
    });
    const names = new Set([...waiting.map(({ record }) => record.room), ...reads.map(([name]) => name)]);
    return [...names].filter((name) => this.#rooms.get(name)?.isUnseen ?? true);
  }
}
