import type { Clock } from "../util/ports.ts";
import type { OfflineStorage } from "./offline-storage.ts";
import type { UserKeys } from "./outbox-record.ts";

/** A tab in the background has its timers called once a minute. */
const STALE_AFTER_MS = 180_000;
/** Where nobody knows which tabs are alive. */
const ALIVE_FOR_MS = 60_000;

interface LivenessPorts {
  readonly storage: OfflineStorage;
  readonly keys: UserKeys;
  readonly tab: string;
  readonly clock: Clock;
}

/**
 * Which tabs are gone. A tab that was closed or killed is not alive; one that stands still may count as alive for days,
 * so each renews a time stamp, by a timer, which stands still with it.
 */
export class Liveness {
  readonly #ports: LivenessPorts;
  /** Since when, by the own clock, which stands still as well, the stamp of a tab is what it is. */
  #seen = new Map<string, { readonly stamp: unknown; readonly since: number }>();

  constructor(ports: LivenessPorts) {
    this.#ports = ports;
  }

  /**
   * Which of `owners` are gone, and who else has left a stamp. `beats`: this one has something that others must not
   * take.
   */
  async gone(owners: ReadonlySet<string>, beats: boolean): Promise<ReadonlySet<string>> {
    const { storage, keys, tab, clock } = this.#ports;
    if (storage.tabs === undefined) return owners;
    // Where the disk is full, the others may take this one for gone, which costs a repeat.
    if (beats) await storage.update([keys.tabs + tab], () => [clock.now()]).catch(() => {});
    const stamps = new Map((await storage.list(keys.tabs)).map(({ key, value }) => [key, value]));
    const tabs = new Set([...owners, ...Array.from(stamps.keys(), (key) => key.slice(keys.tabs.length))]);
    tabs.delete(tab);
    if (tabs.size === 0) return tabs;
    const alive = await storage.tabs.alive();
    const now = clock.elapsed();
    const seen = new Map(
      Array.from(tabs, (name) => {
        const stamp = stamps.get(keys.tabs + name);
        const before = this.#seen.get(name);
        return [name, before !== undefined && before.stamp === stamp ? before : { stamp, since: now }];
      }),
    );
    this.#seen = seen;
    return new Set(
      [...seen].flatMap(([name, { stamp, since }]) => {
        const isOld = typeof stamp !== "number" || Math.abs(clock.now() - stamp) > ALIVE_FOR_MS;
        const isGone = alive === undefined ? isOld : !alive.includes(name);
        return isGone || now - since >= STALE_AFTER_MS ? [name] : [];
      }),
    );
  }

  /** What a tab that is gone, or leaves, has said of itself. */
  async forget(tabs: Iterable<string>): Promise<void> {
    const { storage, keys } = this.#ports;
    const stamps = Array.from(tabs, (name) => keys.tabs + name);
    if (storage.tabs !== undefined) await storage.update(stamps, () => stamps.map(() => undefined));
  }
}
