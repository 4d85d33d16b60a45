// Random sequences of notifies, marks, expiries, restarts and reconnects, against a model that keeps everything in a
// list: the counts and lists of the inbox, and what each device holds after its events.

import { describe, expect, it } from "vitest";
import { InboxState } from "../../../client/inbox/inbox-state.ts";
import {
  NOTIFICATION_STATES,
  type NotificationEvent,
  type NotificationState,
  type NotificationUpdated,
  type SessionConnected,
  stateRank,
} from "../../../src/protocol/index.ts";
import { InboxLog, type MarkSelection } from "../../../src/user/inbox/inbox-log.ts";
import { MarkStore } from "../../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const STEPS = 250;
const STARTED_AT = 1_790_000_000_000;

interface Known {
  readonly id: string;
  readonly seq: number;
  readonly muted: boolean;
  readonly expiresAt: number | undefined;
  state: NotificationState;
}

/** The simplest model, in memory and without an object. */
class Model {
  known: Known[] = [];
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  alive(now: number): Known[] {
    return this.known.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now);
  }

  unread(now: number): number {
    return this.alive(now).filter(({ state, muted }) => !muted && stateRank(state) < stateRank("read"))
      .length;
  }

  add(entry: Known): void {
    this.known = [...this.known, entry].slice(-this.limit);
  }

  /** Whether anything changed. */
  mark(target: MarkSelection, state: NotificationState, now: number): boolean {
    const meant = this.alive(now).filter(
      ({ id, seq, state: old }) =>
        ("ids" in target ? target.ids.includes(id) : "all" in target || seq <= target.upTo) &&
        stateRank(old) < stateRank(state),
    );
    for (const entry of meant) entry.state = state;
    return meant.length > 0;
  }
}

/** A device of the user, with the client's own fold. */
class Device {
  readonly state = new InboxState();
  online = false;
  #cursor: string | undefined;

  /** As `GET /v1/connect` answers; a long answer page by page. */
  connect(inbox: InboxLog, now: number): void {
    const { recovery, after } = inbox.recover(this.#cursor);
    const greeting = { floor: inbox.floor, unread: inbox.unread(now), at: now };
    this.state.begin(greeting as SessionConnected, recovery === "complete" ? "kept" : "lost");
    if (recovery === "complete") {
      let page = inbox.eventsAfter(after, null, now, 7);
      this.#hearAll(page.events, now);
      while (page.more) {
        page = inbox.eventsAfter(page.seq, null, now, 7);
        this.#hearAll(page.events, now);
      }
    } else this.#hearAll(inbox.latest(null, 200, now), now);
    this.#cursor = `${inbox.epoch}.${inbox.head}`;
    this.online = true;
  }

  hear(json: string, inbox: InboxLog, now: number): void {
    if (!this.online) return;
    this.#hearAll([json], now);
    this.#cursor = `${inbox.epoch}.${inbox.head}`;
  }

  held(now: number): string[] {
    this.state.dropExpired(now);
    return this.state.notifications.map(({ id, state }) => `${id} ${state}`);
  }

  #hearAll(events: readonly string[], now: number): void {
    for (const json of events) {
      const event: NotificationEvent | NotificationUpdated = JSON.parse(json);
      if (event.type === "notification") this.state.onNotification(event, now);
      else this.state.onUpdated(event, now);
    }
  }
}

function randomFrom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function play(seed: number): void {
  const random = randomFrom(seed);
  const database = new SqliteForTest();
  const model = new Model(5 + random(20));
  const devices = [new Device(), new Device(), new Device()];
  let now = STARTED_AT;
  const start = () =>
    new InboxLog(new NotificationStore(database, model.limit, "e1"), new MarkStore(database.sql));
  let inbox = start();
  let added = 0;

  const tell = (json: string) => {
    for (const device of devices) {
      device.hear(json, inbox, now);
      if (device.online) expect(device.state.unread).toBe(model.unread(now));
    }
  };
  const notify = () => {
    const repeated = added > 0 && random(6) === 0;
    const id = `n${repeated ? added - random(Math.min(added, 30)) : ++added}`;
    const muted = random(5) === 0;
    const expiresAt = random(4) === 0 ? now + 1 + random(4_000) : undefined;
    const fields = { title: id, message: "", priority: "medium", data: "null" } as const;
    const result = inbox.add({ id, ...fields, ...(expiresAt && { expiresAt }) }, muted, now);
    const there = model.known.find((known) => known.id === id);
    expect("duplicate" in result).toBe(there !== undefined);
    if ("duplicate" in result) expect(result.seq).toBe(there?.seq);
    else {
      model.add({ id, seq: result.seq, muted, expiresAt, state: "unseen" });
      if (!muted) tell(result.event);
    }
  };
  const mark = () => {
    const ids = Array.from({ length: 1 + random(3) }, () => `n${random(added + 2)}`);
    const targets: MarkSelection[] = [{ ids }, { ids }, { upTo: random(inbox.head + 3) }, { all: true }];
    const target = targets[random(random(4) === 0 ? 4 : 3)] ?? { ids };
    const state = NOTIFICATION_STATES[random(4)] ?? "seen";
    const { event, unread } = inbox.mark(target, state, now);
    const changed = model.mark(target, state, now);
    expect(event !== undefined).toBe(changed);
    expect(unread).toBe(model.unread(now));
    if (event !== undefined) tell(event);
  };
  const connect = () => {
    const device = devices[random(devices.length)];
    if (device?.online) device.online = false;
    else device?.connect(inbox, now);
  };
  const restart = () => {
    for (const device of devices) device.online = false;
    if (random(4) === 0) {
      model.limit = 5 + random(20);
      model.known = model.known.slice(-model.limit);
    }
    database.closeStatements();
    inbox = start();
  };
  const steps = [notify, notify, notify, notify, mark, mark, mark, connect, connect, restart];

  for (let step = 0; step < STEPS; step++) {
    now += random(3) * 300;
    (steps[random(steps.length)] ?? notify)();
    // Expired notifications are removed, as long as retention has removed nothing.
    for (const device of devices) {
      if (!device.online || added > model.limit) continue;
      device.state.dropExpired(now);
      expect([seed, step, device.state.unread]).toEqual([seed, step, model.unread(now)]);
    }
    // Not in every step: counts must be right later too if nothing asked for them.
    if (random(2) === 0) expect([seed, step, inbox.unread(now)]).toEqual([seed, step, model.unread(now)]);
  }
  const all = model.alive(now);
  const listed = (state?: NotificationState) =>
    inbox.list({ limit: 200, ...(state && { state }) }, now).events.map((json) => {
      const { id, state, muted = false } = JSON.parse(json);
      return { id, state, muted };
    });
  const told = all.map(({ id, state, muted }) => ({ id, state, muted }));
  expect(listed()).toEqual(told.filter(({ state }) => state !== "archived"));
  for (const state of NOTIFICATION_STATES)
    expect(listed(state)).toEqual(told.filter((entry) => entry.state === state));
  const heard = told.filter(({ state, muted }) => state !== "archived" && !muted).toReversed();
  for (const device of devices) {
    device.connect(inbox, now);
    expect([seed, device.held(now)]).toEqual([seed, heard.map(({ id, state }) => `${id} ${state}`)]);
    expect(device.state.unread).toBe(model.unread(now));
  }
}

describe("all devices", () => {
  const seeds = Array.from({ length: 15 }, (_, at) => at + 1);

  it.each(seeds)("[U11][U33] hold the same states and the same total after any sequence (seed %i)", play);
});
