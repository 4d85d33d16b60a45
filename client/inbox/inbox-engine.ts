// An inbox behind its handle: the channel of the session, the folded state, and what expires by itself.

import {
  NOTIFICATION_EVENTS,
  NOTIFICATIONS_RESULT,
  type NotificationState,
  SESSION_CONNECTED,
  SIGNAL,
  type Signal,
  UNREAD_RESULT,
} from "../../src/protocol/index.ts";
import { Channel } from "../connection/channel.ts";
import type { ConnectionState, Transport } from "../connection/transport/transport.ts";
import type { ChannelEvents, ConnectionContext, ResumeKind } from "../connection/types.ts";
import { type RoomsError, unreadable } from "../util/errors.ts";
import { Emitter, LIVE, memo, SnapshotStore, TopicListeners } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import { type Connected, fits, type IncomingFrame } from "../util/wire.ts";
import { InboxState } from "./inbox-state.ts";
import type { InboxSnapshot, MarkTarget, UntypedInboxEvents } from "./inbox-types.ts";

/** Timers of browsers reach no further than 24 days, and the server's time may be corrected meanwhile. */
const MAX_TIMER_MS = 3_600_000;

/** What a channel needs to know of the log of an inbox. */
export const INBOX_LOG = {
  frames: { ...NOTIFICATION_EVENTS, signal: SIGNAL, connected: SESSION_CONNECTED },
  logEvents: NOTIFICATION_EVENTS,
  // What is muted, filtered or expired leaves its number out.
  skipsNumbers: true,
};

export class InboxEngine implements ChannelEvents {
  readonly channel: Channel;
  readonly events = new Emitter<UntypedInboxEvents>();
  readonly appEvents = new TopicListeners<Signal>();
  readonly store: SnapshotStore<InboxSnapshot>;
  readonly #context: ConnectionContext;
  readonly #state = new InboxState();
  /** The server's time as the connection began: what a replay says of `unread` was counted then. */
  #connectedAt = 0;
  /** What arrives is history: the first replay is not over yet, or that after `lost`. */
  #isHistory = false;
  /** For the next notification to expire. */
  #expiry: { readonly at: number; readonly cancel: Cancel } | undefined;

  constructor(context: ConnectionContext, transport: Transport) {
    this.#context = context;
    const options = { ...INBOX_LOG, name: "the inbox", topics: null };
    this.channel = new Channel(context, transport, options, this);
    const snapshot = memo(
      (
        state: ConnectionState,
        notifications: InboxSnapshot["notifications"],
        unread: number,
      ): InboxSnapshot => Object.freeze({ state, notifications, unread }),
    );
    this.store = new SnapshotStore(() =>
      snapshot(this.channel.state, this.#state.notifications, this.#state.unread),
    );
  }

  async loadOlder(limit: number | undefined): Promise<{ readonly more: boolean }> {
    const before = this.#state.notifications.at(-1)?.seq;
    const answer = await this.channel.ask({
      type: "notifications",
      id: this.#context.ports.newId(),
      ...(before !== undefined && { before }),
      ...(limit !== undefined && { limit }),
    });
    if (!fits(NOTIFICATIONS_RESULT, answer)) throw unreadable();
    this.#state.setUnread(answer.unread, this.#context.serverTime.now());
    this.#state.addOlder(answer.notifications);
    this.#changed();
    return { more: answer.more ?? false };
  }

  async mark(what: MarkTarget, state: NotificationState): Promise<void> {
    const id = this.#context.ports.newId();
    const target = "upTo" in what || "all" in what ? what : { ids: what };
    const answer = await this.channel.ask({ type: "mark", id, ...target, state });
    if (fits(UNREAD_RESULT, answer)) this.#state.setUnread(answer.unread, this.#context.serverTime.now());
    this.#changed();
  }

  #changed(): void {
    this.#state.dropExpired(this.#context.serverTime.now());
    this.store.changed();
    this.#awaitExpiry();
  }

  /** What expires leaves by itself, without an event. A client that has ended leaves no timer. */
  #awaitExpiry(): void {
    const at = this.channel.state.status === "disconnected" ? undefined : this.#state.nextExpiry;
    if (at === this.#expiry?.at) return;
    this.#expiry?.cancel();
    this.#expiry = undefined;
    if (at === undefined) return;
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, at - this.#context.serverTime.now()));
    const cancel = this.#context.ports.clock.after(waitMs, () => {
      this.#expiry = undefined;
      this.#changed();
    });
    this.#expiry = { at, cancel };
  }

  onConnected(frame: Connected, resume: ResumeKind): void {
    if ("room" in frame) return;
    this.#connectedAt = frame.at;
    // Timers may have slept with the machine.
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#state.begin(frame, resume);
    // A first replay that was interrupted goes on.
    if (resume !== "kept") this.#isHistory = true;
    if (resume === "lost") this.events.emit("lost", frame);
  }

  onFloor(floor: number): void {
    this.#state.dropUpTo(floor);
  }

  onPermission(): void {}

  onLive(): void {
    this.#isHistory = false;
  }

  onState(state: ConnectionState): void {
    this.events.emit("state", state);
    this.#changed();
  }

  onRefused(): void {}

  onError(error: RoomsError): void {
    this.events.emit("error", error);
  }

  onUserChanged(): void {
    this.#state.forget();
  }

  onTurn(): void {
    this.#changed();
  }

  onSent(): void {}

  onFrame(frame: IncomingFrame): void {
    switch (frame.type) {
      case "notification":
        this.#state.onNotification(frame, Math.max(this.#connectedAt, frame.at));
        this.events.emit("notification", frame, { replay: this.#isHistory });
        return;
      case "notificationUpdated":
        this.#state.onUpdated(frame, Math.max(this.#connectedAt, frame.at));
        this.events.emit("notificationUpdated", frame, { replay: this.#isHistory });
        return;
      case "signal":
        this.events.emit("signal", frame);
        this.appEvents.emit(frame, undefined, LIVE);
        return;
      default:
    }
  }
}
