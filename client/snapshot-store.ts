import { callSafely } from "./emitter.ts";
import type { Cancel } from "./ports.ts";

/** An immutable snapshot over changing parts: its identity changes only when one of its fields did. */
export class SnapshotStore<Snapshot extends object> {
  readonly #read: () => Snapshot;
  readonly #listeners = new Set<{ readonly fn: () => void }>();
  #current: Snapshot;

  constructor(read: () => Snapshot) {
    this.#read = read;
    this.#current = read();
  }

  get(): Snapshot {
    const next = this.#read();
    if (!sameFields(this.#current, next)) this.#current = Object.freeze(next);
    return this.#current;
  }

  subscribe(fn: () => void): Cancel {
    const listener = { fn };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** To be called after anything that may have changed a field. */
  changed(): void {
    if (this.#listeners.size === 0) return;
    const before = this.#current;
    if (this.get() === before) return;
    for (const { fn } of [...this.#listeners]) callSafely(fn);
  }
}

function sameFields(a: object, b: object): boolean {
  const other = new Map(Object.entries(b));
  return Object.entries(a).every(([name, value]) => Object.is(value, other.get(name)));
}
