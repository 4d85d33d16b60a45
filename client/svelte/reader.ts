// How a component of Svelte shows a source. `createSubscriber` makes reads reactive, but does not subscribe by itself: what
// a `$derived` outside of effects starts would never end. The subscription belongs to the component.

import { onMount, untrack } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import { toStore } from "svelte/store";
import { isSame, type Source } from "../bindings/source.ts";

/** Runs `begin` with the value, and what it returned before it runs again: from mount to the end. Not on a server. */
export function whileMounted<Value>(value: () => Value, begin: (value: Value) => () => void): void {
  // The effect of `toStore` belongs to the component that is being made.
  const values = toStore(value);
  onMount(() => {
    let last: Value | undefined;
    let end = () => {};
    const stop = values.subscribe((current) => {
      // A store takes an object for a new one whenever what it was made of has run.
      if (current === last) return;
      last = current;
      end();
      end = untrack(() => begin(current));
    });
    return () => {
      stop();
      end();
    };
  });
}

interface Held<Snapshot, Value> {
  readonly source: Source<Snapshot>;
  readonly snapshot: Snapshot;
  /** What was selected last. */
  last: { readonly value: Value } | undefined;
}

/** The selected part of a source. What reads it runs again when that part changes: see `isSame`. */
export class Reader<Snapshot, Value> {
  readonly #source: () => Source<Snapshot>;
  readonly #select: (snapshot: Snapshot) => Value;
  readonly #track: () => void;
  #update = () => {};
  #held: Held<Snapshot, Value> | undefined;

  constructor(source: () => Source<Snapshot>, select: (snapshot: Snapshot) => Value) {
    this.#source = source;
    this.#select = select;
    this.#track = createSubscriber((update) => {
      this.#update = update;
      return () => {
        this.#update = () => {};
      };
    });
    whileMounted(source, (current) => {
      const read = () => {
        const held = this.#hold(current, current.getSnapshot());
        const { last } = held;
        try {
          this.#valueOf(held);
        } catch {
          // It throws again in what shows it, where Svelte catches it.
          held.last = undefined;
        }
        if (held.last === undefined || held.last !== last) this.#update();
      };
      const stop = current.subscribe(read);
      read();
      return stop;
    });
  }

  get current(): Value {
    this.#track();
    const source = this.#source();
    if (this.#held?.source === source) return this.#valueOf(this.#held);
    // As on a server, so that what it rendered is hydrated without a difference.
    return this.#valueOf(this.#hold(source, source.isIdle() ? source.serverSnapshot : source.getSnapshot()));
  }

  #hold(source: Source<Snapshot>, snapshot: Snapshot): Held<Snapshot, Value> {
    const last = this.#held?.source === source ? this.#held.last : undefined;
    this.#held = { source, snapshot, last };
    return this.#held;
  }

  /** Selected at each read, so that what reads it follows the state that the selector reads. */
  #valueOf(held: Held<Snapshot, Value>): Value {
    const value = this.#select(held.snapshot);
    if (held.last === undefined || !isSame(held.last.value, value)) held.last = { value };
    return held.last.value;
  }
}
