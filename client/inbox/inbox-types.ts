import type {
  Notification,
  NotificationEvent,
  NotificationUpdated,
  SessionConnected,
  Signal,
} from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { SignalOf } from "../events/app-events.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import type { RoomsError } from "../util/errors.ts";

/** An inbox at one moment. Arrays in it stay the same until they change. */
export interface InboxSnapshot {
  readonly state: ConnectionState;
  /** Newest first, without what is archived. */
  readonly notifications: readonly Notification[];
  /** All that are neither read nor archived, also those that are not held here. */
  readonly unread: number;
}

/** Ids of notifications, all up to a `seq`, or all that there are. */
export type MarkTarget = readonly string[] | { readonly upTo: number } | { readonly all: true };

/** How `inbox.on` listens. */
export interface InboxListenOptions {
  /**
   * `true`: also what is history, which the second argument tells (see `EventMeta`).
   *
   * @default false for `notification`, true for everything else
   */
  readonly replay?: boolean;
}

/** What an inbox emits, with any data. */
export interface UntypedInboxEvents {
  /** New ones, once each. A listener gets those of the first replay too if it asks for them: `{ replay: true }`. */
  notification: NotificationEvent;
  notificationUpdated: NotificationUpdated;
  signal: Signal;
  state: ConnectionState;
  /** A discontinuity: the log has passed what was held, and `notifications` is replaced by what follows. */
  lost: SessionConnected;
  /** A refusal that rejects no promise, or the reason why the connection ended for good. */
  error: RoomsError;
}

/** What `inbox.on` listens to. */
export interface InboxEvents<Events extends EventMap = RegisteredEvents>
  extends Omit<UntypedInboxEvents, "signal"> {
  /** From server code to this user. */
  signal: SignalOf<Events>;
}
