// The state of an inbox on this device, folded from its events: notifications and marks.

import {
  NOTIFICATION_STATES,
  type Notification,
  type NotificationEvent,
  type NotificationState,
  type NotificationUpdated,
  type SessionConnected,
} from "../../src/protocol/index.ts";
import type { ResumeKind } from "../connection/types.ts";

export class InboxState {
  readonly #byId = new Map<string, Notification>();
  #list: readonly Notification[] | undefined = Object.freeze([]);
  #unread = 0;
  /** The server's time at which it counted `unread`. */
  #countedAt = 0;
  /** When the notifications expired that this device subtracted from `unread`: an older count includes them. */
  #expired: readonly number[] = [];
  #floor = 0;

  /** Newest first, without what is archived; the same array until something changes. */
  get notifications(): readonly Notification[] {
    this.#list ??= Object.freeze([...this.#byId.values()].sort((a, b) => b.seq - a.seq));
    return this.#list;
  }

  get unread(): number {
    return this.#unread;
  }

  begin({ floor, unread, at }: SessionConnected, resume: ResumeKind): void {
    if (resume !== "kept") this.forget();
    this.dropUpTo(floor);
    this.setUnread(unread, at);
  }

  forget(): void {
    for (const id of [...this.#byId.keys()]) this.#remove(id);
    this.#expired = [];
    this.#unread = 0;
  }

  /** Drops what retention has removed. */
  dropUpTo(floor: number): void {
    this.#floor = floor;
    for (const { id, seq } of [...this.#byId.values()]) if (seq <= floor) this.#remove(id);
  }

  /** The count that the server made `at` its time. What expired since is subtracted. */
  setUnread(unread: number, at: number): void {
    this.#countedAt = at;
    this.#expired = this.#expired.filter((expiresAt) => expiresAt > at);
    this.#unread = Math.max(0, unread - this.#expired.length);
  }

  /** `at`: when the count in it was made, in the server's time. */
  onNotification({ unread, ...notification }: NotificationEvent, at: number): void {
    this.setUnread(unread, at);
    this.#put(notification);
  }

  onUpdated({ ids, upTo, state, unread }: NotificationUpdated, at: number): void {
    this.setUnread(unread, at);
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

  /** When the next notification expires, in the server's time; `undefined`: none does. */
  get nextExpiry(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#byId.values()) next = Math.min(next, expiresAt ?? next);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** Drops what has expired by `now` (the server's time), and subtracts it from `unread` if it was counted. */
  dropExpired(now: number): void {
    for (const { id, expiresAt, state, muted } of this.#byId.values()) {
      if (typeof expiresAt !== "number" || expiresAt > now) continue;
      this.#remove(id);
      const counts = (state === "unseen" || state === "seen") && muted !== true;
      if (!counts || expiresAt <= this.#countedAt) continue;
      this.#expired = [...this.#expired, expiresAt];
      this.#unread = Math.max(0, this.#unread - 1);
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
