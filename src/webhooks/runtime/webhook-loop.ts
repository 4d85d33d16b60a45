// Sends what waits for the back end, one batch at a time, while the object is awake anyway. What failed is left to the
// alarm.

import type { WebhooksConfig } from "../../config/webhooks-config.ts";
import { log } from "../../log/log.ts";
import type { ObjectAlarm } from "../../object/object-alarm.ts";
import type { WebhookOutcome } from "../attempts.ts";
import type { NextStep, WebhookBatch } from "../outbox.ts";
import { type Safeguarded, safetyAlarm } from "../safety-alarm.ts";
import { postWebhook } from "./post-webhook.ts";

/** The webhooks of a room, or of an inbox. */
export interface WebhookRules<Mark> extends Safeguarded {
  readonly tries: number;
  next(now: number): NextStep<Mark>;
  settle(batch: WebhookBatch<Mark>, outcome: WebhookOutcome, now: number): void;
}

export interface WebhookSurroundings {
  readonly ctx: Pick<DurableObjectState, "waitUntil">;
  readonly alarm: ObjectAlarm;
  /** For the log. */
  readonly of: { readonly room: string } | { readonly user: string };
  /** Whether nothing may be read to be sent, such as while a log is imported. The flush after that goes on. */
  isHeld?(): boolean;
}

export interface WebhookLoop {
  /** Has to be awaited before something may become untold: from then on the alarm can be set in one turn with it. */
  beforeFlush(): Promise<void>;
  /** Something may have become untold in this turn. */
  flushed(): void;
  /** Others take its place: nothing is sent, and what comes of a request that is under way is not written. */
  end(): void;
}

/** `undefined` if the settings name no back end. */
export function webhookLoop<Mark>(
  config: WebhooksConfig | undefined,
  rules: WebhookRules<Mark> | undefined,
  surroundings: WebhookSurroundings,
): WebhookLoop | undefined {
  return config && rules && new Loop(config, rules, surroundings);
}

class Loop<Mark> implements WebhookLoop {
  readonly #config: WebhooksConfig;
  readonly #rules: WebhookRules<Mark>;
  readonly #surroundings: WebhookSurroundings;
  #isRunning = false;
  #isEnded = false;

  constructor(config: WebhooksConfig, rules: WebhookRules<Mark>, surroundings: WebhookSurroundings) {
    this.#config = config;
    this.#rules = rules;
    this.#surroundings = surroundings;
  }

  beforeFlush(): Promise<void> {
    return this.#surroundings.alarm.known();
  }

  end(): void {
    this.#isEnded = true;
  }

  flushed(): void {
    if (this.#isEnded || !this.#rules.needsAlarm) return;
    this.#setAlarm(Date.now());
    if (this.#isRunning || !this.#rules.isPending) return;
    this.#isRunning = true;
    this.#surroundings.ctx.waitUntil(this.#run());
  }

  async #run(): Promise<void> {
    try {
      // What a request tells must be durable: the output gate holds it until then. What this turn still does goes along.
      await scheduler.wait(0);
      while (await this.#step());
    } catch (error) {
      this.#isRunning = false;
      log("webhook_failed", { ...this.#surroundings.of, error });
    }
  }

  /** Whether to go on. */
  async #step(): Promise<boolean> {
    if (this.#isEnded || this.#surroundings.isHeld?.()) {
      this.#isRunning = false;
      return false;
    }
    const step = this.#rules.next(Date.now());
    switch (step.kind) {
      case "nothing":
      case "alarm":
        // In this turn, so that the next flush begins anew.
        this.#isRunning = false;
        return false;
      case "pause":
        await scheduler.wait(step.ms);
        return true;
      case "send": {
        const outcome = await postWebhook(this.#config, step.batch.body);
        if (this.#isEnded) return false;
        const now = Date.now();
        const { tries } = this.#rules;
        this.#rules.settle(step.batch, outcome, now);
        this.#setAlarm(now);
        this.#report(outcome, step.batch.count, tries);
        return true;
      }
    }
  }

  /** In the turn of its caller, if the alarm is known. */
  #setAlarm(now: number): void {
    const { alarm, ctx } = this.#surroundings;
    ctx.waitUntil(alarm.by(safetyAlarm(this.#rules, alarm.at ?? null, now)));
  }

  /** The first failure of several, each sixteenth, and the end of them. `before`: how many there were. */
  #report(outcome: WebhookOutcome, events: number, before: number): void {
    const { of } = this.#surroundings;
    const { tries } = this.#rules;
    if (outcome.kind === "told") {
      if (before > 0) log("webhook_again", { ...of, events, tries: before });
    } else if (tries % 16 === 1) log("webhook_later", { ...of, why: outcome.why, events, tries });
  }
}
