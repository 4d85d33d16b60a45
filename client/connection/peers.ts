import type { Cancel } from "../util/ports.ts";

/** The connections of one client tell each other that the server can be reached again. */
export class Peers {
  readonly #watchers = new Set<{ readonly fn: () => void }>();

  /** One of them is live. */
  onLive(): void {
    for (const { fn } of [...this.#watchers]) fn();
  }

  /** Calls `fn` whenever another one is live, until cancelled. */
  watch(fn: () => void): Cancel {
    const watcher = { fn };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}
