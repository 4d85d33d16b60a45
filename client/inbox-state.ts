// What an inbox looks like from here: notifications and marks, folded.

import {
  NOTIFICATION_STATES,
  type Notification,
  type NotificationEvent,
  type NotificationState,
  type NotificationUpdated,
  type SessionConnected,
} from "../src/protocol/index.ts";
import type { Start } from "./log-follower.ts";

export class InboxState {
  readonly #byId = new Map<string, Notification>();
  #list: readonly Notification[] | undefined = Object.freeze([]);
  #unread = 0;
  #floor = 0;

  /** Newest first, without what is archived; the same array until something changes. */
  get notifications(): readonly Notification[] {
    this.#list ??= Object.freeze([...this.#byId.values()].sort((a, b) => b.seq - a.seq));
    return this.#list;
  }

  get unread(): number {
    return this.#unread;
  }

  begin({ floor, unread }: SessionConnected, start: Start): void {
    if (start !== "kept") for (const id of [...this.#byId.keys()]) this.#remove(id);
    this.dropUpTo(floor);
    this.#unread = unread;
  }

  /** Forgets what retention has removed. */
  dropUpTo(floor: number): void {
    this.#floor = floor;
    for (const { id, seq } of [...this.#byId.values()]) if (seq <= floor) this.#remove(id);
  }

  setUnread(unread: number): void {
    this.#unread = unread;
  }

  onNotification({ unread, ...notification }: NotificationEvent): void {
    this.#unread = unread;
    this.#put(notification);
  }

  onUpdated({ ids, upTo, state, unread }: NotificationUpdated): void {
    this.#unread = unread;
    for (const held of this.notifications) {
      const meant = ids?.includes(held.id) || (upTo !== undefined && held.seq <= upTo);
      if (meant && later(held.state, state) !== held.state) this.#put({ ...held, state });
    }
  }

  addOlder(notifications: readonly Notification[]): void {
    for (const notification of notifications) {
      if (notification.seq > this.#floor) this.#put({ ...notification, type: "notification" });
    }
  }

  /** Forgets what nobody shall see any more. `now` is the server's. */
  dropExpired(now: number): void {
    for (const { id, expiresAt } of this.#byId.values()) {
      if (typeof expiresAt === "number" && expiresAt <= now) this.#remove(id);
    }
  }

  #put(notification: Notification): void {
    const held = this.#byId.get(notification.id);
    if (held !== undefined && held.seq > notification.seq) return;
    const same = held?.seq === notification.seq ? held : undefined;
    const state = same === undefined ? notification.state : later(same.state, notification.state);
    if (state === "archived") {
      this.#remove(notification.id);
      return;
    }
    this.#byId.set(notification.id, { ...notification, state });
    this.#list = undefined;
  }

  #remove(id: string): void {
    if (this.#byId.delete(id)) this.#list = undefined;
  }
}

/** States only move forward. */
const later = (a: NotificationState, b: NotificationState): NotificationState =>
  NOTIFICATION_STATES.indexOf(a) >= NOTIFICATION_STATES.indexOf(b) ? a : b;
