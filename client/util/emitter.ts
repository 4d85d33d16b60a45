import type { Cancel } from "./ports.ts";

/** Functions of the app. One that throws is reported, and the others are called all the same. */
export class Listeners<Payload> {
  readonly #listeners = new Set<{ readonly fn: (payload: Payload) => void }>();

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

  call(payload: Payload): void {
    for (const { fn } of [...this.#listeners]) callSafely(() => fn(payload));
  }
}

/** Listeners by the type of the event. */
export class Emitter<Events extends object> {
  readonly #listeners: { [Type in keyof Events]?: Listeners<Events[Type]> } = {};

  on<Type extends keyof Events>(type: Type, fn: (payload: Events[Type]) => void): Cancel {
    const listeners = this.#listeners[type] ?? new Listeners<Events[Type]>();
    this.#listeners[type] = listeners;
    return listeners.add(fn);
  }

  emit<Type extends keyof Events>(type: Type, payload: Events[Type]): void {
    this.#listeners[type]?.call(payload);
  }

  /** For events that carry their own type. */
  emitEvent<Type extends keyof Events>(event: Events[Type] & { readonly type: Type }): void {
    this.emit(event.type, event);
  }
}

/** An error in a function of the app appears where the app's other errors do. */
export function callSafely(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    // Node has no `reportError`.
    if (typeof globalThis.reportError === "function") globalThis.reportError(error);
    else console.error(error);
  }
}
