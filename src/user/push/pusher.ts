// Pushes what waits in the inbox to each subscription of the user, in order. It runs from the alarm, and returns when
// to run it again. How a push is sent is passed in.

import { mapBounded } from "../../object/bounded.ts";
import type { Preferences, Priority } from "../../protocol/index.ts";
import type { InboxLog } from "../inbox/inbox-log.ts";
import { sooner } from "../inbox/notification-row.ts";
import type { PreferenceStore } from "../inbox/preferences.ts";
import { quietUntil } from "../inbox/quiet-hours.ts";
import type { PushNotification, PushOutcome } from "./push.ts";
import { type Circumstances, judge, MAX_TRIES, pushesAfterChange, waitAfter } from "./push-rules.ts";
import type { Progress, PushStore, Subscription } from "./push-store.ts";

/** Notifications that come within this time are pushed in one run. */
const GATHER_MS = 1_000;
const SUBSCRIPTIONS_AT_ONCE = 5;
/** To one subscription in one run; the rest waits for the next alarm, a second later. */
const MAX_IN_A_ROW = 20;

export interface PusherPorts {
  readonly inbox: InboxLog;
  readonly subscriptions: PushStore;
  readonly preferences: PreferenceStore;
  isOnline(): boolean;
  /** How long a session of a device that vanished may stay open, in milliseconds. */
  readonly doubtMs: number;
  now(): number;
  random(): number;
  /** Never rejects. */
  send(to: Subscription, notification: PushNotification): Promise<PushOutcome>;
  /** Whether pushes may still go to this endpoint: settings change. */
  allows(endpoint: string): boolean;
}

type Lane = "done" | "doneUrgent";

export class Pusher {
  readonly #ports: PusherPorts;

  constructor(ports: PusherPorts) {
    this.#ports = ports;
  }

  /**
   * When to run for a notification that was just stored and is not muted, in milliseconds; `null`: not for this one.
   */
  dueAt(priority: Priority, now: number): number | null {
    const subscriptions = this.#ports.subscriptions.all;
    if (subscriptions.length === 0) return null;
    const verdict = judge({ priority, state: "unseen", at: now }, this.#circumstances(now), now);
    if (verdict.kind === "drop") return null;
    const gatherMs = priority === "urgent" ? 0 : GATHER_MS;
    const at = verdict.kind === "send" ? now + gatherMs : verdict.until;
    return Math.max(at, Math.min(...subscriptions.map(({ retryAt }) => retryAt ?? 0)));
  }

  /** To be called after preferences changed. Returns when to run for it, in milliseconds; `null`: not for this. */
  preferencesChanged(before: Preferences, patch: Partial<Preferences>, now: number): number | null {
    const effect = pushesAfterChange(before, patch);
    if (effect === "drop") this.#dropWaiting();
    return effect === "send" && this.#ports.subscriptions.all.length > 0 ? now : null;
  }

  #dropWaiting(): void {
    const { inbox, subscriptions } = this.#ports;
    const done = inbox.head;
    for (const { endpoint } of subscriptions.all) {
      subscriptions.settle(endpoint, { done, doneUrgent: done, tries: 0, retryAt: null });
    }
  }

  /** Returns when to run again, in milliseconds; `null`: nothing waits. */
  async run(): Promise<number | null> {
    const ends = await mapBounded(
      this.#ports.subscriptions.all,
      (subscription) => this.#serve(subscription),
      SUBSCRIPTIONS_AT_ONCE,
    );
    return ends.reduce<number | null>(sooner, null);
  }

  async #serve(subscription: Subscription): Promise<number | null> {
    const { inbox, subscriptions, now } = this.#ports;
    const { endpoint, expiresAt, retryAt } = subscription;
    if ((expiresAt !== null && expiresAt <= now()) || !this.#ports.allows(endpoint)) {
      subscriptions.remove(endpoint);
      return null;
    }
    if (retryAt !== null && retryAt > now()) return retryAt;
    const head = inbox.head;
    const { progress, waits } = await this.#pushAll(subscription);
    if (progress === undefined) {
      subscriptions.remove(endpoint);
      return null;
    }
    // A lane in which nothing waits is done up to the head.
    const reached = (lane: Lane) => (waits[lane] === null ? Math.max(progress[lane], head) : progress[lane]);
    subscriptions.settle(endpoint, { ...progress, done: reached("done"), doneUrgent: reached("doneUrgent") });
    return sooner(waits.done, waits.doneUrgent);
  }

  /** `progress` is left out if the subscription is gone. */
  async #pushAll(subscription: Subscription): Promise<{
    readonly progress?: Progress;
    /** By lane: until when its next one waits; `null`: none waits. */
    readonly waits: Record<Lane, number | null>;
  }> {
    const { inbox, subscriptions, now, random, send } = this.#ports;
    const { endpoint } = subscription;
    let progress: Progress = subscription;
    const waits: Record<Lane, number | null> = { done: null, doneUrgent: null };
    let sent = 0;
    const after = Math.min(progress.done, progress.doneUrgent);
    for (const { id, seq, priority } of inbox.unseenAfter(after, now())) {
      const lane = priority === "urgent" ? "doneUrgent" : "done";
      if (seq <= progress[lane] || waits[lane] !== null) continue;
      // Read anew: while the last one was sent, this one may have been read, or a device may have connected.
      const current = inbox.find(id);
      const verdict = current && judge(current, this.#circumstances(now()), now());
      if (verdict?.kind === "wait") {
        waits[lane] = verdict.until;
        continue;
      }
      if (current !== undefined && verdict?.kind === "send") {
        // Removed while the last one was sent.
        if (subscriptions.find(endpoint) === undefined) return { waits };
        if (sent === MAX_IN_A_ROW) return { progress, waits: { done: now(), doneUrgent: now() } };
        sent++;
        const outcome = await send(subscription, current);
        if (outcome.kind === "gone") return { waits };
        if (outcome.kind === "later") {
          const tries = progress.tries + 1;
          // The service was out of reach for a day: what waited is no news any more.
          if (tries >= MAX_TRIES) return { progress: { ...progress, tries: 0, retryAt: null }, waits };
          const retryAt = now() + waitAfter(tries, outcome.retryAfterMs, random());
          return { progress: { ...progress, tries, retryAt }, waits: { done: retryAt, doneUrgent: retryAt } };
        }
        progress = { ...progress, tries: 0, retryAt: null };
      }
      progress = { ...progress, [lane]: seq };
    }
    return { progress, waits };
  }

  #circumstances(now: number): Circumstances {
    const { quietHours, push } = this.#ports.preferences.current;
    return {
      online: this.#ports.isOnline(),
      doubtMs: this.#ports.doubtMs,
      quietUntil: quietUntil(quietHours, now),
      wanted: push,
    };
  }
}
