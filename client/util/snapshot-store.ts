import { callSafely } from "./emitter.ts";
import type { Cancel } from "./ports.ts";

/** An immutable snapshot over changing parts: its identity changes only when one of its fields did. */
export class SnapshotStore<Snapshot extends object> {
  readonly #read: () => Snapshot;
  readonly #listeners = new Set<{ readonly fn: () => void }>();
  #current: Snapshot;
  /** What the listeners know of: someone may read a newer one before they are told. */
  #told: Snapshot;

  constructor(read: () => Snapshot) {
    this.#read = read;
    this.#current = Object.freeze(read());
    this.#told = this.#current;
  }

  get(): Snapshot {
    const next = this.#read();
    if (!sameFields(this.#current, next)) this.#current = Object.freeze(next);
    return this.#current;
  }

  subscribe(fn: () => void): Cancel {
    if (this.#listeners.size === 0) this.#told = this.get();
    const listener = { fn };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** To be called after anything that may have changed a field. */
  changed(): void {
    if (this.#listeners.size === 0) return;
    const snapshot = this.get();
    if (snapshot === this.#told) return;
    this.#told = snapshot;
    for (const { fn } of [...this.#listeners]) callSafely(fn);
  }
}

function sameFields(a: object, b: object): boolean {
  const other = new Map(Object.entries(b));
  return Object.entries(a).every(([name, value]) => Object.is(value, other.get(name)));
}
