import type { Cancel } from "./ports.ts";
import { reportListenerError } from "./report-error.ts";

/** Listeners by event type. One that throws is reported and stops nobody else. */
export class Emitter<Events extends object> {
  readonly #listeners: { [Type in keyof Events]?: Set<Listener<Events[Type]>> } = {};

  on<Type extends keyof Events>(type: Type, fn: (payload: Events[Type]) => void): Cancel {
    const listeners = this.#listeners[type] ?? new Set<Listener<Events[Type]>>();
    this.#listeners[type] = listeners;
    // Wrapped, so that the same function may listen twice and each stops by itself.
    const listener = { fn };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<Type extends keyof Events>(type: Type, payload: Events[Type]): void {
    for (const { fn } of [...(this.#listeners[type] ?? [])]) callSafely(() => fn(payload));
  }

  /** For events that carry their own type. */
  emitEvent<Type extends keyof Events>(event: Events[Type] & { readonly type: Type }): void {
    this.emit(event.type, event);
  }
}

interface Listener<Payload> {
  readonly fn: (payload: Payload) => void;
}

export function callSafely(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    reportListenerError(error);
  }
}
