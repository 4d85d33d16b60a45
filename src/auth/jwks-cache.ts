// When the keys of an issuer are fetched, and which of them count. What a key is, and how it comes, is passed in.
//
// Requests share what was fetched, never a promise: on Workers that of a request which ended may never settle. Who
// needs what another one fetches looks again on a timer of its own.

import { CLOCK_TOLERANCE_MS } from "../access/identity.ts";

/** Beyond this age keys are fetched anew, while those that are held still count. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** An issuer may be down for this long before its keys do not count any more. */
const MAX_AGE_MS = 24 * 3_600_000;
/** Between two fetches for keys that are not among those held. */
const COOL_DOWN_MS = 30_000;
/** After a fetch that failed: short, as whoever needs a key is refused until it is over. */
const FAILED_COOL_DOWN_MS = 5_000;
/** A second more than a fetch may take: who began one that is older has ended before it did. */
const LOST_AFTER_MS = 4_000;
const LOOK_AGAIN_MS = 50;
/** Names of keys that were asked for in vain. */
const MAX_ASKED_FOR = 1_000;

/** Which key is looked for. */
export interface Wanted {
  /** The name that the token gives, or what else tells it from others. */
  readonly name: string;
  /** When the token says that it was signed, in milliseconds. It may lie: it only decides how soon it is refused. */
  readonly signedAt?: number | undefined;
}

export interface KeySetPorts<Keys> {
  /** Settles within a few seconds. */
  fetchKeys(): Promise<Keys>;
  /** In milliseconds. */
  now(): number;
  wait(ms: number): Promise<void>;
  /** Lets a fetch go on after the request that began it. */
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
  /** The issuer was asked after the token had been signed, and has no such key. */
  | { readonly kind: "unknown" }
  /** The issuer may have it since it was last asked, and is asked again in so long. */
  | { readonly kind: "awaited"; readonly retryAfterMs: number }
  /** Whether the issuer has such a key cannot be said now. */
  | { readonly kind: "unavailable"; readonly retryAfterMs: number };

export class JwksCache<Keys> {
  readonly #ports: KeySetPorts<Keys>;
  #held: Held<Keys> = { kind: "none" };
  #last: LastFetch = { kind: "none" };
  /** When each name was first asked for in vain, in the order of that: a fetch that began later settles it. */
  readonly #askedFor = new Map<string, number>();

  constructor(ports: KeySetPorts<Keys>) {
    this.#ports = ports;
  }

  /** `lookUp` answers `undefined` where none of the keys fits; only then is the issuer waited for. */
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

  /** Whether an issuer that had signed with a key by then would have published it among those that are held. */
  #wasFetchedAfter(askedAt: number, signedAt = Number.POSITIVE_INFINITY): boolean {
    if (this.#held.kind === "none") return false;
    return this.#held.fetchedAt >= Math.min(askedAt, signedAt + CLOCK_TOLERANCE_MS);
  }

  /** Forgotten after a while, as the issuer may come to have such a key. */
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

  /** Of the keys that are held. */
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
      // One that was given up for lost says nothing any more: what a later one brought is newer.
      if (this.#last !== own) return;
      this.#held = { kind: "keys", keys, fetchedAt: since };
      this.#last = { kind: "done", endedAt: this.#ports.now() };
    } catch (error) {
      this.#ports.failed(error);
      if (this.#last === own) this.#last = { kind: "failed", endedAt: this.#ports.now() };
    }
  }

  /** Till the fetch that is under way has ended, or must be lost: `LOST_AFTER_MS` at most. */
  async #othersFetch(): Promise<void> {
    const awaited = this.#last;
    while (awaited.kind === "underWay" && this.#last === awaited && !this.#mayFetch())
      await this.#ports.wait(LOOK_AGAIN_MS);
  }
}
