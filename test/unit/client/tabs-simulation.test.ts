// Tabs of two users in one room, in seeded worlds: tabs open, close, die, hide, and stand still with and without a word;
// connections break, the room sleeps and crashes. In the end every tab holds the log, each heard each message at most once
// and in order, each send is stored once, and each user has one connection. What tabs write while others read it is at any
// moment the beginning of what was written. SEEDS_FROM and SEEDS select other seeds.

import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../../client/index.ts";
import { loadAnswers } from "../../../client/room/streams/answers.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import { isRecord } from "../../../src/protocol/index.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";

const { SEEDS = 12, SEEDS_FROM = 1 } = process.env;
const STEPS = 120;
const MAX_TABS = 6;

class TabsInTime {
  readonly world: WorldOfTabs;
  readonly random: SeededRandom;
  /** What became of each text. */
  readonly fates = new Map<string, "waiting" | "gone" | number>();
  sayings = 0;
  /** By the name of each answer: what was written, and by what. */
  readonly said = new Map<string, string>();
  readonly answers = new Map<string, { readonly tab: OpenTab; readonly answer: Answer }>();
  readonly ended = new Set<string>();
  /** Texts that were shown and not written. */
  readonly wrong: string[] = [];

  constructor(seed: number, historyLimit: number) {
    const random = seededRandom(seed);
    this.random = new SeededRandom(random);
    this.world = new WorldOfTabs({ historyLimit }, random);
    for (const user of ["ada", "ada", "ada", "bo"]) this.watch(this.world.open({ user }));
  }

  async step(): Promise<void> {
    const { world, random } = this;
    const { alive } = world;
    const tab = random.pick(alive);
    const roll = random.next();
    if (tab === undefined || (roll < 0.06 && alive.length < MAX_TABS)) this.open();
    else if (roll < 0.35) this.send(tab);
    else if (roll < 0.4) this.change(tab);
    else if (roll < 0.43) tab.room.markRead().catch(() => {});
    else if (roll < 0.46) tab.room.signal("cursor", { x: roll });
    else if (roll < 0.5) tab.room.setPresence({ status: random.pick(["online", "away", "busy"] as const) });
    else if (roll < 0.56) tab.tab.look(random.next() < 0.5);
    else if (roll < 0.62) random.any(world.wires)?.cut();
    else if (roll < 0.66) this.freeze(tab);
    else if (roll < 0.72) this.resume();
    else if (roll < 0.75 && alive.length > 2) this.end(tab);
    else if (roll < 0.77) this.restart();
    else if (roll < 0.79) tab.room.reconnect();
    else if (roll < 0.86) this.write(tab);
    else if (roll < 0.92) await world.clock.advance(random.upTo(50));
    else if (roll < 0.97) await world.settle();
    else await world.pass(random.upTo(4_000));
  }

  /** A room does not sleep before it has written what was appended. */
  restart(): void {
    const { room } = this.world;
    const maySleep = room.room.streams.dueAt(room.now) === null;
    room.restart(this.random.next() < 0.5 && maySleep ? "hibernate" : "crash");
  }

  open(): void {
    const { random } = this;
    const history = random.pick([0, 5, 50] as const);
    const user = random.next() < 0.8 ? "ada" : "bo";
    this.watch(this.world.open({ user, isVisible: random.next() < 0.6, room: { history } }));
  }

  watch({ room }: OpenTab): void {
    room.subscribe(() => {
      for (const { seq, data } of room.messages) {
        if (seq === undefined || !isRecord(data) || typeof data.text !== "string") continue;
        if (!this.said.get(String(data.name))?.startsWith(data.text)) this.wrong.push(`${seq}: ${data.text}`);
      }
    });
  }

  /** Begins an answer in this tab, or goes on with one. */
  write(tab: OpenTab): void {
    const { random } = this;
    const known = random.any([...this.answers].filter((one) => one[1].tab === tab));
    if (known === undefined) {
      const name = `a${this.said.size + 1}`;
      this.said.set(name, "");
      tab.room.stream({ name, text: "" }).then(
        (answer) => this.answers.set(name, { tab, answer }),
        () => {},
      );
    } else if (random.next() < 0.8) this.append(known[0], known[1].answer);
    else this.finish(known[0], known[1].answer);
  }

  append(name: string, answer: Answer): void {
    const before = this.said.get(name) ?? "";
    const text = `${before.length} `;
    this.said.set(name, before + text);
    try {
      answer.append(text);
    } catch {
      // Its room ended it, or its tab.
      this.said.set(name, before);
      this.answers.delete(name);
    }
  }

  finish(name: string, answer: Answer): void {
    this.answers.delete(name);
    answer.finish().then(
      () => this.ended.add(name),
      () => {},
    );
  }

  send(tab: OpenTab): void {
    const text = `t${++this.sayings}`;
    this.fates.set(text, "waiting");
    tab.room.send(text, { echo: this.random.next() < 0.7 }).then(
      ({ seq }) => this.fates.set(text, seq),
      (error: unknown) => this.fates.set(text, error instanceof RoomsError ? "gone" : "waiting"),
    );
  }

  change(tab: OpenTab): void {
    const message = tab.room.messages.find(({ from, pending }) => from?.id === tab.user && !pending);
    if (message?.seq === undefined) return;
    const change =
      this.random.next() < 0.5
        ? tab.room.react(message.seq, "👍")
        : tab.room.edit(message.seq, `e${message.seq}`);
    change.catch(() => {});
  }

  freeze({ tab }: OpenTab): void {
    if (!tab.standsStill) tab.freeze(this.random.next() < 0.6);
  }

  resume(): void {
    this.world.alive.find(({ tab }) => tab.standsStill)?.tab.resume();
  }

  end(opened: OpenTab): void {
    for (const { data, status } of opened.room.outbox)
      if (status !== "failed" && typeof data === "string") this.fates.set(data, "gone");
    if (this.random.next() < 0.5) opened.tab.close();
    else {
      opened.client.close();
      opened.tab.close();
    }
  }

  async heal(): Promise<void> {
    const { world } = this;
    for (const { tab } of world.alive) if (tab.standsStill) tab.resume();
    for (const { tab } of world.alive) tab.look(true);
    await world.pass(40_000);
    for (const tab of world.alive) this.send(tab);
    for (const [name, { answer }] of this.answers) {
      this.append(name, answer);
      this.finish(name, answer);
    }
    await world.pass(3_000);
  }
}

beforeAll(async () => {
  await loadAnswers();
});

const heldBy = ({ room }: OpenTab) =>
  room.messages.flatMap(({ pending, seq, data, stream }) =>
    pending ? [] : [`${seq} ${stream} ${JSON.stringify(isRecord(data) ? data.text : data)}`],
  );

describe.each([
  { what: "that holds all", historyLimit: 1_000 },
  { what: "that removes old messages", historyLimit: 12 },
])("tabs in a room $what", ({ historyLimit }) => {
  const seeds = Array.from({ length: Number(SEEDS) }, (_, at) => at + Number(SEEDS_FROM));
  it.each(seeds)("[C214][Y95] lose nothing and double nothing (seed %s)", async (seed) => {
    const time = new TabsInTime(seed, historyLimit);
    const { world } = time;
    for (let step = 0; step < STEPS; step++) await time.step();
    await time.heal();
    const stored = world.room.recordedLog.epochs.flatMap(({ messages }) => messages);
    const texts = stored.map(({ body }) => JSON.parse(body).data);
    for (const opened of world.alive) {
      expect(opened.room.state.status).toBe("connected");
      expect(opened.heard).toEqual([...new Set(opened.heard)].sort((a, b) => a - b));
      const held = heldBy(opened);
      const longest = world.alive.map(heldBy).sort((a, b) => b.length - a.length)[0] ?? [];
      expect(held).toEqual(held.length === 0 ? [] : longest.slice(-held.length));
    }
    expect(time.wrong).toEqual([]);
    for (const { room } of world.alive) {
      for (const { data, stream } of room.messages) {
        if (!isRecord(data)) continue;
        const name = String(data.name);
        if (time.ended.has(name)) expect([name, stream]).toEqual([name, "complete"]);
        if (stream === "complete") expect([name, data.text]).toEqual([name, time.said.get(name)]);
      }
    }
    for (const [text, fate] of time.fates) {
      const count = texts.filter((other) => other === text).length;
      if (fate === "waiting") throw new Error(`still waiting: ${text}`);
      if (typeof fate === "number") expect([text, count]).toEqual([text, 1]);
      else expect(count).toBeLessThanOrEqual(1);
    }
    for (const user of new Set(world.alive.map(({ user }) => user))) expect(world.room.opened(user)).toBe(1);
    expect(world.room.faults).toEqual([]);
    for (const { client } of world.alive) client.close();
    await world.settle();
    expect(world.browser.holds).toBe(0);
  });
});
