import { topicCovers } from "../../src/protocol/index.ts";
import { Listeners } from "./emitter.ts";
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

/** Listeners by application event: `task` covers `task.created` too, `*` covers everything. */
export class TopicListeners<Event extends AppEvent> {
  readonly #listeners = new Listeners<{ readonly event: Event; readonly isOwn: boolean }>();

  add(topic: string, fn: (event: Event) => void, { own = true }: OnEventOptions = {}): Cancel {
    return this.#listeners.add(({ event, isOwn }) => {
      if (isOwn && !own) return;
      if (topic === "*" || topicCovers(topic, event.event)) fn(event);
    });
  }

  emit(event: Event, self: string | undefined): void {
    this.#listeners.call({ event, isOwn: event.from !== null && event.from.id === self });
  }
}
