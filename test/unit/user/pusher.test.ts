// Random sequences of notifies, marks, failures, restarts and changes of preferences: what is sent to a push service
// may be sent there, once and in order; and if nothing prevents it, all of it is sent.

import { describe, expect, it } from "vitest";
import { InboxLog } from "../../../src/user/inbox/inbox-log.ts";
import { MarkStore } from "../../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { PreferenceStore, type PreferencesPatch } from "../../../src/user/inbox/preferences.ts";
import { quietUntil } from "../../../src/user/inbox/quiet-hours.ts";
import type { PushNotification, PushOutcome } from "../../../src/user/push/push.ts";
import { PushStore, type Subscription } from "../../../src/user/push/push-store.ts";
import { Pusher } from "../../../src/user/push/pusher.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const HOUR_MS = 3_600_000;
const DOUBT_MS = 80_000;
const PRIORITIES = ["low", "medium", "high", "urgent"] as const;

function randomFrom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class World {
  readonly database = new SqliteForTest();
  readonly random: (below: number) => number;
  now = 1_790_000_000_000;
  online = false;
  failing = false;
  alarmAt: number | null = null;
  /** The browsers by endpoint: the time of the subscription, and what was sent to it. */
  readonly browsers = new Map<string, { readonly since: number; readonly sent: PushNotification[] }>();
  tries = 0;
  inbox = this.#inbox();
  preferences = new PreferenceStore(this.database.sql);
  subscriptions = new PushStore(this.database.sql);
  pusher = this.#pusher();
  #added = 0;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  restart(): void {
    this.inbox = this.#inbox();
    this.preferences = new PreferenceStore(this.database.sql);
    this.subscriptions = new PushStore(this.database.sql);
    this.pusher = this.#pusher();
  }

  notify(): void {
    const priority = PRIORITIES[this.random(4)] ?? "low";
    const expiresAt = this.random(4) === 0 ? this.now + this.random(4) * HOUR_MS + 1 : undefined;
    const topic = this.random(5) === 0 ? "muted" : "news";
    const id = `n${++this.#added}`;
    const input = {
      id,
      title: id,
      message: "",
      priority,
      topic,
      data: "null",
      ...(expiresAt && { expiresAt }),
    };
    const muted = this.preferences.mutes(input);
    this.inbox.add(input, muted, this.now);
    if (!muted) this.by(this.pusher.dueAt(priority, this.now));
  }

  change(patch: PreferencesPatch): void {
    const before = this.preferences.current;
    this.preferences.change(patch);
    this.by(this.pusher.preferencesChanged(before, patch, this.now));
  }

  mark(): void {
    const ids = [`n${this.random(this.#added + 1)}`];
    this.inbox.mark({ ids }, (["seen", "read", "archived"] as const)[this.random(3)] ?? "read", this.now);
  }

  subscribe(): void {
    const endpoint = `https://push.example/${this.browsers.size}`;
    this.browsers.set(endpoint, { since: this.inbox.head, sent: [] });
    this.subscriptions.put({ endpoint, p256dh: "", auth: "", expiresAt: null }, this.inbox.head, this.now);
  }

  by(at: number | null): void {
    if (at !== null) this.alarmAt = Math.min(at, this.alarmAt ?? at);
  }

  /** Time passes, and the alarm runs whenever it is due. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (let runs = 0; this.alarmAt !== null && this.alarmAt <= until; runs++) {
      expect(runs, "the alarm goes off without end").toBeLessThan(1_000);
      this.now = Math.max(this.now, this.alarmAt);
      this.alarmAt = null;
      this.by(await this.pusher.run());
    }
    this.now = until;
  }

  /** Unseen notifications, each of which every browser subscribed at the time should have received. */
  missing(): string[] {
    return [...this.browsers].flatMap(([endpoint, { since, sent }]) =>
      this.inbox
        .unseenAfter(since, this.now)
        .filter(({ seq }) => !sent.some((push) => push.seq === seq))
        .map(({ id }) => `${endpoint} ${id}`),
    );
  }

  #inbox(): InboxLog {
    return new InboxLog(new NotificationStore(this.database, 1_000, "e1"), new MarkStore(this.database.sql));
  }

  #pusher(): Pusher {
    const { inbox, preferences, subscriptions } = this;
    return new Pusher({
      ...{ inbox, preferences, subscriptions },
      isOnline: () => this.online,
      doubtMs: DOUBT_MS,
      now: () => this.now,
      random: () => this.random(100) / 100,
      allows: () => true,
      send: async (to, notification) => {
        this.tries++;
        // A service answers after a while, and meanwhile other things happen.
        await Promise.resolve();
        return this.#take(to, notification);
      },
    });
  }

  #take({ endpoint }: Subscription, push: PushNotification): PushOutcome {
    const current = this.inbox.find(push.id);
    expect(current).toMatchObject({ state: "unseen", seq: push.seq });
    expect(current?.muted).toBeUndefined();
    expect(current?.expiresAt ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
    const { quietHours, push: wanted } = this.preferences.current;
    expect(wanted).toBe(true);
    if (push.priority !== "urgent") {
      expect([this.online, quietUntil(quietHours, this.now)]).toEqual([false, null]);
    }
    const browser = this.browsers.get(endpoint);
    expect(push.seq).toBeGreaterThan(browser?.since ?? Number.POSITIVE_INFINITY);
    if (this.failing) return { kind: "later", retryAfterMs: this.random(2) * HOUR_MS, why: "test" };
    const lane = browser?.sent.filter(
      ({ priority }) => (priority === "urgent") === (push.priority === "urgent"),
    );
    expect(push.seq).toBeGreaterThan(lane?.at(-1)?.seq ?? 0);
    browser?.sent.push(push);
    return { kind: "sent" };
  }
}

const at = (ms: number) => new Date(ms).toISOString().slice(11, 16);

describe("a push", () => {
  it.each(Array.from({ length: 12 }, (_, n) => n + 1))(
    "[U19][U24] is allowed, and sent once and in order, after any sequence (seed %i)",
    async (seed) => {
      const world = new World(seed);
      world.change({ mutedTopics: ["muted"] });
      world.subscribe();
      const { random } = world;
      const steps = [
        () => world.notify(),
        () => world.notify(),
        () => world.notify(),
        () => world.mark(),
        () => {
          world.online = random(3) === 0;
        },
        () => {
          world.failing = random(3) === 0;
        },
        () => {
          if (world.browsers.size < 4) world.subscribe();
        },
        () => world.restart(),
        () => {
          const from = at(world.now - random(3) * HOUR_MS);
          const to = at(world.now + (1 + random(5)) * HOUR_MS);
          const quietHours = random(2) === 0 ? null : { from, to, timeZone: "UTC" };
          world.change({ quietHours });
        },
        () => world.change({ push: random(3) > 0 }),
      ];
      for (let step = 0; step < 250; step++) {
        steps[random(steps.length)]?.();
        await world.pass(random(3) === 0 ? random(2) * HOUR_MS : random(60) * 1_000);
      }
      expect(world.tries).toBeGreaterThan(10);
    },
  );

  it.each(Array.from({ length: 8 }, (_, n) => n + 1))(
    "[U19][U21] is sent in the end, also if services fail for hours and nights are quiet (seed %i)",
    async (seed) => {
      const world = new World(seed);
      world.change({ mutedTopics: ["muted"] });
      world.subscribe();
      world.subscribe();
      const { random } = world;
      for (let round = 0; round < 5; round++) {
        const night = { from: at(world.now), to: at(world.now + 3 * HOUR_MS), timeZone: "UTC" };
        world.change({ quietHours: random(2) === 0 ? null : night });
        world.failing = random(2) === 0;
        for (let n = 0; n < 15; n++) {
          world.notify();
          if (random(4) === 0) world.mark();
          await world.pass(random(600) * 1_000);
        }
        if (random(2) === 0) world.restart();
        world.failing = false;
        await world.pass(14 * HOUR_MS);
        expect(world.missing()).toEqual([]);
        expect(world.alarmAt).toBeNull();
      }
    },
  );

  it("[U21] is tried at most six times in a day, and never waits forever", async () => {
    const world = new World(1);
    world.subscribe();
    world.failing = true;
    for (let n = 0; n < 5; n++) world.notify();
    await world.pass(24 * HOUR_MS);
    expect(world.tries).toBe(6);
    expect(world.alarmAt).toBeNull();
  });

  it("[U23] to an online user costs an alarm and a row per interval, however many notifications come", async () => {
    const world = new World(3);
    world.subscribe();
    world.online = true;
    const before = world.database.changes;
    let runs = 0;
    const { pusher } = world;
    const run = pusher.run.bind(pusher);
    pusher.run = () => {
      runs++;
      return run();
    };
    for (let n = 0; n < 100; n++) {
      const input = { id: `x${n}`, title: "", message: "", priority: "medium", data: "null" } as const;
      world.inbox.add(input, false, world.now);
      world.by(pusher.dueAt(input.priority, world.now));
      await world.pass(8_000);
    }
    await world.pass(HOUR_MS);
    expect(runs).toBeLessThanOrEqual(11);
    expect(world.database.changes - before - 100).toBeLessThanOrEqual(11);
    expect(world.tries).toBe(0);
  });
});
