import type { Notification, NotificationState, Topics } from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { SignalUnder } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type { EventMap, EventTopic, RegisteredEvents } from "../events/event-map.ts";
import { type EventMeta, ignoreRejection, type OnEventOptions } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import type { InboxEngine } from "./inbox-engine.ts";
import type { InboxEvents, InboxListenOptions, InboxSnapshot, MarkTarget } from "./inbox-types.ts";

/**
 * The notifications of this user, on all devices. The socket opens with the first listener. Methods may be called
 * unbound.
 */
export class Inbox<Events extends EventMap = RegisteredEvents> {
  readonly #engine: InboxEngine;
  readonly #onWanted: () => void;

  constructor(engine: InboxEngine, onWanted: () => void) {
    this.#engine = engine;
    this.#onWanted = onWanted;
    Object.freeze(this);
  }

  get state(): ConnectionState {
    return this.#engine.channel.state;
  }

  get notifications(): readonly Notification[] {
    return this.getSnapshot().notifications;
  }

  get unread(): number {
    return this.getSnapshot().unread;
  }

  /** Everything above as one frozen object, the same one until something in it changes. */
  readonly getSnapshot = (): InboxSnapshot => this.#engine.store.get();

  /** Calls `fn` after each change of the snapshot, until the function that it returns is called. */
  readonly subscribe = (fn: () => void): Cancel => this.#wanted(this.#engine.store.subscribe(fn));

  /**
   * Calls `fn` with each event of this type, until the function that it returns is called. `notification` is called for
   * new ones: what was there before this client listened is in `notifications`, and comes with `{ replay: true }` too.
   *
   * @example
   * inboxOf(client).on("notification", ({ title }) => toast(title));
   */
  readonly on = <Type extends keyof InboxEvents<Events>>(
    type: Type,
    fn: (payload: InboxEvents<Events>[Type], meta: EventMeta) => void,
    { replay = type !== "notification" }: InboxListenOptions = {},
  ): Cancel =>
    this.#wanted(
      this.#engine.events.on(type, (payload, meta) => {
        if (replay || !meta.replay) fn(declared(payload), meta);
      }),
    );

  /** Listens to signals to this user, by application event as `room.onEvent` does. */
  readonly onEvent = <Topic extends EventTopic<Events>>(
    topic: Topic,
    fn: (event: SignalUnder<Events, Topic>, meta: EventMeta) => void,
    options?: OnEventOptions,
  ): Cancel => this.#wanted(this.#engine.appEvents.add(topic, declared(fn), options));

  /**
   * Which notifications this device hears of: those under these topics, at most 20; `null` is all. The others are stored
   * and counted all the same. Resolves when in force. Offline it resolves at once, and the next connection begins with
   * them. Rejects with the server's refusal.
   */
  readonly setTopics = (topics: Topics): Promise<void> =>
    ignoreRejection(this.#engine.channel.topics.set(topics));

  /**
   * Moves notifications forward to a state, on all devices. Rejects with the server's refusal, and with `offline`
   * without a connection: nothing is queued.
   *
   * @example
   * await inboxOf(client).mark({ all: true }, "seen");
   */
  readonly mark = (what: MarkTarget, state: NotificationState): Promise<void> =>
    ignoreRejection(this.#engine.mark(what, state));

  /**
   * Adds an older page to `notifications`: `limit` of them, 1 to 100. Without `more` there is nothing older. Rejects with
   * the server's refusal, and with `offline` without a connection.
   */
  readonly loadOlder = (limit?: number): Promise<{ readonly more: boolean }> =>
    ignoreRejection(this.#engine.loadOlder(limit));

  #wanted(cancel: Cancel): Cancel {
    this.#onWanted();
    return cancel;
  }
}

/** An inbox whose signals do not matter to what takes it. */
export interface AnyInbox extends Omit<Inbox<EventMap>, "on" | "onEvent"> {}
