// Pushes what waits in the inbox to each subscription of the user, in order. It is run from the alarm, and says when
// to run it again. How a push is sent is passed in.

import { mapBounded } from "../../object/bounded.ts";
import type { Inbox, NotificationInput } from "../inbox/inbox.ts";
import { sooner } from "../inbox/notification-row.ts";
import type { PreferenceStore } from "../inbox/preferences.ts";
import { quietUntil } from "../inbox/quiet-hours.ts";
import type { PushNotification, PushOutcome } from "./push.ts";
import { type Circumstances, judge, MAX_TRIES, waitAfter } from "./push-rules.ts";
import type { Progress, PushStore, Subscription } from "./push-store.ts";

/** Pushes of several that come together go out together. */
const GATHER_MS = 1_000;
const SUBSCRIPTIONS_AT_ONCE = 5;
/** To one subscription in a row; the rest waits for the next alarm, a second later. */
const MAX_IN_A_ROW = 20;

export interface PusherPorts {
  readonly inbox: Inbox;
  readonly subscriptions: PushStore;
  readonly preferences: PreferenceStore;
  isOnline(): boolean;
  /** How long a session may be open of which nobody has heard. */
  readonly doubtMs: number;
  now(): number;
  random(): number;
  /** Never rejects. */
  send(to: Subscription, notification: PushNotification): Promise<PushOutcome>;
  /** Whether pushes may go there still, as settings change. */
  allows(endpoint: string): boolean;
}

type Lane = "done" | "doneUrgent";

export class Pusher {
  readonly #ports: PusherPorts;

  constructor(ports: PusherPorts) {
    this.#ports = ports;
  }

  /** When to run for a notification that was just stored; `null`: not for this one. */
  dueAt(notification: NotificationInput, now: number): number | null {
    const subscriptions = this.#ports.subscriptions.all;
    if (subscriptions.length === 0 || this.#ports.preferences.mutes(notification)) return null;
    const { priority } = notification;
    const verdict = judge({ priority, state: "unseen", at: now }, this.#circumstances(now), now);
    if (verdict.kind === "drop") return null;
    const gatherMs = priority === "urgent" ? 0 : GATHER_MS;
    const at = verdict.kind === "send" ? now + gatherMs : verdict.until;
    return Math.max(at, Math.min(...subscriptions.map(({ retryAt }) => retryAt ?? 0)));
  }

  /** What came while nobody wanted pushes is not sent afterwards. */
  skip(): void {
    const { inbox, subscriptions } = this.#ports;
    const done = inbox.head;
    for (const { endpoint } of subscriptions.all) {
      subscriptions.settle(endpoint, { done, doneUrgent: done, tries: 0, retryAt: null });
    }
  }

  /** Answers when to run again; `null`: nothing waits. */
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
    // A lane in which nothing waits is done with whatever there is.
    const reached = (lane: Lane) => (waits[lane] === null ? Math.max(progress[lane], head) : progress[lane]);
    subscriptions.settle(endpoint, { ...progress, done: reached("done"), doneUrgent: reached("doneUrgent") });
    return sooner(waits.done, waits.doneUrgent);
  }

  /** `progress` is left out where nobody is there any more. */
  async #pushAll(subscription: Subscription): Promise<{
    readonly progress?: Progress;
    /** By lane, until when its next one waits. */
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
      // As it is now: while the last one was sent it may have been read, or a device may have come.
      const current = inbox.find(id);
      const verdict = current && judge(current, this.#circumstances(now()), now());
      if (verdict?.kind === "wait") {
        waits[lane] = verdict.until;
        continue;
      }
      if (current !== undefined && verdict?.kind === "send") {
        // Taken away while the last one was on its way.
        if (subscriptions.find(endpoint) === undefined) return { waits };
        if (sent === MAX_IN_A_ROW) return { progress, waits: { done: now(), doneUrgent: now() } };
        sent++;
        const outcome = await send(subscription, current);
        if (outcome.kind === "gone") return { waits };
        if (outcome.kind === "later") {
          const tries = progress.tries + 1;
          // For a day nobody could be reached there: what waited is no news any more.
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
