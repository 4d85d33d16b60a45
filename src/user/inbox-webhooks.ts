// What the back end is told of an inbox: each notification that is stored. The inbox itself is the outbox, as far as it
// reaches; nothing is written but how far the back end was told.

import { firstRow, type Sql } from "../object/storage/sql.ts";
import { matchesTopics, type Topics, utf8Length } from "../protocol/index.ts";
import type { WebhookOutcome } from "../webhooks/attempts.ts";
import type { LossReason } from "../webhooks/losses.ts";
import {
  type BatchSize,
  GIVE_UP_AFTER_MS,
  instantIn,
  type NextStep,
  type OutboxPorts,
  type StoredOutbox,
  type TakenEvents,
  type WebhookBatch,
  WebhookOutbox,
} from "../webhooks/outbox.ts";
import type { InboxLog } from "./inbox/inbox-log.ts";

/** What is stored in the column `webhooks`. */
interface StoredInboxWebhooks extends StoredOutbox {
  /** The `seq` up to which the back end was told. */
  readonly told: number;
}

export class InboxWebhooks {
  readonly origin: { readonly user: { readonly id: string } };
  readonly #sql: Sql;
  readonly #inbox: InboxLog;
  readonly #topics: Topics;
  readonly #outbox: WebhookOutbox<number>;
  #told: number;
  #isWritten: boolean;
  /** Notifications that newer ones have replaced before the back end was told, and that are not said yet. */
  #lost = 0;

  constructor(user: string, sql: Sql, inbox: InboxLog, topics: Topics, ports: OutboxPorts) {
    this.origin = { user: { id: user } };
    this.#sql = sql;
    this.#inbox = inbox;
    this.#topics = topics;
    const row = firstRow(sql.exec<{ webhooks: string | null }>("SELECT webhooks FROM inbox_state"));
    const stored: StoredInboxWebhooks | undefined =
      row?.webhooks == null ? undefined : JSON.parse(row.webhooks);
    this.#isWritten = stored !== undefined;
    // An inbox that webhooks are new to is told of from now on.
    this.#told = stored?.told ?? inbox.newestSeq;
    this.#outbox = new WebhookOutbox<number>(this, stored ?? {}, ports);
    // With a smaller `INBOX_LIMIT` the start has dropped some.
    if (this.#told < inbox.floor) this.#pass(inbox.floor);
    inbox.keptBy(({ seq, topic }) => {
      if (seq > this.#told && this.#wants(topic)) this.#pass(seq);
    });
  }

  get isBehind(): boolean {
    return this.#told < this.#inbox.newestSeq;
  }

  get isPending(): boolean {
    return this.#outbox.isPending;
  }

  /** Whether a crash must not leave the inbox without an alarm. */
  get needsAlarm(): boolean {
    return this.isPending;
  }

  get tries(): number {
    return this.#outbox.tries;
  }

  wakeAt(now: number): number | null {
    return this.#outbox.retryAt(now);
  }

  /** A notification was stored: writes down what has to be known after a crash. */
  note(now: number): void {
    const isLoss = this.#outbox.isWorthSaying("overflow", this.#lost);
    if (isLoss) this.#sayLost(now);
    if (isLoss || (!this.#isWritten && this.isPending)) this.#outbox.save();
  }

  next(now: number): NextStep<number> {
    return this.#outbox.next(now);
  }

  settle(batch: WebhookBatch<number>, outcome: WebhookOutcome, now: number): void {
    this.#sayLost(now);
    this.#outbox.settle(batch, outcome, now);
  }

  take(size: BatchSize, now: number): TakenEvents<number> {
    const events: string[] = [];
    let [mark, bytes, expired] = [this.#told, 0, 0];
    for (const { seq, topic, json: notification } of this.#inbox.storedAfter(this.#told)) {
      if (this.#wants(topic)) {
        const at = instantIn(notification);
        const json = this.#encode(seq, at, notification);
        const isOld = now - at >= GIVE_UP_AFTER_MS;
        const isNeither = isOld ? events.length > 0 : expired > 0;
        bytes += isOld ? 0 : utf8Length(json) + 1;
        const isFull = events.length === size.events || (bytes > size.bytes && events.length > 0);
        if (isNeither || isFull) return { events, mark, more: true, expired };
        if (isOld) expired++;
        else events.push(json);
      }
      mark = seq;
    }
    return { events, mark, more: false, expired };
  }

  told(seq: number): void {
    this.#told = Math.max(this.#told, seq);
  }

  write(outbox: StoredOutbox): void {
    const stored: StoredInboxWebhooks = { told: this.#told, ...outbox };
    this.#sql.exec("UPDATE inbox_state SET webhooks = ?", JSON.stringify(stored));
    this.#isWritten = true;
  }

  lossId(reason: LossReason, now: number): string {
    return this.#nameOf(`lost.${reason}.${now}`);
  }

  #sayLost(now: number): void {
    this.#outbox.lose("overflow", this.#lost, now);
    this.#lost = 0;
  }

  #pass(seq: number): void {
    this.#lost++;
    this.#told = seq;
  }

  #wants(topic: string | null): boolean {
    return this.#topics === null || (topic !== null && matchesTopics(this.#topics, topic));
  }

  #nameOf(place: string): string {
    return `user/${this.origin.user.id}/${this.#inbox.epoch}/${place}`;
  }

  /** By hand, as `data` may be nested deeper than the engine encodes. */
  #encode(seq: number, at: number, notification: string): string {
    const event = { id: this.#nameOf(String(seq)), type: "notification.stored", at, ...this.origin };
    return `${JSON.stringify(event).slice(0, -1)},"notification":${notification}}`;
  }
}
