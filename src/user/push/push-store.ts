// The SQL of push subscriptions: where to push, and how far each has come. Pushes wait in the inbox itself: the row of
// a subscription has its position, and a push is no row.

import type { Sql } from "../../object/storage/sql.ts";
import type { PushAddress } from "./push.ts";

export interface Subscription extends PushAddress {
  /** When the subscription ends, by the browser, in milliseconds. */
  readonly expiresAt: number | null;
  readonly madeAt: number;
  /** Everything up to this `seq` is done. Urgent ones do not wait for the others, and have their own position. */
  readonly done: number;
  readonly doneUrgent: number;
  /** Failures in a row. */
  readonly tries: number;
  readonly retryAt: number | null;
}

export type Progress = Pick<Subscription, "done" | "doneUrgent" | "tries" | "retryAt">;

export type NewSubscription = PushAddress & Pick<Subscription, "expiresAt">;

type Row = {
  endpoint: string;
  p256dh: string;
  auth: string;
  expires_at: number | null;
  made_at: number;
  done: number;
  done_urgent: number;
  tries: number;
  retry_at: number | null;
};

const MAX_SUBSCRIPTIONS = 20;
/** A page subscribes at each visit. That it still does is written at most this often. */
const REFRESH_AFTER_MS = 86_400_000;

export class PushStore {
  readonly #sql: Sql;
  /** By endpoint; read when first needed. */
  #known: Map<string, Subscription> | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get all(): readonly Subscription[] {
    return [...this.#subscriptions().values()];
  }

  find(endpoint: string): Subscription | undefined {
    return this.#subscriptions().get(endpoint);
  }

  /** Adds a subscription, which gets pushes after `head`. If there are too many, the oldest is removed. */
  put(added: NewSubscription, head: number, now: number): void {
    const known = this.find(added.endpoint);
    if (known !== undefined && isSame(known, added) && now - known.madeAt < REFRESH_AFTER_MS) return;
    const progress = known ?? { done: head, doneUrgent: head, tries: 0, retryAt: null };
    const subscription = { ...progress, ...added, madeAt: now };
    this.#write(subscription);
    const oldest = this.all.toSorted((a, b) => a.madeAt - b.madeAt);
    for (const { endpoint } of oldest.slice(0, -MAX_SUBSCRIPTIONS)) this.remove(endpoint);
  }

  remove(endpoint: string): void {
    if (!this.#subscriptions().delete(endpoint)) return;
    this.#sql.exec("DELETE FROM push_subscription WHERE endpoint = ?", endpoint);
  }

  /** Removes all subscriptions. */
  clear(): void {
    for (const { endpoint } of this.all) this.remove(endpoint);
  }

  /** Writes the progress, if it has changed and the subscription still exists. */
  settle(endpoint: string, progress: Progress): void {
    const known = this.find(endpoint);
    if (known === undefined) return;
    const moved = { ...known, ...progress };
    const fields = ["done", "doneUrgent", "tries", "retryAt"] as const;
    if (fields.some((field) => moved[field] !== known[field])) this.#write(moved);
  }

  #write(subscription: Subscription): void {
    const { endpoint, p256dh, auth, expiresAt, madeAt, done, doneUrgent, tries, retryAt } = subscription;
    this.#sql.exec(
      "INSERT OR REPLACE INTO push_subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      endpoint,
      p256dh,
      auth,
      expiresAt,
      madeAt,
      done,
      doneUrgent,
      tries,
      retryAt,
    );
    this.#subscriptions().set(endpoint, subscription);
  }

  #subscriptions(): Map<string, Subscription> {
    this.#known ??= new Map(
      Array.from(this.#sql.exec<Row>("SELECT * FROM push_subscription"), (row) => [
        row.endpoint,
        {
          endpoint: row.endpoint,
          p256dh: row.p256dh,
          auth: row.auth,
          expiresAt: row.expires_at,
          madeAt: row.made_at,
          done: row.done,
          doneUrgent: row.done_urgent,
          tries: row.tries,
          retryAt: row.retry_at,
        },
      ]),
    );
    return this.#known;
  }
}

const isSame = (a: NewSubscription, b: NewSubscription): boolean =>
  a.p256dh === b.p256dh && a.auth === b.auth && a.expiresAt === b.expiresAt;
