import type { AnyClient } from "../core/client.ts";
import { contextOf } from "../core/client-context.ts";
import type { OutboxStatus } from "../room/messages/outbox.ts";
import { RoomsError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { errorIn } from "./entries.ts";
import { KeptOffline } from "./kept-offline.ts";
import type { KeptEntry } from "./kept-room.ts";
import type { Slot } from "./slot.ts";

/** Something that waits to be sent, in any room. */
export interface WaitingEntry {
  /** Names it in this outbox. */
  readonly id: string;
  readonly room: string;
  readonly kind: "send" | "edit" | "delete" | "react";
  /** Of a message or an edit. */
  readonly data?: unknown;
  /** The message that is changed. */
  readonly seq?: number;
  /** When the app asked for it, in milliseconds since 1970. */
  readonly at: number;
  /** `queued` is only in memory, `kept` outlives the page, `sent` waits for its answer, `failed` for you. */
  readonly status: OutboxStatus;
  /** Why it failed. */
  readonly error?: RoomsError;
}

/**
 * What one user has asked for and no server has confirmed, in all rooms, also in those that are not open. Made by
 * `clientOutbox`. Methods may be called unbound, and the object is frozen. Read positions go out by themselves, and are
 * not listed. What waits in another tab shows there, and here once that tab is closed.
 */
export class ClientOutbox {
  readonly #offline: KeptOffline;
  #entries: readonly WaitingEntry[] | undefined;

  constructor(offline: KeptOffline) {
    this.#offline = offline;
    offline.changes.add(() => {
      this.#entries = undefined;
    });
    Object.freeze(this);
  }

  /** In the order of the calls, frozen; the same array until something changes. */
  get entries(): readonly WaitingEntry[] {
    this.#entries ??= Object.freeze(this.#slots.map((slot) => Object.freeze(this.#entryOf(slot))));
    return this.#entries;
  }

  /** Calls `fn` after each change of `entries`, until the function that it returns is called. */
  readonly subscribe = (fn: () => void): Cancel => this.#offline.changes.add(fn);

  /**
   * Tries an entry again that `failed`; after `stale_retry` as a new message under a new id. What becomes of it shows
   * in `entries` and, if the room is open, there. Without effect for any other id.
   */
  readonly retry = (id: string): void => {
    const slot = this.#find(id);
    if (slot !== undefined) this.#offline.retry(slot);
  };

  /** Tries all entries again that `failed`. */
  readonly retryAll = (): void => {
    for (const slot of this.#slots) this.#offline.retry(slot);
  };

  /**
   * Takes an entry out: its promise rejects with `dropped`. One that is `sent` may be stored all the same. Without
   * effect for an unknown id.
   */
  readonly discard = (id: string): void => {
    const slot = this.#find(id);
    if (slot !== undefined) this.#offline.discard(slot);
  };

  get #slots(): readonly Slot[] {
    return this.#offline.ledger?.slots ?? [];
  }

  #find(id: string): Slot | undefined {
    return this.#slots.find(({ record }) => record.id === id);
  }

  #entryOf(slot: Slot): WaitingEntry {
    const { id, room, at, said, change } = slot.record;
    const entry = this.#offline.find(slot)?.entry;
    const error = entry === undefined ? errorIn(slot.record) : errorOf(entry);
    const isSent = entry !== undefined && !["queued", "kept"].includes(entry.phase.status);
    const isKept = this.#offline.ledger?.isKept(slot) === true;
    const status = error ? "failed" : isSent ? "sent" : isKept ? "kept" : "queued";
    const what = said ?? change;
    return {
      ...{ id, room, at, status, kind: said ? "send" : kindOf(change?.type) },
      ...(what !== undefined && "data" in what && { data: what.data }),
      ...(change !== undefined && { seq: change.seq }),
      ...(error !== undefined && { error }),
    };
  }
}

const errorOf = ({ phase }: KeptEntry): RoomsError | undefined =>
  phase.status === "failed" ? phase.error : undefined;

const kindOf = (type: string | undefined): WaitingEntry["kind"] =>
  type === "edit" || type === "delete" ? type : "react";

const outboxes = new WeakMap<KeptOffline, ClientOutbox>();

/**
 * What waits to be sent in all rooms of a client that was made with `offline: keepOffline()`: the same object with each
 * call. Throws `bad_request` for a client without.
 *
 * @example
 * const client = createClient({ url: "https://rooms.example.com", offline: keepOffline() });
 * const outbox = clientOutbox(client);
 * outbox.subscribe(() => {
 *   for (const { room, status, error } of outbox.entries) console.log(room, status, error?.message);
 * });
 * outbox.retryAll();
 */
export function clientOutbox(client: AnyClient): ClientOutbox {
  const { offline } = contextOf(client);
  if (!(offline instanceof KeptOffline))
    throw new RoomsError("bad_request", "The client was made without `offline: keepOffline()`.");
  const known = outboxes.get(offline);
  if (known !== undefined) return known;
  const outbox = new ClientOutbox(offline);
  outboxes.set(offline, outbox);
  return outbox;
}
