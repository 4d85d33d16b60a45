// Scheduled messages: who may do what with them, and what becomes of them when they are due.

import { describe, expect, it } from "vitest";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import {
  accept,
  type Outcome,
  parseJson,
  type Refusal,
  refuse,
  reject,
} from "../../../src/protocol/index.ts";
import { DueMessages } from "../../../src/room/due-messages.ts";
import type { Asked } from "../../../src/room/ruling.ts";
import type { ScheduleInput, SchedulePatch } from "../../../src/room/schedule.ts";
import { RoomForTest, type RoomTestSettings } from "../../support/room-for-test.ts";

const IN_MS = 60_000;
const DAY_MS = 86_400_000;

interface Answers {
  /** Why the user's object says that the token does not count. */
  readonly judge?: () => Refusal | undefined;
  readonly authorize?: (actor: Actor) => Outcome<Actor>;
  /** What the back end says of what is said. */
  readonly ask?: (actor: Actor, data: string) => Outcome<Asked | undefined>;
  /** Runs while the questions are under way. */
  readonly meanwhile?: () => void;
}

class Stage {
  readonly test: RoomForTest;
  asked = 0;

  constructor(settings: RoomTestSettings = {}) {
    this.test = new RoomForTest(settings);
  }

  user(id: string, more: Partial<Actor> & { issuedAt?: number } = {}): Actor {
    const { issuedAt = this.test.now, ...actor } = more;
    const identity = {
      kind: "user",
      user: { id, name: id.toUpperCase() },
      issuedAt,
      expiresAt: this.test.now + 3_600_000,
    } as const;
    return { identity, permission: "write", ...actor };
  }

  add(actor: Actor, id: string, more: Partial<ScheduleInput> = {}) {
    const input = { id, data: `"${id}"`, sendAt: this.test.now + IN_MS, ...more };
    return this.test.call(actor, (turn) => this.test.room.time.schedule.add(actor, input, turn));
  }

  change(actor: Actor, patch: SchedulePatch): Outcome<unknown> {
    const outcome = this.test.call(actor, (turn) => this.test.room.time.schedule.change(actor, patch, turn));
    return outcome.ok ? accept(parseJson(outcome.value)) : outcome;
  }

  cancel(actor: Actor, id: string) {
    return this.test.call(actor, () => this.test.room.time.schedule.cancel(actor, id));
  }

  listed(actor: Actor = SERVER): unknown[] {
    const outcome = this.test.call(actor, (turn) => this.test.room.time.schedule.list(actor, turn));
    return outcome.ok ? outcome.value.map(parseJson) : [outcome.refusal];
  }

  purge(): void {
    this.test.call(SERVER, (turn) => this.test.room.moderation.purge(SERVER, turn));
  }

  /** Lets time pass, and does what the runtime does with what is due then. */
  async later(ms: number, { judge, authorize, ask, meanwhile }: Answers = {}): Promise<void> {
    this.test.later(ms);
    const due = this.test.effects.splice(0).flatMap((effects) => effects.due);
    if (due.length === 0) return;
    this.asked += due.length;
    const dueMessages = new DueMessages({
      judge: async () => judge?.(),
      authorize: async (identity) => {
        const actor: Actor = { identity, permission: "write" };
        return authorize === undefined ? accept(actor) : authorize(actor);
      },
      ask: async (actor, input) => (ask === undefined ? accept(undefined) : ask(actor, input.data)),
      settle: async (verdicts) => {
        meanwhile?.();
        this.test.call(SERVER, (turn) => accept(this.test.room.time.schedule.judged(verdicts, turn)));
      },
      failed: (error) => this.test.faults.push(error),
    });
    await dueMessages.take(due);
  }

  get wakeAt() {
    return this.test.room.life(this.test.now).wakeAt;
  }
}

const codeOf = (outcome: Outcome<unknown>) => (outcome.ok ? "ok" : outcome.refusal);

describe("a scheduled message", () => {
  it("[Z10] is private until it is sent, then it is its author's, and who it mentions is notified", async () => {
    const stage = new Stage();
    const [ada, bo] = [stage.user("ada"), stage.test.join("bo")];
    expect(stage.add(ada, "m", { mentions: ["cy"] })).toEqual(
      accept({ id: "m", sendAt: stage.test.now + IN_MS }),
    );
    expect([stage.test.log.head, stage.wakeAt]).toEqual([0, stage.test.now + IN_MS]);
    await stage.later(IN_MS - 1);
    expect(bo.socket.ofType("message")).toEqual([]);
    await stage.later(1);
    expect(bo.socket.ofType("message")).toMatchObject([
      { id: "m", from: { id: "ada", name: "ADA" }, event: "chat", data: "m", at: stage.test.now },
    ]);
    expect(stage.test.effects.flatMap(({ mentions }) => mentions)).toMatchObject([{ user: "cy", seq: 1 }]);
    expect([stage.listed(), stage.wakeAt]).toEqual([[], null]);
  });

  it("[Z11] is seen, changed and cancelled by its author and by server code, and by nobody else", () => {
    const stage = new Stage();
    const [ada, bo] = [stage.user("ada"), stage.user("bo")];
    stage.add(ada, "m");
    stage.add(SERVER, "s", { from: { id: "ada" } });
    expect(stage.listed(ada)).toMatchObject([{ id: "m", from: { id: "ada" } }]);
    expect(stage.listed()).toMatchObject([{ id: "m" }, { id: "s", byServer: true }]);
    expect(stage.listed(bo)).toEqual([]);
    for (const [actor, id] of [
      [bo, "m"],
      [ada, "s"],
      [ada, "none"],
    ] as const) {
      expect(codeOf(stage.change(actor, { id, data: "1" }))).toMatchObject({ code: "not_found" });
      expect(codeOf(stage.cancel(actor, id))).toMatchObject({ code: "not_found" });
    }
    expect(stage.change(SERVER, { id: "m", data: '"new"' })).toMatchObject({ value: { data: "new" } });
    expect(stage.cancel(SERVER, "s").ok).toBe(true);
    expect(stage.change(ada, { id: "m", sendAt: stage.test.now + 1 })).toMatchObject({
      value: { sendAt: stage.test.now + 1, data: "new" },
    });
    expect(stage.cancel(ada, "m").ok).toBe(true);
    expect(stage.listed()).toEqual([]);
  });

  it("[Z11] takes the permission to write", () => {
    const stage = new Stage();
    const reader = stage.user("ada", { permission: "read" });
    expect(codeOf(stage.add(reader, "m"))).toMatchObject({ code: "forbidden" });
    expect(stage.listed(reader)).toMatchObject([{ code: "forbidden" }]);
  });

  it("[Z12] is scheduled once under its id, also after it was sent, of each author by themselves", async () => {
    const stage = new Stage();
    const ada = stage.user("ada");
    const sendAt = stage.test.now + IN_MS;
    stage.add(ada, "m");
    expect(stage.add(ada, "m", { sendAt: sendAt + 5 })).toEqual(accept({ id: "m", sendAt, duplicate: true }));
    expect(stage.add(stage.user("bo"), "m")).toEqual(accept({ id: "m", sendAt }));
    await stage.later(IN_MS);
    stage.test.restart("crash");
    expect(stage.add(ada, "m")).toEqual(accept({ id: "m", sendAt: stage.test.now, duplicate: true }));
    await stage.later(2 * IN_MS);
    expect(stage.test.log.head).toBe(2);
  });

  it("[Z13] is checked at once, and a refusal names the field", () => {
    const stage = new Stage({ messageBytes: 10, serverEvents: ["task"] });
    const ada = stage.user("ada");
    const [far, now] = [31_536_000_000, stage.test.now];
    expect(codeOf(stage.add(ada, "m", { sendAt: now + far + 1 }))).toMatchObject({
      ...{ code: "bad_request", path: ["sendAt"] },
    });
    expect(codeOf(stage.add(ada, "m", { data: '"12345678901"' }))).toMatchObject({
      ...{ code: "too_large", path: ["data"] },
    });
    expect(codeOf(stage.add(ada, "m", { event: "task" }))).toMatchObject({
      ...{ code: "forbidden", path: ["event"] },
    });
    expect(codeOf(stage.add(ada, "m", { replyTo: 9 }))).toMatchObject({
      ...{ code: "not_found", path: ["replyTo"] },
    });
    expect(stage.add(ada, "m", { sendAt: now + far }).ok).toBe(true);
    expect(codeOf(stage.change(ada, { id: "m", sendAt: now + far + 1 }))).toMatchObject({ path: ["sendAt"] });
    expect(codeOf(stage.change(ada, { id: "m", data: '"12345678901"' }))).toMatchObject({ path: ["data"] });
  });

  it("[Z13] is one of at most 100 of a user, 1,000 of a room, and of some mebibytes", () => {
    const stage = new Stage({ messageBytes: 262_144 });
    const ada = stage.user("ada");
    for (let n = 0; n < 100; n++) expect(stage.add(ada, `m${n}`).ok).toBe(true);
    expect(codeOf(stage.add(ada, "more"))).toMatchObject({ code: "too_large", path: ["sendAt"] });
    expect(stage.add(ada, "m0")).toMatchObject({ value: { duplicate: true } });
    for (let n = 0; n < 900; n++) expect(stage.add(SERVER, `s${n}`).ok).toBe(true);
    expect(codeOf(stage.add(SERVER, "more"))).toMatchObject({ code: "too_large", path: ["sendAt"] });
    for (let n = 0; n < 100; n++) stage.cancel(SERVER, `m${n}`);
    const data = JSON.stringify("x".repeat(200_000));
    const sizes = [0, 1, 2, 3, 4, 5].map((n) => stage.add(ada, `b${n}`, { data }).ok);
    expect(sizes).toEqual([true, true, true, true, true, false]);
  });
});

describe("a scheduled message that is due", () => {
  const REFUSALS: [string, (stage: Stage, ada: Actor) => void, string][] = [
    [
      "whose author is banned",
      ({ test }) =>
        test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user: "ada", banSeconds: 99 }, turn)),
      "banned",
    ],
    [
      "whose token was revoked",
      ({ test }) =>
        test.room.moderation.revoke("ada", { upTo: test.now + 60_000, undatedUpTo: 0 }, { now: test.now }),
      "token_expired",
    ],
  ];

  it.each(REFUSALS)("[Z14] %s is not sent, and listed with its error for a week", async (_, happen, code) => {
    const stage = new Stage();
    const ada = stage.user("ada");
    stage.add(ada, "m");
    happen(stage, ada);
    await stage.later(IN_MS);
    expect(stage.test.log.head).toBe(0);
    expect(stage.listed()).toMatchObject([{ id: "m", data: "m", error: { code } }]);
    expect(stage.test.effects.flatMap(({ journal }) => journal)).toMatchObject([
      { kind: "refused", command: "scheduled", user: "ada" },
    ]);
    await stage.later(7 * DAY_MS - 1);
    expect(stage.listed()).toHaveLength(1);
    await stage.later(1);
    expect([stage.listed(), stage.asked]).toEqual([[], 1]);
  });

  it("[Z14] is sent when it is changed after it was refused, with the new token of its author", async () => {
    const stage = new Stage();
    stage.add(stage.user("ada"), "m");
    stage.test.room.moderation.revoke(
      "ada",
      { upTo: stage.test.now + 60_000, undatedUpTo: 0 },
      { now: stage.test.now },
    );
    await stage.later(IN_MS + 120_000);
    expect(stage.listed()).toMatchObject([{ error: { code: "token_expired" } }]);
    const again = stage.user("ada");
    expect(stage.change(again, { id: "m", sendAt: 0 })).toMatchObject({ value: { sendAt: 0 } });
    await stage.later(0);
    expect([stage.test.log.head, stage.listed()]).toEqual([1, []]);
  });

  it("[Z15] has the permission of its token, or what the back end says then", async () => {
    const stage = new Stage();
    stage.add(stage.user("ada"), "own");
    await stage.later(IN_MS, { authorize: () => reject(refuse("forbidden", "no")) });
    expect(stage.test.log.head).toBe(1);
    const asked = stage.user("ada", { permissionUntil: stage.test.now + 1_000 });
    stage.add(asked, "asked");
    await stage.later(IN_MS, { authorize: (actor) => accept({ ...actor, permission: "read" }) });
    expect(stage.test.log.head).toBe(1);
    expect(stage.listed()).toMatchObject([{ id: "asked", error: { code: "forbidden" } }]);
  });

  it("[Z15] is judged by the back end before it is stored, also where its token has expired", async () => {
    const stage = new Stage();
    const ada = stage.user("ada");
    const sendAt = stage.test.now + 2 * 3_600_000;
    for (const id of ["changed", "refused", "unknown"]) stage.add(ada, id, { sendAt });
    const ask = ({ identity }: Actor, data: string): Outcome<Asked | undefined> => {
      expect(identity.kind === "user" && identity.expiresAt > stage.test.now).toBe(true);
      if (data === '"changed"') return accept({ ruling: { data: '"***"', flag: "checked" } });
      return reject(
        data === '"refused"' ? refuse("forbidden", "not here") : refuse("overloaded", "no answer"),
      );
    };
    await stage.later(sendAt - stage.test.now, { ask });
    expect([stage.test.log.head, stage.test.log.find(1)]).toMatchObject([
      1,
      { data: '"***"', meta: { id: "changed", flag: "checked", from: { id: "ada" } } },
    ]);
    const listed = [...stage.listed()].toSorted();
    expect(listed).toHaveLength(2);
    expect(listed).toContainEqual(
      expect.objectContaining({ id: "refused", error: { code: "forbidden", message: "not here" } }),
    );
    await stage.later(5_000, { ask: () => accept({}) });
    expect([stage.test.log.head, stage.listed().length]).toEqual([2, 1]);
  });

  it("[Z15] waits for slow mode and the rate, and is sent then", async () => {
    const stage = new Stage();
    const ada = stage.user("ada");
    const slow = { slowModeMs: 30_000 };
    stage.test.call(SERVER, (turn) => stage.test.room.moderation.configure(SERVER, slow, turn));
    stage.add(ada, "m1");
    stage.add(ada, "m2");
    await stage.later(IN_MS);
    expect([stage.test.log.head, stage.wakeAt]).toEqual([1, stage.test.now + 30_000]);
    await stage.later(29_999);
    expect(stage.test.log.head).toBe(1);
    await stage.later(1);
    expect([stage.test.log.head, stage.listed()]).toEqual([2, []]);
  });

  it("[Z15] pays its user's rate when it is sent, and waits for it", async () => {
    const stage = new Stage({ ratePerSecond: 1, rateBurst: 3 });
    const ada = stage.user("ada");
    const sendAt = stage.test.now + IN_MS;
    for (const id of ["m1", "m2"]) stage.add(ada, id, { sendAt, mentions: ["bo"] });
    await stage.later(IN_MS);
    expect([stage.test.log.head, stage.wakeAt]).toEqual([1, stage.test.now + 1_000]);
    await stage.later(1_000);
    expect([stage.test.log.head, stage.listed()]).toEqual([2, []]);
  });

  it("[Z16] is tried again for a day while nobody can be asked, with jitter, also over sleeps", async () => {
    const stage = new Stage();
    const judge = () => refuse("overloaded", "try again", { retryAfterMs: 1_000 });
    stage.add(stage.user("ada"), "m");
    await stage.later(IN_MS, { judge });
    const first = stage.test.now;
    // `random` is 0.5 there: three quarters of 5 s, and then twice as long each time.
    expect(stage.wakeAt).toBe(first + 3_750);
    await stage.later(3_750, { judge });
    expect(stage.wakeAt).toBe(stage.test.now + 7_500);
    for (let n = 0; n < 10; n++) await stage.later(300_000, { judge });
    expect(stage.wakeAt).toBe(stage.test.now + 225_000);
    expect(stage.listed()).toEqual([expect.not.objectContaining({ error: expect.anything() })]);
    stage.test.restart("crash");
    await stage.later(first + DAY_MS - stage.test.now, { judge });
    expect(stage.listed()).toMatchObject([{ error: { code: "overloaded", message: "try again" } }]);
    expect([stage.test.log.head, stage.wakeAt]).toEqual([0, stage.test.now + 7 * DAY_MS]);
  });

  it("[Z16] is sent as soon as the back end answers again", async () => {
    const stage = new Stage();
    stage.add(stage.user("ada"), "m");
    await stage.later(IN_MS, { judge: () => refuse("overloaded", "try again") });
    await stage.later(3_750);
    expect([stage.test.log.head, stage.listed()]).toEqual([1, []]);
  });

  it("[Z17] that was changed or cancelled while it was asked about is what it is by then", async () => {
    const stage = new Stage();
    const ada = stage.user("ada");
    stage.add(ada, "cancelled");
    stage.add(ada, "changed");
    stage.add(ada, "later");
    const sendAt = stage.test.now + 3 * IN_MS;
    const meanwhile = () => {
      stage.cancel(ada, "cancelled");
      stage.change(ada, { id: "changed", data: '"new"' });
      stage.change(ada, { id: "later", sendAt });
    };
    await stage.later(IN_MS, { meanwhile });
    expect(stage.test.log.head).toBe(0);
    await stage.later(0);
    expect([stage.test.log.head, stage.test.log.find(1)?.data]).toEqual([1, '"new"']);
    expect(stage.listed()).toMatchObject([{ id: "later", sendAt }]);
  });

  it("[Z17] is asked about again a minute later if nothing came of it", async () => {
    const stage = new Stage();
    stage.add(stage.user("ada"), "m");
    stage.test.later(IN_MS);
    expect([stage.test.effects.splice(0).flatMap(({ due }) => due).length, stage.wakeAt]).toEqual([
      1,
      stage.test.now + 60_000,
    ]);
    stage.test.later(59_999);
    expect(stage.test.effects.splice(0).flatMap(({ due }) => due)).toEqual([]);
    await stage.later(1);
    expect(stage.test.log.head).toBe(1);
  });

  it("[Z17] is sent once, whatever breaks off", async () => {
    const stage = new Stage();
    const ada = stage.user("ada");
    stage.add(ada, "m");
    // The room ends while it asks.
    const crash = () => {
      stage.test.restart("crash");
      throw new Error("the object ended");
    };
    await stage.later(IN_MS, { meanwhile: crash });
    expect([stage.test.log.head, stage.test.faults.splice(0).length]).toEqual([0, 1]);
    // The message is stored, but its row stays.
    stage.test.database.failOn = /DELETE FROM scheduled/;
    await stage.later(0);
    expect([stage.test.log.head, stage.listed().length, stage.test.faults.length]).toEqual([1, 1, 1]);
    stage.test.database.failOn = undefined;
    stage.test.restart("crash");
    await stage.later(0);
    expect([stage.test.log.head, stage.listed()]).toEqual([1, []]);
  });

  it("[Z18] of the past is sent at once; a room is kept while one waits, and a purge takes them too", async () => {
    const stage = new Stage();
    stage.add(SERVER, "late", { sendAt: 5 });
    await stage.later(0);
    expect(stage.test.log.head).toBe(1);
    stage.purge();
    expect(stage.test.isKept).toBe(false);
    stage.add(SERVER, "m");
    expect(stage.test.isKept).toBe(true);
    stage.test.restart("crash");
    expect([stage.test.isKept, stage.wakeAt]).toEqual([true, stage.test.now + IN_MS]);
    stage.purge();
    expect([stage.listed(), stage.test.isKept, stage.wakeAt]).toEqual([[], false, null]);
    await stage.later(IN_MS);
    expect(stage.test.log.head).toBe(0);
  });

  it("[Z18] come 100 to a flush, in the order of their times", async () => {
    const stage = new Stage({ historyLimit: 500 });
    for (let n = 0; n < 150; n++) stage.add(SERVER, `m${n}`, { sendAt: stage.test.now + IN_MS - n });
    await stage.later(IN_MS);
    expect([stage.test.log.head, stage.test.log.find(1)?.meta.id]).toEqual([100, "m149"]);
    await stage.later(0);
    expect([stage.test.log.head, stage.test.log.find(150)?.meta.id]).toEqual([150, "m0"]);
  });
});

describe("a scheduled message that was imported", () => {
  const restored = (stage: Stage, isAsked: boolean) => {
    const { now, room } = stage.test;
    const waiting = { id: "m", event: "chat", from: { id: "ada" }, data: 1, sendAt: now + IN_MS, at: now };
    room.time.schedule.restore(waiting, now, isAsked);
  };

  it("[Z165] is sent as the back end permits when it is due", async () => {
    const stage = new Stage();
    restored(stage, true);
    const asked: unknown[] = [];
    const authorize = (actor: Actor) => {
      asked.push(actor.identity);
      return accept<Actor>({ ...actor, permission: "read" });
    };
    await stage.later(IN_MS, { authorize });
    expect(asked).toMatchObject([{ kind: "user", user: { id: "ada" } }]);
    expect(stage.test.log.head).toBe(0);
    expect(stage.listed()).toMatchObject([{ id: "m", error: { code: "forbidden" } }]);
  });

  it("[Z165] is sent without a question where the back end does not decide", async () => {
    const stage = new Stage();
    restored(stage, false);
    const authorize = () => reject(refuse("internal", "nobody is to be asked"));
    await stage.later(IN_MS, { authorize });
    expect(stage.test.log.head).toBe(1);
  });
});
