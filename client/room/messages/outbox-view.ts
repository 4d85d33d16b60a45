import type { OutboxItem, Stored } from "./outbox-entry.ts";

interface OutboxActions {
  retry(id: string): Promise<Stored>;
  drop(id: string): void;
}

/** What is not stored yet, in the order of `send`: a frozen array that can act on its items. */
export class OutboxView extends Array<OutboxItem> {
  /** What is made of it, such as by `map`, is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  readonly #actions: OutboxActions;

  constructor(items: readonly OutboxItem[], actions: OutboxActions) {
    super();
    this.#actions = actions;
    for (const item of items) this.push(item);
    Object.freeze(this);
  }

  /**
   * Tries again what `failed`, as `send` would; after `stale_retry` as a new message under a new id. Rejects
   * `not_found` where nothing failed under this id.
   */
  retry(id: string): Promise<Stored> {
    return this.#actions.retry(id);
  }

  /** Forgets an item. One that is `sent` may be stored all the same. */
  drop(id: string): void {
    this.#actions.drop(id);
  }
}
