import { Listeners } from "./emitter.ts";
import type { Cancel } from "./ports.ts";

/** A frozen snapshot of changing parts. It is the same object until one of its fields changes. */
export class SnapshotStore<Snapshot extends object> {
  readonly #read: () => Snapshot;
  readonly #listeners = new Listeners<void>();
  #current: Snapshot;
  /** The last one that was emitted: a newer one may be read before it is emitted. */
  #emitted: Snapshot;

  constructor(read: () => Snapshot) {
    this.#read = read;
    this.#current = Object.freeze(read());
    this.#emitted = this.#current;
  }

  get(): Snapshot {
    const next = this.#read();
    if (!sameFields(this.#current, next)) this.#current = Object.freeze(next);
    return this.#current;
  }

  subscribe(fn: () => void): Cancel {
    if (this.#listeners.size === 0) this.#emitted = this.get();
    return this.#listeners.add(fn);
  }

  /** To be called after anything that may have changed a field. */
  changed(): void {
    if (this.#listeners.size === 0) return;
    const snapshot = this.get();
    if (snapshot === this.#emitted) return;
    this.#emitted = snapshot;
    this.#listeners.call();
  }
}

function sameFields(a: object, b: object): boolean {
  const other = new Map(Object.entries(b));
  return Object.entries(a).every(([name, value]) => Object.is(value, other.get(name)));
}

/** As `make`, but returns the last result as long as the arguments are the same. */
export function memo<Args extends readonly unknown[], Result>(
  make: (...args: Args) => Result,
): (...args: Args) => Result {
  let last: { readonly args: Args; readonly result: Result } | undefined;
  return (...args) => {
    if (!last?.args.every((arg, index) => Object.is(arg, args[index]))) {
      last = { args, result: make(...args) };
    }
    return last.result;
  };
}
