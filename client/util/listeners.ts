// Where the app's own functions are called: with events, and after changes of a snapshot. Errors in them are the app's.

import { topicCovers } from "../../src/protocol/index.ts";
import type { Cancel } from "./ports.ts";

/** Functions of the app. One that throws is reported, and the others are called all the same. */
export class Listeners<Payload> {
  readonly #listeners = new Set<{ readonly fn: (payload: Payload) => void }>();
  readonly #calls: Payload[] = [];

  get size(): number {
    return this.#listeners.size;
  }

  add(fn: (payload: Payload) => void): Cancel {
    // Wrapped, so that the same function may listen twice, and each stops by itself.
    const listener = { fn };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** A call that a listener causes waits until all have heard of the one before. */
  call(payload: Payload): void {
    if (this.#calls.push(payload) > 1) return;
    for (const call of this.#calls) {
      for (const listener of [...this.#listeners]) {
        // One that was called before it may have cancelled it.
        if (this.#listeners.has(listener)) callSafely(() => listener.fn(call));
      }
    }
    this.#calls.length = 0;
  }
}

/** What a listener gets beside an event. */
export interface EventMeta {
  /**
   * The event was stored before this client followed the log: it is of the first replay, or of the replay after `lost`.
   * What was missed while a connection was interrupted is new.
   */
  readonly replay: boolean;
}

export const LIVE: EventMeta = Object.freeze({ replay: false });

/** Listeners by the type of the event. */
export class Emitter<Events extends object> {
  /** Without a prototype, so that no name is there before it is added. */
  readonly #listeners: { [Type in keyof Events]?: Listeners<readonly [Events[Type], EventMeta]> } =
    Object.create(null);

  on<Type extends keyof Events>(type: Type, fn: (payload: Events[Type], meta: EventMeta) => void): Cancel {
    const listeners = this.#listeners[type] ?? new Listeners<readonly [Events[Type], EventMeta]>();
    this.#listeners[type] = listeners;
    return listeners.add((call) => fn(...call));
  }

  emit<Type extends keyof Events>(type: Type, payload: Events[Type], meta = LIVE): void {
    this.#listeners[type]?.call([payload, meta]);
  }

  /** For events that carry their own type. */
  emitEvent<Type extends keyof Events>(event: Events[Type] & { readonly type: Type }, meta: EventMeta): void {
    this.emit(event.type, event, meta);
  }
}

/** An error in a function of the app appears where the app's other errors do. */
export function callSafely(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    // Node has no `reportError`.
    const report = globalThis.reportError ?? console.error;
    report(error);
  }
}

/** An app that does not wait for a promise gets no `unhandledrejection` from it: states and events report the error too. */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

export interface OnEventOptions {
  /**
   * `false` leaves out what this user did, on any device.
   *
   * @default true
   */
  readonly own?: boolean;
}

interface AppEvent {
  readonly event: string;
  readonly from: { readonly id: string } | null;
}

/** Listeners by application event: `task` covers `task.created` too, `*` covers everything. */
export class TopicListeners<Event extends AppEvent> {
  readonly #listeners = new Listeners<{
    readonly event: Event;
    readonly isOwn: boolean;
    readonly meta: EventMeta;
  }>();

  add(
    topic: string,
    fn: (event: Event, meta: EventMeta) => void,
    { own = true }: OnEventOptions = {},
  ): Cancel {
    return this.#listeners.add(({ event, isOwn, meta }) => {
      if (isOwn && !own) return;
      if (topic === "*" || topicCovers(topic, event.event)) fn(event, meta);
    });
  }

  emit(event: Event, self: string | undefined, meta: EventMeta): void {
    this.#listeners.call({ event, isOwn: event.from !== null && event.from.id === self, meta });
  }
}

/** Calls its listeners after changes of a snapshot: `get` returns the same object until something in it changes. */
export class SnapshotStore<Snapshot extends object> {
  readonly get: () => Snapshot;
  readonly #listeners: Listeners<void>;
  /** The last one that was emitted: a newer one may be read before it is emitted. */
  #emitted: Snapshot | undefined;

  constructor(get: () => Snapshot, listeners = new Listeners<void>()) {
    this.get = get;
    this.#listeners = listeners;
  }

  subscribe(fn: () => void): Cancel {
    if (this.#listeners.size === 0) this.#emitted = this.get();
    return this.#listeners.add(fn);
  }

  /** To be called after anything that may have changed the snapshot. */
  changed(): void {
    if (this.#listeners.size === 0) return;
    const snapshot = this.get();
    if (snapshot === this.#emitted) return;
    this.#emitted = snapshot;
    this.#listeners.call();
  }
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
