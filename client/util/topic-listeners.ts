import { topicCovers } from "../../src/protocol/index.ts";
import { callSafely } from "./emitter.ts";
import type { Cancel } from "./ports.ts";

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

interface Listener<Event> {
  readonly topic: string;
  readonly own: boolean;
  readonly fn: (event: Event) => void;
}

/** Listeners by application event: `task` covers `task.created` too, `*` covers everything. */
export class TopicListeners<Event extends AppEvent> {
  readonly #listeners = new Set<Listener<Event>>();

  add(topic: string, fn: (event: Event) => void, { own = true }: OnEventOptions = {}): Cancel {
    const listener = { topic, own, fn };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: Event, self: string | undefined): void {
    const isOwn = event.from !== null && event.from.id === self;
    for (const { topic, own, fn } of [...this.#listeners]) {
      if (isOwn && !own) continue;
      if (topic === "*" || topicCovers(topic, event.event)) callSafely(() => fn(event));
    }
  }
}
