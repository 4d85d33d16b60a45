// A room without a runtime, its alarm, and a back end that is told what happens: time, failures and crashes are the test's.

import type { WebhookEvent, WebhookEventType } from "../../src/protocol/index.ts";
import { WEBHOOK_BODY, WEBHOOK_EVENT_TYPES } from "../../src/protocol/index.ts";
import type { RoomWebhooks } from "../../src/room/webhooks.ts";
import { check } from "../../src/validation/check.ts";
import { validator } from "../../src/validation/validator.ts";
import type { WebhookOutcome } from "../../src/webhooks/attempts.ts";
import { safetyAlarm } from "../../src/webhooks/safety-alarm.ts";
import { RoomForTest, type RoomTestSettings } from "./room-for-test.ts";

export interface WorldSettings extends Omit<RoomTestSettings, "webhooks"> {
  readonly events?: readonly WebhookEventType[];
  readonly topics?: readonly string[];
}

/** `lost`: the receiver took it, and its answer did not arrive. */
export type Reception = WebhookOutcome | "lost";

export const TOLD: WebhookOutcome = { kind: "told" };
export const failed = (more: Partial<Extract<WebhookOutcome, { kind: "failed" }>> = {}): WebhookOutcome => ({
  ...{ kind: "failed", why: "answered 503", retryAfterMs: 0, isRefusal: false },
  ...more,
});

const BODY = validator(WEBHOOK_BODY);

export class WebhookWorld {
  readonly test: RoomForTest;
  /** Each event that the receiver took, once, in the order in which it came first. */
  readonly events: WebhookEvent[] = [];
  /** The ids of each request. */
  readonly requests: (readonly string[])[] = [];
  /** When each request came. */
  readonly times: number[] = [];
  readonly bytes: number[] = [];
  alarmAt: number | null = null;
  /** How often the alarm went off. */
  alarms = 0;
  /** What becomes of a request. */
  receive: (events: readonly WebhookEvent[]) => Reception = () => TOLD;
  /** Whether the object dies while a request is under way. */
  dies: () => boolean = () => false;
  readonly #ids = new Set<string>();

  constructor({ events = WEBHOOK_EVENT_TYPES, topics, ...settings }: WorldSettings = {}) {
    const webhooks = { events: new Set(events), topics: topics ?? null };
    this.test = new RoomForTest({ ...settings, webhooks });
  }

  get webhooks(): RoomWebhooks {
    const { webhooks } = this.test.room;
    if (webhooks === undefined) throw new Error("webhooks are off");
    return webhooks;
  }

  get now(): number {
    return this.test.now;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** As the runtime does after each flush: the alarm, and then what waits. */
  settle(): void {
    this.test.flush();
    this.secure();
    this.tell();
  }

  /** In the turn of a flush. */
  secure(): void {
    const at = safetyAlarm(this.webhooks, this.alarmAt, this.now);
    if (at !== null && at < (this.alarmAt ?? Number.POSITIVE_INFINITY)) this.alarmAt = at;
  }

  /** Sends until nothing waits but for the alarm. */
  tell(): void {
    for (;;) {
      const step = this.webhooks.next(this.now);
      if (step.kind === "nothing" || step.kind === "alarm") break;
      if (step.kind === "pause") {
        this.test.now += step.ms;
        continue;
      }
      const reception = this.#arrive(step.batch.body);
      if (this.dies()) {
        this.crash();
        return;
      }
      this.webhooks.settle(
        step.batch,
        reception === "lost" ? failed({ why: "TypeError" }) : reception,
        this.now,
      );
      this.secure();
    }
    this.secure();
  }

  /** Time passes, and the alarm goes off when it is due. In the end something happens in the room. */
  pass(ms: number): void {
    this.wait(ms);
    this.settle();
  }

  /** Time passes, and nothing but the alarm wakes the room. */
  wait(ms: number): void {
    const end = this.now + ms;
    while (this.alarmAt !== null && this.alarmAt <= end) {
      this.test.now = Math.max(this.now, this.alarmAt);
      this.goOff();
    }
    this.test.now = Math.max(this.now, end);
  }

  goOff(): void {
    this.alarmAt = null;
    this.alarms += 1;
    this.test.room.sweepOnAlarm(this.now);
    this.settle();
    // As `sweepDueAt` plans it.
    const { connections } = this.test.room.life(this.now);
    const sweepAt = this.now + 15 * 60_000;
    if (connections >= 2 && sweepAt < (this.alarmAt ?? Number.POSITIVE_INFINITY)) this.alarmAt = sweepAt;
  }

  /** All sockets are gone. What was written is there. */
  crash(): void {
    this.test.restart("crash");
  }

  sleep(): void {
    this.test.restart("hibernate");
  }

  #arrive(body: string): Reception {
    const checked = check(BODY, JSON.parse(body));
    if (!checked.ok) throw new Error(checked.refusal.message);
    const { events } = checked.value;
    this.requests.push(events.map(({ id }) => id));
    this.times.push(this.now);
    this.bytes.push(new TextEncoder().encode(body).length);
    const reception = this.receive(events);
    if (reception === "lost" || reception.kind === "told") this.#keep(events);
    return reception;
  }

  #keep(events: readonly WebhookEvent[]): void {
    for (const event of events) {
      if (this.#ids.has(event.id)) continue;
      this.#ids.add(event.id);
      this.events.push(event);
    }
  }
}
