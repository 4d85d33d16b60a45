// When the keys of an issuer are fetched, and for how long they count. How they are fetched is passed in.
//
// Requests share keys, never a promise: on Workers the promise of a request that has ended may never settle. A request
// that needs what another one fetches polls on a timer of its own.

import { CLOCK_TOLERANCE_MS } from "../access/identity.ts";

/** Older keys are fetched again, while those that are held still count. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** Older keys do not count any more: an issuer may be down for this long. */
const MAX_AGE_MS = 24 * 3_600_000;
/** Between two fetches for keys that are not held. */
const COOL_DOWN_MS = 30_000;
/** After a failed fetch. Short, as tokens are refused meanwhile. */
const FAILED_COOL_DOWN_MS = 5_000;
/** Fetch timeout (3 s) + 1 s. An older fetch belongs to a request that has ended; another may start. */
const LOST_AFTER_MS = 4_000;
const LOOK_AGAIN_MS = 50;
/** Names of missing keys that are remembered. */
const MAX_ASKED_FOR = 1_000;

/** Which key a token needs. */
export interface Wanted {
  /** The `kid` of the token, or else its algorithm. */
  readonly name: string;
  /** When the token says that it was signed, in milliseconds. A false date only decides when it is refused. */
  readonly signedAt?: number | undefined;
}

export interface KeySetPorts<Keys> {
  /** Settles within 3 s. */
  fetchKeys(): Promise<Keys>;
  /** In milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
  /** Lets a fetch go on after the request that began it has ended. */
  goOn(fetching: Promise<void>): void;
  failed(error: unknown): void;
}

type Held<Keys> =
  | { readonly kind: "none" }
  | { readonly kind: "keys"; readonly keys: Keys; readonly fetchedAt: number };

type LastFetch =
  | { readonly kind: "none" }
  | { readonly kind: "underWay"; readonly since: number }
  | { readonly kind: "done"; readonly endedAt: number }
  | { readonly kind: "failed"; readonly endedAt: number };

export type Found<Key> =
  | { readonly kind: "found"; readonly key: Key }
  /** The keys were fetched after the token was signed, and this one is not among them. */
  | { readonly kind: "unknown" }
  /** The key may be newer than the last fetch. The next one is in `retryAfterMs`. */
  | { readonly kind: "awaited"; readonly retryAfterMs: number }
  /** The keys could not be fetched: the token can be neither accepted nor rejected. */
  | { readonly kind: "unavailable"; readonly retryAfterMs: number };

export class JwksCache<Keys> {
  readonly #ports: KeySetPorts<Keys>;
  #held: Held<Keys> = { kind: "none" };
  #last: LastFetch = { kind: "none" };
  /** When each missing name was first looked up, oldest first. A fetch that begins later is the answer to it. */
  readonly #askedFor = new Map<string, number>();

  constructor(ports: KeySetPorts<Keys>) {
    this.#ports = ports;
  }

  /** `lookUp` returns `undefined` if no key fits; only then a fetch is awaited. */
  async find<Key>(wanted: Wanted, lookUp: (keys: Keys) => Promise<Key | undefined>): Promise<Found<Key>> {
    const cameAt = this.#ports.now();
    const known = await this.#lookUp(lookUp);
    if (known !== undefined) {
      if (this.#age() > REFRESH_AFTER_MS && this.#mayFetch()) this.#ports.goOn(this.#renew());
      return { kind: "found", key: known };
    }
    const askedAt = this.#askedFirstAt(wanted.name, cameAt);
    if (this.#mayFetch()) {
      const fetching = this.#renew();
      this.#ports.goOn(fetching);
      await fetching;
    } else await this.#othersFetch();
    const key = await this.#lookUp(lookUp);
    if (key !== undefined) {
      this.#askedFor.delete(wanted.name);
      return { kind: "found", key };
    }
    const retryAfterMs = Math.max(LOOK_AGAIN_MS, this.#mayFetchInMs());
    if (this.#last.kind !== "done") return { kind: "unavailable", retryAfterMs };
    return this.#wasFetchedAfter(askedAt, wanted.signedAt)
      ? { kind: "unknown" }
      : { kind: "awaited", retryAfterMs };
  }

  /** Whether the held keys were fetched after the token was first seen, or signed: then they include its key. */
  #wasFetchedAfter(askedAt: number, signedAt = Number.POSITIVE_INFINITY): boolean {
    if (this.#held.kind === "none") return false;
    return this.#held.fetchedAt >= Math.min(askedAt, signedAt + CLOCK_TOLERANCE_MS);
  }

  /** Forgotten after 10 minutes, as the issuer may get such a key. */
  #askedFirstAt(name: string, now: number): number {
    const known = this.#askedFor.get(name);
    if (known !== undefined && Math.abs(now - known) <= REFRESH_AFTER_MS) return known;
    this.#askedFor.delete(name);
    this.#askedFor.set(name, now);
    const [oldest] = this.#askedFor.keys();
    if (this.#askedFor.size > MAX_ASKED_FOR && oldest !== undefined) this.#askedFor.delete(oldest);
    return now;
  }

  async #lookUp<Key>(lookUp: (keys: Keys) => Promise<Key | undefined>): Promise<Key | undefined> {
    return this.#held.kind === "keys" && this.#age() <= MAX_AGE_MS ? lookUp(this.#held.keys) : undefined;
  }

  /** Age of the held keys, in milliseconds. */
  #age(): number {
    return this.#held.kind === "keys" ? this.#ports.now() - this.#held.fetchedAt : Number.POSITIVE_INFINITY;
  }

  #mayFetch(): boolean {
    return this.#mayFetchInMs() <= 0;
  }

  #mayFetchInMs(): number {
    const now = this.#ports.now();
    switch (this.#last.kind) {
      case "none":
        return 0;
      case "underWay":
        return this.#last.since + LOST_AFTER_MS - now;
      case "done":
        return this.#last.endedAt + COOL_DOWN_MS - now;
      case "failed":
        return this.#last.endedAt + FAILED_COOL_DOWN_MS - now;
    }
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const since = this.#ports.now();
    const own: LastFetch = { kind: "underWay", since };
    this.#last = own;
    try {
      const keys = await this.#ports.fetchKeys();
      // This fetch was given up as lost: a later one has newer keys.
      if (this.#last !== own) return;
      this.#held = { kind: "keys", keys, fetchedAt: since };
      this.#last = { kind: "done", endedAt: this.#ports.now() };
    } catch (error) {
      this.#ports.failed(error);
      if (this.#last === own) this.#last = { kind: "failed", endedAt: this.#ports.now() };
    }
  }

  /** Waits until the fetch that is under way has ended, or counts as lost: at most `LOST_AFTER_MS`. */
  async #othersFetch(): Promise<void> {
    const awaited = this.#last;
    while (awaited.kind === "underWay" && this.#last === awaited && !this.#mayFetch())
      await this.#ports.wait(LOOK_AGAIN_MS);
  }
}
