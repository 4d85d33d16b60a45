import { describe, expect, it } from "vitest";
import type { Topics, WebhookEvent } from "../../../src/protocol/index.ts";
import { InboxLog } from "../../../src/user/inbox/inbox-log.ts";
import { MarkStore } from "../../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { InboxWebhooks } from "../../../src/user/inbox-webhooks.ts";
import type { WebhookOutcome } from "../../../src/webhooks/attempts.ts";
import { SqliteForTest } from "../../support/sqlite.ts";
import { failed, TOLD } from "../../support/webhook-world.ts";

class InboxWorld {
  readonly database = new SqliteForTest();
  readonly events: WebhookEvent[] = [];
  readonly lost: unknown[] = [];
  readonly #ids = new Set<string>();
  readonly #topics: Topics;
  now = 1_790_000_000_000;
  outcome: WebhookOutcome = TOLD;
  inbox: InboxLog;
  webhooks: InboxWebhooks;

  constructor(topics: Topics = null) {
    this.#topics = topics;
    [this.inbox, this.webhooks] = this.#start(10);
  }

  restart(limit = 10): void {
    [this.inbox, this.webhooks] = this.#start(limit);
  }

  notify(id: string, topic?: string): void {
    const input = { id, title: "t", message: '"at":7', priority: "medium", topic, data: "[1]" } as const;
    this.inbox.add(input, false, this.now);
    this.webhooks.note(this.now);
  }

  tell(): void {
    for (;;) {
      const step = this.webhooks.next(this.now);
      if (step.kind === "nothing" || step.kind === "alarm") return;
      if (step.kind === "pause") this.now += step.ms;
      else {
        const { events }: { events: WebhookEvent[] } = JSON.parse(step.batch.body);
        if (this.outcome.kind === "told") this.#keep(events);
        this.webhooks.settle(step.batch, this.outcome, this.now);
      }
    }
  }

  #keep(events: readonly WebhookEvent[]): void {
    for (const event of events) {
      if (!this.#ids.has(event.id)) this.events.push(event);
      this.#ids.add(event.id);
    }
  }

  get told(): string[] {
    return this.events.map((event) =>
      event.type === "notification.stored" ? event.notification.id : `${event.type}`,
    );
  }

  #start(limit: number): [InboxLog, InboxWebhooks] {
    const inbox = new InboxLog(
      new NotificationStore(this.database, limit, "e1"),
      new MarkStore(this.database.sql),
    );
    const webhooks = new InboxWebhooks("ada", this.database.sql, inbox, this.#topics, {
      random: () => 0.5,
      lost: (reason, count) => this.lost.push({ reason, count }),
    });
    return [inbox, webhooks];
  }
}

describe("webhooks of an inbox", () => {
  it("[Z82] tell each notification once, in order and as it is now", () => {
    const world = new InboxWorld();
    world.notify("n1");
    world.notify("n2");
    world.inbox.mark({ ids: ["n1"] }, "read", world.now);
    world.tell();
    world.notify("n3");
    world.restart();
    world.tell();
    expect(world.events).toMatchObject([
      {
        ...{ id: "user/ada/e1/1", type: "notification.stored", at: world.now, user: { id: "ada" } },
        notification: { type: "notification", seq: 1, id: "n1", state: "read", data: [1] },
      },
      { notification: { id: "n2", state: "unseen" } },
      { notification: { id: "n3" } },
    ]);
  });

  it("[Z82] follow the topics: one without a topic is told where none are chosen", () => {
    const world = new InboxWorld(["task"]);
    world.notify("n1");
    world.notify("n2", "task.done");
    world.notify("n3", "chat");
    world.tell();
    expect(world.told).toEqual(["n2"]);
  });

  it("[Z82] begin with what comes after they were switched on", () => {
    const world = new InboxWorld();
    world.inbox.add({ id: "old", title: "t", message: "m", priority: "medium", data: "1" }, false, world.now);
    world.restart();
    world.notify("new");
    world.restart();
    world.tell();
    expect(world.told).toEqual(["new"]);
  });

  it("[Z83] outlast a receiver that is down, as far as the inbox reaches, and say what is lost", () => {
    const world = new InboxWorld();
    world.outcome = failed();
    for (let n = 1; n <= 25; n++) {
      world.notify(`n${n}`);
      world.tell();
      world.now += 60_000;
    }
    world.restart();
    world.outcome = TOLD;
    world.now += 300_000;
    world.tell();
    const lost = world.events.flatMap((event) => (event.type === "events.lost" ? [event.count] : []));
    const count = lost.reduce((sum, one) => sum + one, 0);
    // At least: the start has forgotten what was lost after the last attempt.
    expect(count).toBeGreaterThanOrEqual(12);
    expect(count).toBeLessThanOrEqual(15);
    expect(world.events[0]).toMatchObject({ reason: "overflow", user: { id: "ada" } });
    expect(world.told.filter((id) => id.startsWith("n"))).toEqual(
      Array.from({ length: 10 }, (_, n) => `n${n + 16}`),
    );
  });

  it("[Z83] say so if a smaller INBOX_LIMIT drops what was not told", () => {
    const world = new InboxWorld();
    world.outcome = failed();
    for (let n = 1; n <= 8; n++) world.notify(`n${n}`);
    world.tell();
    world.restart(3);
    world.notify("n9");
    world.outcome = TOLD;
    world.now += 300_000;
    world.tell();
    expect(world.told).toEqual(["events.lost", "n7", "n8", "n9"]);
  });

  it("[Z83] give up what is a day old", () => {
    const world = new InboxWorld();
    world.outcome = failed();
    world.notify("n1");
    world.tell();
    world.now += 86_400_000;
    world.notify("n2");
    world.outcome = TOLD;
    world.tell();
    expect(world.told).toEqual(["events.lost", "n2"]);
    expect(world.lost).toEqual([{ reason: "expired", count: 1 }]);
  });
});
