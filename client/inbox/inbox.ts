import type {
  Notification,
  NotificationEvent,
  NotificationState,
  NotificationUpdated,
  SessionConnected,
  Signal,
  Topics,
} from "../../src/protocol/index.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionState } from "../connection/connection-state.ts";
import { offline } from "../connection/ending.ts";
import type { ConnectionContext, Endpoint } from "../connection/endpoint.ts";
import type { Start } from "../connection/log-follower.ts";
import { TopicFilter } from "../connection/topic-filter.ts";
import { Emitter } from "../util/emitter.ts";
import { type RoomsError, refusalError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { quiet } from "../util/quiet.ts";
import { SnapshotStore } from "../util/snapshot-store.ts";
import { type OnEventOptions, TopicListeners } from "../util/topic-listeners.ts";
import type { Connected, IncomingFrame } from "../wire/parse-frame.ts";
import { isNotificationsResult, isUnreadResult } from "../wire/shapes.ts";
import { InboxState } from "./inbox-state.ts";

export interface InboxEvents {
  /** Also those of a replay, once each. */
  notification: NotificationEvent;
  notificationUpdated: NotificationUpdated;
  /** From server code to this user. */
  signal: Signal;
  state: ConnectionState;
  /** `notifications` is replaced by what follows. */
  lost: SessionConnected;
  error: RoomsError;
}

export interface InboxSnapshot {
  readonly state: ConnectionState;
  /** Newest first, without what is archived. */
  readonly notifications: readonly Notification[];
  /** All that are neither read nor archived, also those not held here. */
  readonly unread: number;
}

/** Timers of browsers reach no further than 24 days, and a clock may be set meanwhile. */
const MAX_TIMER_MS = 3_600_000;

export type MarkTarget = readonly string[] | { readonly upTo: number } | { readonly all: true };

export interface InboxHooks {
  connect(endpoint: Endpoint): Connection;
  /** With every listener: the client knows whether the socket may open. */
  onWanted(): void;
  onState(): void;
}

/** The notifications of this user, on all devices. The socket opens with the first listener. */
export class Inbox {
  readonly #context: ConnectionContext;
  readonly #connection: Connection;
  readonly #events = new Emitter<InboxEvents>();
  readonly #appEvents = new TopicListeners<Signal>();
  readonly #state = new InboxState();
  readonly #topics: TopicFilter;
  readonly #store: SnapshotStore<InboxSnapshot>;
  readonly #onWanted: () => void;
  readonly #onState: () => void;
  /** By how much this machine's clock is ahead of the server's. */
  #clockAheadMs = 0;
  /** The server's time as the connection began: what a replay says of `unread` was counted then. */
  #connectedAt = 0;
  /** For the next notification to expire. */
  #expiry: { readonly at: number; readonly cancel: Cancel } | undefined;

  constructor(context: ConnectionContext, { connect, onWanted, onState }: InboxHooks) {
    this.#context = context;
    this.#onState = onState;
    this.#connection = connect(this.#endpoint());
    this.#topics = new TopicFilter(this.#connection, context.ports.newId, null);
    this.#onWanted = onWanted;
    this.#store = new SnapshotStore(() => ({
      state: this.#connection.state,
      notifications: this.#state.notifications,
      unread: this.#state.unread,
    }));
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get notifications(): readonly Notification[] {
    return this.getSnapshot().notifications;
  }

  get unread(): number {
    return this.#state.unread;
  }

  /** Everything above as one immutable object, the same one until something in it changes. */
  getSnapshot(): InboxSnapshot {
    return this.#store.get();
  }

  /** Calls `fn` after each change of the snapshot, until the function that it returns is called. */
  subscribe(fn: () => void): Cancel {
    const cancel = this.#store.subscribe(fn);
    this.#onWanted();
    return cancel;
  }

  /** Returns the unsubscribe. */
  on<Type extends keyof InboxEvents>(type: Type, fn: (payload: InboxEvents[Type]) => void): Cancel {
    const cancel = this.#events.on(type, fn);
    this.#onWanted();
    return cancel;
  }

  /** Listens to signals to this user, by application event as `room.onEvent` does. */
  onEvent(topic: string, fn: (event: Signal) => void, options?: OnEventOptions): Cancel {
    const cancel = this.#appEvents.add(topic, fn, options);
    this.#onWanted();
    return cancel;
  }

  /** Which notifications this device hears of; `null` is all. The others are stored and counted as ever. */
  setTopics(topics: Topics): Promise<void> {
    return quiet(this.#topics.set(topics));
  }

  /** Moves notifications forward to a state, on all devices. Rejects `offline` without a connection. */
  mark(what: MarkTarget, state: NotificationState): Promise<void> {
    return quiet(this.#mark(what, state));
  }

  /** Adds an older page to `notifications`. Without `more` there is nothing older. Rejects `offline`. */
  async loadOlder(limit?: number): Promise<{ readonly more: boolean }> {
    const before = this.#state.notifications.at(-1)?.seq;
    const answer = await this.#connection.ask({
      type: "notifications",
      id: this.#context.ports.newId(),
      ...(before !== undefined && { before }),
      ...(limit !== undefined && { limit }),
    });
    if (!isNotificationsResult(answer)) throw offline("The answer could not be read.");
    this.#state.setUnread(answer.unread, this.#now());
    this.#state.addOlder(answer.notifications);
    this.#changed();
    return { more: answer.more ?? false };
  }

  async #mark(what: MarkTarget, state: NotificationState): Promise<void> {
    const id = this.#context.ports.newId();
    const target = "upTo" in what || "all" in what ? what : { ids: what };
    const answer = await this.#connection.ask({ type: "mark", id, ...target, state });
    if (isUnreadResult(answer)) this.#state.setUnread(answer.unread, this.#now());
    this.#changed();
  }

  #changed(): void {
    this.#state.dropExpired(this.#now());
    this.#store.changed();
    this.#awaitExpiry();
  }

  /** The server's time, as far as this machine knows. */
  #now(): number {
    return this.#context.ports.clock.now() - this.#clockAheadMs;
  }

  /** What expires leaves by itself, as no event tells of it; not where this client has ended, which leaves no timer. */
  #awaitExpiry(): void {
    const at = this.#connection.state.status === "disconnected" ? undefined : this.#state.nextExpiry;
    if (at === this.#expiry?.at) return;
    this.#expiry?.cancel();
    this.#expiry = undefined;
    if (at === undefined) return;
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, at - this.#now()));
    const cancel = this.#context.ports.clock.after(waitMs, () => {
      this.#expiry = undefined;
      this.#changed();
    });
    this.#expiry = { at, cancel };
  }

  #endpoint(): Endpoint {
    return {
      path: "/v1/connect",
      query: () => this.#topics.query(),
      // What is muted, filtered or expired leaves its number out.
      mayJump: () => true,
      onConnected: (frame, start) => this.#onConnected(frame, start),
      onFloor: (floor) => this.#state.dropUpTo(floor),
      onFrame: (frame) => this.#onFrame(frame),
      onPermission: () => {},
      onLive: () => this.#topics.onLive(),
      onState: (state) => {
        this.#events.emit("state", state);
        this.#onState();
        this.#changed();
      },
      onRefused: (error) => this.#events.emit("error", error),
      onTurn: () => this.#changed(),
    };
  }

  #onConnected(frame: Connected, start: Start): void {
    if ("room" in frame) return;
    this.#clockAheadMs = this.#context.ports.clock.now() - frame.at;
    this.#connectedAt = frame.at;
    this.#state.begin(frame, start);
    if (start === "lost") this.#events.emit("lost", frame);
  }

  #onFrame(frame: IncomingFrame): void {
    switch (frame.type) {
      case "notification":
        this.#state.onNotification(frame, Math.max(this.#connectedAt, frame.at));
        this.#events.emit("notification", frame);
        return;
      case "notificationUpdated":
        this.#state.onUpdated(frame, Math.max(this.#connectedAt, frame.at));
        this.#events.emit("notificationUpdated", frame);
        return;
      case "signal":
        this.#events.emit("signal", frame);
        this.#appEvents.emit(frame, undefined);
        return;
      case "error":
        this.#events.emit("error", refusalError(frame));
        return;
      default:
    }
  }
}
