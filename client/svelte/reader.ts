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
    let end = () => {};
    const stop = values.subscribe((current) => {
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
  readonly value: Value;
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
        const value = this.#read(current, current.getSnapshot());
        if (this.#held?.source === current && Object.is(this.#held.value, value)) return;
        this.#held = { source: current, value };
        this.#update();
      };
      const stop = current.subscribe(read);
      read();
      return stop;
    });
  }

  get current(): Value {
    this.#track();
    const source = this.#source();
    if (this.#held?.source !== source) {
      // As on a server, so that what it rendered is hydrated without a difference.
      const snapshot = source.isIdle() ? source.serverSnapshot : source.getSnapshot();
      this.#held = { source, value: this.#read(source, snapshot) };
    }
    return this.#held.value;
  }

  #read(source: Source<Snapshot>, snapshot: Snapshot): Value {
    const value = this.#select(snapshot);
    const held = this.#held;
    return held?.source === source && isSame(held.value, value) ? held.value : value;
  }
}
