import { describe, expect, it } from "vitest";
import { InboxLog, type MarkSelection } from "../../../src/user/inbox/inbox-log.ts";
import { MarkStore } from "../../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;

class InboxForTest {
  readonly #database = new SqliteForTest();
  inbox: InboxLog;

  constructor(limit = 100) {
    this.inbox = this.#start(limit);
  }

  restart(limit: number): void {
    this.inbox = this.#start(limit);
  }

  add(id: string, more: { topic?: string; expiresAt?: number; message?: string } = {}): number {
    const input = { id, title: id, message: "", priority: "medium" as const, data: "null", ...more };
    return this.inbox.add(input, false, NOW).seq;
  }

  fill(from: number, to: number): void {
    for (let i = from; i <= to; i++) this.add(`n${i}`);
  }

  mark(target: MarkSelection, state: "seen" | "read" | "archived") {
    return this.inbox.mark(target, state, NOW);
  }

  /** `id state` of what is listed. */
  list(query: Parameters<InboxLog["list"]>[0] = {}, now = NOW): string[] {
    return this.inbox.list(query, now).events.map((json) => {
      const { id, state } = JSON.parse(json);
      return `${id} ${state}`;
    });
  }

  replay(after: number, limit?: number) {
    const page = this.inbox.eventsAfter(after, null, NOW, limit);
    return { ...page, events: page.events.map((json) => JSON.parse(json)) };
  }

  #start(limit: number): InboxLog {
    const store = new NotificationStore(this.#database, limit, "epoch1");
    return new InboxLog(store, new MarkStore(this.#database.sql));
  }
}

describe("notifications", () => {
  it("[U2] with the same id are stored once", () => {
    const test = new InboxForTest();
    expect([test.add("a"), test.add("b"), test.add("a")]).toEqual([1, 2, 1]);
    expect(test.inbox.head).toBe(2);
  });

  it("[U6] beyond INBOX_LIMIT are removed, and floor is the highest removed seq", () => {
    const test = new InboxForTest(10);
    test.fill(1, 10);
    expect(test.inbox.floor).toBe(0);
    test.mark({ all: true }, "seen");
    test.fill(11, 25);
    expect(test.inbox.floor).toBe(16);
    expect(test.list()).toEqual(Array.from({ length: 10 }, (_, i) => `n${16 + i} unseen`));
    for (const limit of [10, 20, 5, 50]) {
      test.restart(limit);
      expect([limit, test.inbox.head, test.list().length]).toEqual([
        limit,
        26,
        limit === 10 || limit === 20 ? 10 : 5,
      ]);
      expect(test.inbox.floor).toBe(limit === 10 || limit === 20 ? 16 : 21);
    }
    test.fill(26, 80);
    expect(test.list({ limit: 200 })).toHaveLength(50);
    test.restart(50);
    expect([test.inbox.head, test.list().at(-1)]).toEqual([81, "n80 unseen"]);
  });

  it("[U6] never share a seq, although the row that recorded the last one is removed", () => {
    const test = new InboxForTest(10);
    test.fill(1, 10);
    test.mark({ ids: ["n1"] }, "read");
    test.restart(5);
    expect(test.inbox.head).toBe(11);
    expect(test.add("next")).toBe(12);
  });

  it("[U9] that expired appear in no event, nor in a mark in a replay", () => {
    const test = new InboxForTest();
    test.add("a", { expiresAt: NOW + 1_000 });
    test.mark({ ids: ["a"] }, "seen");
    expect(test.inbox.eventsAfter(1, null, NOW).events).toHaveLength(1);
    expect(test.inbox.eventsAfter(1, null, NOW + 1_000).events).toEqual([]);
  });

  it("[U6] are found from the newest on, wherever the ring stands", () => {
    for (let count = 1; count <= 25; count++) {
      const test = new InboxForTest(8);
      test.fill(1, count);
      test.restart(8);
      expect([count, test.inbox.head, test.list().at(-1)]).toEqual([count, count, `n${count} unseen`]);
      expect(test.inbox.floor).toBe(Math.max(0, count - 8));
    }
  });

  it("[U9] that expired are not listed, replayed or counted", () => {
    const test = new InboxForTest();
    test.add("a", { expiresAt: NOW + 1_000 });
    test.add("b");
    expect([test.inbox.unread(NOW), test.list().length]).toEqual([2, 2]);
    const later = NOW + 1_000;
    expect([test.inbox.unread(later), test.list({}, later)]).toEqual([1, ["b unseen"]]);
    expect(test.inbox.eventsAfter(0, null, later).events).toHaveLength(1);
    expect(test.inbox.mark({ ids: ["a"] }, "read", later).event).toBeUndefined();
  });

  it("[U8] reach a session if its topics match; all are counted", () => {
    const test = new InboxForTest();
    test.add("a", { topic: "builds" });
    test.add("b", { topic: "builds.failed" });
    test.add("c");
    expect(test.list({ topics: ["builds"] })).toEqual(["a unseen", "b unseen"]);
    expect(test.inbox.eventsAfter(0, ["builds"], NOW).events).toHaveLength(2);
    expect(test.inbox.unread(NOW)).toBe(3);
  });
});

describe("marks", () => {
  it("[U4] move forward only, and are sent only if something changed", () => {
    const test = new InboxForTest();
    test.fill(1, 3);
    const read = test.mark({ ids: ["n1", "n2", "unknown"] }, "read");
    expect(JSON.parse(read.event ?? "")).toEqual({
      ...{ type: "notificationUpdated", seq: 4, at: NOW, ids: ["n1", "n2"], state: "read", unread: 1 },
    });
    expect(test.mark({ ids: ["n1"] }, "seen")).toEqual({ unread: 1 });
    expect(test.mark({ all: true }, "seen").event).toContain('"upTo":4');
    expect(test.list()).toEqual(["n1 read", "n2 read", "n3 seen"]);
    expect(test.mark({ all: true }, "seen").event).toBeUndefined();
    expect(test.mark({ upTo: 2 }, "archived").event).toContain('"upTo":2');
    expect(test.list()).toEqual(["n3 seen"]);
    expect(test.list({ state: "archived" })).toEqual(["n1 archived", "n2 archived"]);
    expect(test.mark({ ids: ["n1"] }, "read").event).toBeUndefined();
  });

  it("[U5] keep unread equal to what is neither read nor archived, after any sequence of marks and restarts", () => {
    const test = new InboxForTest(20);
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let step = 0; step < 400; step++) {
      const state = (["seen", "read", "archived"] as const)[random(3)] ?? "seen";
      const what = random(6);
      if (what < 3) test.add(`n${step}`);
      else if (what === 3) test.mark({ ids: [`n${random(step)}`, `n${random(step)}`] }, state);
      else if (what === 4) test.mark({ upTo: Math.max(0, test.inbox.head - random(20)) }, state);
      else test.restart(20);
      const all = [...test.list({ limit: 200 }), ...test.list({ limit: 200, state: "archived" })];
      const unread = all.filter((entry) => /unseen|seen/.test(entry)).length;
      expect([step, test.inbox.unread(NOW)]).toEqual([step, unread]);
    }
  });

  it("[U5] do not count a notification that retention removed", () => {
    const test = new InboxForTest(3);
    test.fill(1, 5);
    expect(test.inbox.unread(NOW)).toBe(3);
  });

  it("[U7] are in a replay: each notification comes once in its current state, then marks of older ones, in order", () => {
    const test = new InboxForTest();
    test.fill(1, 3);
    test.mark({ ids: ["n1"] }, "read");
    test.add("n5");
    test.mark({ upTo: 2 }, "seen");
    test.mark({ ids: ["n5"] }, "archived");
    expect(test.replay(3).events).toMatchObject([
      { type: "notificationUpdated", seq: 4, ids: ["n1"], state: "read", unread: 2 },
      { type: "notification", seq: 5, id: "n5", state: "archived", unread: 2 },
      { type: "notificationUpdated", seq: 6, upTo: 2, state: "seen" },
    ]);
    expect(test.replay(3)).toMatchObject({ seq: 7, more: false });
    expect(test.replay(7)).toEqual({ events: [], seq: 7, more: false });
  });

  it("[U7] come page by page in a long replay", () => {
    const test = new InboxForTest(1_000);
    test.fill(1, 25);
    expect(test.replay(5, 10)).toMatchObject({ seq: 15, more: true });
    expect(test.replay(15, 10)).toMatchObject({ seq: 25, more: false });
    expect(test.replay(15, 9)).toMatchObject({ seq: 24, more: true });
  });

  it("[U3] do not make a cursor valid that is beyond retention, of another epoch or above head", () => {
    const test = new InboxForTest(10);
    test.fill(1, 15);
    const how = (since: string | undefined) => test.inbox.recover(since).recovery;
    expect([undefined, "epoch1.5", "epoch1.15", "epoch1.4", "epoch1.16", "other.10", "x"].map(how)).toEqual([
      ...["none", "complete", "complete", "lost", "lost", "lost", "lost"],
    ]);
  });
});
