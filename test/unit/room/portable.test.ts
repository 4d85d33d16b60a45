// What a room exports, another one imports: with the same messages, receipts, bans and settings. The name of a failing
// test contains its seed; SEEDS_FROM and SEEDS select others.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import { accept } from "../../../src/protocol/index.ts";
import { eraseBatch } from "../../../src/room/portable/user-erasure.ts";
import { exportOf, importInto, type Line, parsed } from "../../support/portable-room.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const { SEEDS: COUNT = 40, SEEDS_FROM = 1 } = process.env;
const SEEDS = Array.from({ length: Number(COUNT) }, (_, index) => Number(SEEDS_FROM) + index);
const LIMITS = [1, 2, 3, 7, 31, 100];
const USERS = ["ada", "bo", "cy"];
const DATA: readonly unknown[] = [
  null,
  1,
  "text",
  { text: "a", n: [1, 2.5] },
  ["…", "👍", '"quoted"'],
  { constructor: 1 },
];

const publish = (test: RoomForTest, from: string | null, id: string, data: string) =>
  test.call(SERVER, (turn) =>
    test.room.publisher.publish(
      SERVER,
      { id, event: "chat", data, keyed: true, ...(from !== null && { from: { id: from, name: from } }) },
      turn,
    ),
  );

const asServer: Actor = SERVER;

/** Does something at random, as users and server code do. */
function act(test: RoomForTest, people: readonly Person[], random: SeededRandom, step: number): void {
  const person = random.pick(people);
  const { log } = test.room;
  const seq = random.upTo(log.head + 1);
  const roll = random.next();
  const id = `m${step}`;
  if (roll < 0.4) person.send(id, random.pick(DATA), { event: random.pick(["chat", "task"]) });
  else if (roll < 0.5) publish(test, random.pick([null, ...USERS]), id, JSON.stringify(random.pick(DATA)));
  else if (roll < 0.6) person.ask({ id, type: "edit", seq, data: random.pick(DATA) });
  else if (roll < 0.65) person.ask({ id, type: "delete", seq });
  else if (roll < 0.8) person.ask({ id, type: "react", seq, emoji: random.pick(["👍", "🎉"]), op: "add" });
  else if (roll < 0.85) person.ask({ id, type: "read", seq });
  else if (roll < 0.88)
    person.send(id, { text: "so" }, { event: "answer", stream: true, mentions: [random.pick(USERS)] });
  else if (roll < 0.91)
    person.ask({ id, type: "append", seq: test.room.streams.seqs[0] ?? 1, n: 1, text: " far" });
  else if (roll < 0.94)
    test.call(asServer, (turn) =>
      test.room.moderation.kick(asServer, { user: `u${step}`, banSeconds: 60 + step, reason: "r" }, turn),
    );
  else if (roll < 0.97)
    test.call(asServer, (turn) =>
      test.room.moderation.configure(
        asServer,
        random.pick([{ maxAgentTurns: step }, { historyLimit: random.pick(LIMITS) }, {}]),
        turn,
      ),
    );
  else test.later(random.upTo(2_000));
}

/** Without what an import may change: the name of the room, its epoch, and when the export was made. */
const same = (lines: readonly string[]): Line[] =>
  parsed(lines).map((line) => (line.type === "room" ? { ...line, room: "", epoch: "", at: 0 } : line));

/** As a replay has them. The text of an open message is in memory, and checked with the exports. */
const eventsAfter = ({ log }: RoomForTest, after: number): Line[] =>
  parsed(log.eventsAfter(after, null, { limit: 1_000, maxBytes: 1_000_000 }).events).map((event) =>
    event.stream === "open" ? { ...event, data: null, n: 0 } : event,
  );

function roomAfter(random: SeededRandom): RoomForTest {
  const test = new RoomForTest({ historyLimit: random.pick(LIMITS) });
  const people = USERS.map((user) => test.join(user));
  for (let step = random.upTo(120); step > 0; step--) act(test, people, random, step);
  return test;
}

describe("an import of an export", () => {
  it.each(SEEDS)("[Z150] gives the room that was exported: seed %i", (seed) => {
    const random = new SeededRandom(seededRandom(seed));
    const test = roomAfter(random);
    const lines = exportOf(test);
    const copy = new RoomForTest({ historyLimit: random.pick([100, 1_000]), isRecorded: false });
    copy.now = test.now;
    expect(importInto(copy, lines)).toBeUndefined();
    expect(copy.faults).toEqual([]);
    const again = exportOf(copy);
    expect(same(again)).toEqual(same(lines));
    // The same log to whom asks.
    expect(copy.log.floor).toBe(test.log.floor);
    expect(copy.log.head).toBe(test.log.head);
    for (let after = test.log.floor; after <= test.log.head; after++) {
      expect(eventsAfter(copy, after)).toEqual(eventsAfter(test, after));
      for (const user of USERS)
        expect(copy.log.countUnread(after, user)).toBe(test.log.countUnread(after, user));
    }
    for (let seq = 0; seq <= test.log.head + 1; seq++)
      expect(copy.log.find(seq)?.meta.seq).toBe(test.log.find(seq)?.meta.seq);
    expect(copy.room.streams.seqs).toEqual(test.room.streams.seqs);
    // And it goes on.
    const ada = copy.join("ada");
    ada.send("new", "after the import");
    expect(copy.log.head).toBe(test.log.head + 1);
    copy.restart("crash");
    expect(copy.log.head).toBe(test.log.head + 1);
  });
});

describe("an export that something happens to", () => {
  it("[Z152] has what was changed meanwhile, which only an import with a new epoch takes", () => {
    const test = new RoomForTest({ historyLimit: 2_000 });
    const ada = test.join("ada");
    for (let n = 0; n < 1_200; n++) ada.say({ type: "send", id: `m${n}`, data: n });
    test.flush();
    let pages = 0;
    const lines = exportOf(test, () => {
      if (++pages !== 2) return;
      ada.ask({ id: "e", type: "edit", seq: 1_100, data: "edited" });
      ada.ask({ id: "d", type: "delete", seq: 1_150 });
      ada.send("late");
    });
    const parsedLines = parsed(lines);
    expect(parsedLines[0]).toMatchObject({ head: 1_200 });
    expect(parsedLines[1_100]).toMatchObject({ message: { seq: 1_100, data: "edited", changed: 1_201 } });
    expect(parsedLines.at(-1)).toEqual({ type: "end", messages: 1_200 });
    const settings = { historyLimit: 2_000, isRecorded: false };
    const copy = new RoomForTest(settings);
    expect(importInto(copy, lines)).toBeUndefined();
    expect([copy.log.head, copy.log.find(1_150)?.deleted]).toEqual([1_202, true]);
    const kept = importInto(new RoomForTest(settings), lines, { epoch: "keep" });
    expect(kept).toMatchObject({ code: "bad_request", path: ["message", "changed"] });
    expect(kept?.message).toMatch(/^line 1101: /);
  });

  it("[Z150] has receipts that are not written yet", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    for (const id of ["a", "b"]) ada.send(id);
    for (const seq of [1, 2]) ada.ask({ id: `r${seq}`, type: "read", seq });
    const receipts = parsed(exportOf(test)).filter(({ type }) => type === "receipt");
    expect(receipts).toMatchObject([{ user: "ada", seq: 2 }]);
  });
});

describe("an erasure in a room", () => {
  it.each(SEEDS)("[Z171] leaves nothing of the user, and all of the others: seed %i", (seed) => {
    const random = new SeededRandom(seededRandom(seed));
    const test = roomAfter(random);
    const others = (lines: readonly string[]) =>
      parsed(lines).flatMap(({ message }) => {
        const { from, changed: _, reactions = {}, ...rest } = Object(message);
        if (message === undefined || from?.id === "ada") return [];
        const left = Object.entries(reactions).flatMap(([emoji, users]) =>
          [users]
            .flat()
            .filter((user) => user !== "ada")
            .map((user) => `${emoji} ${user}`),
        );
        return [{ ...rest, from, left }];
      });
    const before = others(exportOf(test));
    const { head, epoch } = test.log;
    const watcher = test.join("dan");
    const order = { user: "ada", until: test.now };
    for (let after: number | null = 0; after !== null; ) {
      const from: number = after;
      const batch = test.call(SERVER, (turn) => accept(eraseBatch(test.room, order, from, turn)));
      after = batch.ok ? batch.value.next : null;
    }
    const lines = exportOf(test);
    expect(others(lines)).toEqual(before);
    const own = parsed(lines).flatMap(({ message }) => (Object(message).from?.id === "ada" ? [message] : []));
    for (const message of own)
      expect(message).toMatchObject({ from: { id: "ada" }, data: null, deletedAt: expect.any(Number) });
    expect(JSON.stringify(own)).not.toContain('"name"');
    expect(lines.join()).not.toMatch(/reactions[^}]*"ada"/);
    expect(parsed(lines).filter(({ type, user }) => type === "receipt" && user === "ada")).toEqual([]);
    // Each change has its place behind those before, and who was away is told of the same messages.
    const seqs = watcher.socket.events.flatMap(({ seq, target }) =>
      target === undefined ? [] : [Number(seq)],
    );
    expect(seqs).toEqual(seqs.map((_, at) => head + 1 + at));
    const late = test.join("eve", { since: `${epoch}.${head}` });
    const deletedTo = (person: Person) => person.socket.ofType("messageDeleted").map(({ target }) => target);
    if (head >= test.log.floor) expect(deletedTo(late)).toEqual(deletedTo(watcher));
    test.restart("crash");
    expect(test.faults).toEqual([]);
  });
});
