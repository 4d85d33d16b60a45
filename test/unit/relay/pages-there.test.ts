// Pages that a relay makes of what it holds: who is sent one, what it is not made of any more, and what the room judges.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import type { SqlRow, SqlValue } from "../../../src/object/storage/sql.ts";
import { accept, closeCode } from "../../../src/protocol/index.ts";
import { MAX_UNREAD_BYTES } from "../../../src/relay/unread-pages.ts";
import { LogStore } from "../../../src/room/log/log-store.ts";
import { RECENT_BOUNDS } from "../../../src/room/log/recent-log.ts";
import { RoomLog } from "../../../src/room/log/room-log.ts";
import { eraseBatch } from "../../../src/room/portable/user-erasure.ts";
import type { RelayStep } from "../../../src/room/relays/relay-calls.ts";
import type { Turn } from "../../../src/room/turn.ts";
import type { Person, RoomTestSettings } from "../../support/room-for-test.ts";
import { type Listener, settle, TwoSides } from "./support/two-sides.ts";

const LONG = "x".repeat(400);
/** Also in several lines. */
const READS_LOG = /\bbody\b.*FROM log/s;

/** A room with somebody at its relay, and a writer. */
async function start(settings: RoomTestSettings = {}) {
  const sides = new TwoSides({ historyLimit: 200, isRecorded: false, ...settings });
  const writer = sides.room.join("writer", { permission: "moderate", presence: false, history: 0 });
  const reader = await sides.join("reader");
  await sides.carry();
  const steps: RelayStep[] = [];
  const { onFlush } = sides.room;
  sides.room.onFlush = (effects) => {
    for (const { dispatch } of effects.dispatches) steps.push(...dispatch.steps);
    onFlush(effects);
  };
  return { sides, writer, reader, steps };
}

async function write(
  { sides, writer }: { sides: TwoSides; writer: Person },
  count: number,
  from = 0,
): Promise<void> {
  for (let n = from; n < from + count; n++) writer.say({ type: "send", id: `m${n}`, data: `${n} ${LONG}` });
  await sides.carry();
}

const pagesOf = (steps: RelayStep[]) => steps.splice(0).filter((step) => step.do === "page");

/** What somebody is sent who comes to the room itself, without what is theirs alone. */
function dueTo(
  sides: TwoSides,
  coming: { since?: string; history?: number; topics?: string[] | null },
): string[] {
  const person = sides.room.join("guest", { presence: false, history: 0, ...coming });
  const frames = person.socket.frames.slice(1);
  person.leave("left");
  return frames;
}

async function come(
  sides: TwoSides,
  coming: { since?: string; history?: number; topics?: string[] | null } = {},
) {
  const listener = await sides.join(`comer${Math.random()}`, { presence: false, ...coming });
  await sides.carry();
  return listener;
}

const firstOf = ({ socket }: Listener) =>
  socket.frames.slice(1).filter((frame) => !/"type":"member/.test(frame));

const call = (sides: TwoSides, run: (turn: Turn) => unknown) => {
  sides.room.call(SERVER, (turn) => accept(run(turn)));
};

describe("a page that a relay makes", () => {
  it("[L121] is byte for byte what the room sends: to newcomers, after a cursor, and for topics", async () => {
    const world = await start();
    const { sides, writer, steps } = world;
    await write(world, 30);
    writer.say(
      { type: "edit", id: "e", seq: 5, data: `edited ${LONG}` },
      { type: "delete", id: "d", seq: 25 },
    );
    for (const id of ["t1", "t2", "t3"]) writer.say({ type: "send", id, event: "task", data: LONG });
    await sides.carry();
    const { epoch } = sides.room.log;
    const all = [
      { history: 20 },
      { since: `${epoch}.4` },
      { since: `${epoch}.20` },
      { history: 9, topics: ["task"] },
    ];
    for (const coming of all) {
      pagesOf(steps);
      const due = dueTo(sides, coming);
      const comer = await come(sides, coming);
      expect(firstOf(comer)).toEqual(due);
      expect(pagesOf(steps)).toHaveLength(1);
    }
  });

  it("[L121] answers `history`, both ways, as the room does", async () => {
    const world = await start();
    const { sides, writer, reader, steps } = world;
    await write(world, 40);
    const asked = [
      { type: "history", id: "h", limit: 10 },
      { type: "history", id: "h", before: 20, limit: 10 },
      { type: "history", id: "h", after: 5, limit: 12 },
    ];
    for (const command of asked) {
      writer.socket.frames.length = reader.socket.frames.length = 0;
      pagesOf(steps);
      writer.say(command);
      await sides.carry();
      await sides.ask(reader, command);
      expect(reader.socket.frames).toEqual(writer.socket.frames);
      expect(pagesOf(steps)).toHaveLength(1);
    }
  });

  it("[L121] is a part of a long replay too, to its end", async () => {
    const world = await start({ historyLimit: 1_000 });
    const { sides, writer, steps } = world;
    const data = "y".repeat(20_000);
    for (let n = 0; n < 80; n++) writer.say({ type: "send", id: `m${n}`, data });
    await sides.carry();
    const comer = await come(sides, { since: `${sides.room.log.epoch}.0` });
    for (let page = 0; comer.socket.ofType("caughtUp").at(-1)?.more === true || page === 0; page++) {
      writer.say({ type: "edit", id: `e${page}`, seq: 3, data: `edited ${page}` });
      const after = comer.socket.events.findLast(
        ({ seq, type }) => seq !== undefined && type !== "message",
      )?.seq;
      await sides.ask(comer, { type: "history", id: `p${page}`, after });
      if (comer.socket.events.at(-1)?.more !== true) break;
    }
    expect(pagesOf(steps).length).toBeGreaterThan(1);
    const events = comer.socket.events.flatMap((event) =>
      event.type === "ok" && Array.isArray(event.events) ? event.events : [event],
    );
    expect(new Set(events.filter(({ type }) => type === "message").map(({ seq }) => seq)).size).toBe(80);
    expect(comer.socket.closed).toBeUndefined();
    expect(comer.connection.state.stage).toEqual({ at: "live" });
  });

  it("[L122] comes in its place: behind what was stored before, before what comes later", async () => {
    const world = await start();
    const { sides, writer } = world;
    await write(world, 20);
    writer.say({ type: "send", id: "before", data: "before" });
    const comer = await sides.join("comer", { presence: false, history: 50 });
    await sides.takeUploads();
    writer.say({ type: "send", id: "after", data: "after" });
    sides.room.flush();
    // All of it in one call.
    sides.takeDispatches();
    await settle();
    const said = comer.socket.ofType("message").map(({ data }) => String(data).split(" ")[0]);
    expect(said).toEqual([...Array.from({ length: 20 }, (_, n) => String(n)), "before", "after"]);
  });

  it("[L122] costs an anonymous reader what it costs at the room", async () => {
    const prices = [];
    for (const isThere of [true, false]) {
      const world = await start({ ratePerSecond: 1, rateBurst: 5 });
      const { sides } = world;
      for (let n = 0; n < 50; n++)
        call(sides, (turn) =>
          sides.room.room.publisher.publish(SERVER, { id: `s${n}`, data: `"${"z".repeat(4_000)}"` }, turn),
        );
      await sides.carry();
      const identity = { kind: "anonymous", address: "192.0.2.9" } as const;
      const actor = { identity, permission: "read" } as const;
      const reader = isThere ? await sides.join("", { actor, presence: false }) : undefined;
      await sides.carry();
      const own = isThere ? undefined : sides.room.join(null, { address: "192.0.2.9", history: 0 });
      const answers = [];
      for (let n = 0; n < 5; n++) {
        const command = { type: "history", id: `h${n}`, limit: 30 };
        if (reader !== undefined) await sides.ask(reader, command);
        else own?.ask(command);
        const socket = reader?.socket ?? own?.socket;
        answers.push(socket?.events.findLast(({ id }) => id === `h${n}`)?.code ?? "ok");
      }
      prices.push(answers);
    }
    expect(prices[0]).toEqual(prices[1]);
    expect(prices[0]).toContain("rate_limited");
  });

  it("[L122] counts in what the room has replayed", async () => {
    const world = await start();
    const { sides } = world;
    await write(world, 20);
    const replayed = () =>
      sides.room.effects.splice(0).reduce((sum, { traffic }) => sum + traffic.replayBytes, 0);
    replayed();
    sides.relay.take([]);
    const comer = await sides.join("comer", { presence: false, history: 20 });
    await sides.takeUploads();
    const { answer } = sides.takeDispatches();
    await settle();
    const bytes = comer.socket.frames.reduce((sum, { length }) => sum + length, 0);
    const other = comer.socket.frames.filter((frame) => /"type":"(member|occupancy)/.test(frame));
    const rest = other.reduce((sum, { length }) => sum + length, 0);
    expect(replayed() + answer.sent.replayBytes).toBe(bytes - rest);
    expect(answer.sent.replayBytes).toBeGreaterThan(20 * 400);
  });

  it("[L134] spares a crowd that comes back the rows, and nearly all of what dispatches carry", async () => {
    const cost = async (recent: { messages: number; bytes: number }) => {
      const world = await start({ relays: { above: 0, each: 500, isHeld: () => false, recent } });
      const { sides } = world;
      await write(world, 150);
      const { database, log } = sides.room;
      const { exec } = database.sql;
      let rows = 0;
      database.sql.exec = <Row extends SqlRow>(query: string, ...values: SqlValue[]) => {
        const found = exec<Row>(query, ...values);
        if (!READS_LOG.test(query)) return found;
        return (function* () {
          for (const row of found) {
            rows += 1;
            yield row;
          }
        })();
      };
      for (let n = 0; n < 100; n++)
        await sides.join(`back${n}`, { presence: false, since: `${log.epoch}.${149 - n}` });
      let length = 0;
      for (let flush = 0; flush < 20; flush++) {
        await sides.takeUploads();
        sides.room.flush();
        length += sides.dispatches.reduce((sum, dispatch) => sum + JSON.stringify(dispatch).length, 0);
        const { dispatches, answer } = sides.takeDispatches();
        sides.answer(dispatches, answer);
      }
      expect(sides.relay.connections.size).toBe(101);
      return { rows, length };
    };
    const [sent, made] = [await cost({ messages: 0, bytes: 0 }), await cost(RECENT_BOUNDS)];
    expect(sent.rows).toBeGreaterThan(4_000);
    expect(made.rows).toBe(0);
    expect(made.length).toBeLessThan(sent.length / 8);
  });

  it("[L129] reads no row of the log", async () => {
    const world = await start();
    const { sides } = world;
    await write(world, 50);
    const { database, log } = sides.room;
    const { exec } = database.sql;
    const queries: string[] = [];
    database.sql.exec = (query, ...values) => {
      if (READS_LOG.test(query)) queries.push(query);
      return exec(query, ...values);
    };
    for (let n = 0; n < 5; n++) {
      await come(sides, { history: 20 });
      await come(sides, { since: `${log.epoch}.${n}` });
    }
    expect(queries).toEqual([]);
  });
});

describe("what a relay holds", () => {
  const texts = (world: { sides: TwoSides }, since = 0) =>
    come(world.sides, { since: `${world.sides.room.log.epoch}.${since}` }).then((comer) =>
      firstOf(comer).join(),
    );

  it("[L123] is as it is now: what is deleted, has expired or is erased is not there", async () => {
    const world = await start();
    const { sides, writer, steps } = world;
    const ada = sides.room.join("ada", { name: "Ada Lovelace" });
    ada.say({ type: "send", id: "a", data: "of ada" }, { type: "send", id: "b", data: "deleted by ada" });
    writer.say({ type: "send", id: "s", data: "secret one" }, { type: "send", id: "x", data: "old text" });
    writer.say({ type: "send", id: "t", data: "short life", expiresInSeconds: 5 });
    await write(world, 10);
    writer.say({ type: "delete", id: "d", seq: 3 }, { type: "edit", id: "e", seq: 4, data: "new text" });
    ada.say({ type: "react", id: "r", seq: 4, emoji: "👍", op: "add" }, { type: "delete", id: "d", seq: 2 });
    sides.room.later(5_000);
    await sides.carry();
    const before = await texts(world);
    expect(before).toContain("Ada Lovelace");
    for (const gone of ["secret one", "old text", "short life", "deleted by ada"])
      expect(before).not.toContain(gone);
    expect(pagesOf(steps)).toHaveLength(1);

    call(sides, (turn) => eraseBatch(sides.room.room, { user: "ada", until: sides.room.now }, 0, turn));
    await write(world, 10, 10);
    const after = await texts(world);
    expect(pagesOf(steps)).toHaveLength(0);
    for (const gone of ["Ada Lovelace", "of ada", "👍"]) expect(after).not.toContain(gone);
    expect(sides.relay.held.from?.seq).toBe(sides.room.log.recentSince);
    // From there on it holds what comes.
    const later = await texts(world, sides.room.log.recentSince);
    expect(pagesOf(steps)).toHaveLength(1);
    expect(later).not.toContain("Ada Lovelace");
  });

  it("[L124] is nothing that the log has no more: by its number, its age, a smaller limit and a purge", async () => {
    const world = await start({ historyLimit: 30, historySeconds: 600 });
    const { sides, writer, steps } = world;
    await write(world, 40);
    expect(sides.room.log.floor).toBe(10);
    await come(sides, { history: 50 });
    expect(pagesOf(steps).map(({ recipe }) => recipe.floor)).toEqual([10]);
    call(sides, (turn) => sides.room.room.moderation.configure(SERVER, { historyLimit: 20 }, turn));
    const comer = await come(sides, { history: 50 });
    expect(comer.socket.ofType("message").map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, n) => 21 + n),
    );
    sides.room.later(300_000);
    await write(world, 10, 40);
    // No event and no dispatch says that these go.
    sides.room.later(400_000);
    expect(sides.room.log.floor).toBe(40);
    writer.say({ type: "react", id: "r", seq: 41, emoji: "👍", op: "add" });
    const late = await come(sides, { history: 50 });
    expect(late.socket.ofType("message").map(({ seq }) => seq)).toEqual(
      Array.from({ length: 10 }, (_, n) => 41 + n),
    );
    expect(firstOf(late)).toEqual(dueTo(sides, { history: 50 }));
    expect(pagesOf(steps).map(({ recipe }) => recipe.floor)).toEqual([20, 40]);

    call(sides, (turn) => sides.room.room.moderation.purge(SERVER, turn));
    await sides.carry();
    const again = await come(sides, { history: 50 });
    expect(again.socket.ofType("message")).toEqual([]);
    expect(sides.relay.held.from).toEqual({ epoch: sides.room.log.epoch, seq: 0 });
  });

  it("[L125] has a bound, in messages and in bytes; what is older the room sends", async () => {
    for (const recent of [
      { messages: 10, bytes: 1_000_000 },
      { messages: 1_000, bytes: 6_000 },
    ]) {
      const world = await start({ relays: { above: 0, each: 100, isHeld: () => false, recent } });
      const { sides, steps } = world;
      await write(world, 100);
      const from = sides.relay.held.from?.seq ?? 0;
      expect(from).toBeGreaterThanOrEqual(85);
      expect(from).toBeLessThan(97);
      for (const [since, pages] of [
        [from, 1],
        [from - 1, 0],
      ] as const) {
        const due = dueTo(sides, { since: `${sides.room.log.epoch}.${since}` });
        const comer = await come(sides, { since: `${sides.room.log.epoch}.${since}` });
        expect(firstOf(comer)).toEqual(due);
        expect(pagesOf(steps)).toHaveLength(pages);
      }
    }
  });

  it("[L125] is gone after a sleep, and after something was missed", async () => {
    const world = await start();
    const { sides, writer, reader, steps } = world;
    await write(world, 20);
    sides.sleepRelay([reader]);
    const due = dueTo(sides, { history: 10 });
    expect(firstOf(await come(sides, { history: 10 }))).toEqual(due);
    expect(pagesOf(steps)).toHaveLength(0);
    await write(world, 20, 20);
    await come(sides, { history: 10 });
    expect(pagesOf(steps)).toHaveLength(1);

    writer.say({ type: "send", id: "lost", data: "lost" });
    sides.room.flush();
    sides.lose();
    await write(world, 1, 50);
    expect(reader.socket.closed).toBeDefined();
    expect(firstOf(await come(sides, { history: 10 }))).toEqual(dueTo(sides, { history: 10 }));
    expect(pagesOf(steps)).toHaveLength(0);
  });

  it("[L125] does not count while nobody is at the relay, as nothing is sent there", async () => {
    const world = await start();
    const { sides, reader, steps } = world;
    await write(world, 20);
    sides.relay.gone(reader.connection, "left");
    await settle();
    await sides.carry();
    await write(world, 20, 20);
    const first = await come(sides, { history: 10 });
    expect(first.socket.closed).toBeUndefined();
    expect(firstOf(first)).toEqual(dueTo(sides, { history: 10 }));
    expect(pagesOf(steps)).toHaveLength(0);
    await write(world, 20, 40);
    expect(firstOf(await come(sides, { history: 10 }))).toEqual(dueTo(sides, { history: 10 }));
    expect(pagesOf(steps)).toHaveLength(1);
  });

  it("[L125] is what a new life of the room knows of: after its start it sends the pages itself", async () => {
    const world = await start();
    const { sides, steps } = world;
    await write(world, 20);
    sides.room.restart("hibernate");
    await sides.carry();
    const due = dueTo(sides, { history: 10 });
    expect(firstOf(await come(sides, { history: 10 }))).toEqual(due);
    expect(pagesOf(steps)).toHaveLength(0);
    expect(sides.relay.held.from?.seq).toBe(20);
  });

  it("[L126] a relay that cannot make a page closes the connection, whose client comes back", async () => {
    const world = await start();
    const { sides } = world;
    await write(world, 20);
    const comer = await sides.join("comer", { presence: false, history: 10 });
    await sides.takeUploads();
    sides.relay.held.forget({ epoch: sides.room.log.epoch, seq: sides.room.log.head });
    await sides.carry();
    expect(comer.socket.closed).toMatchObject({ reason: expect.stringContaining("internal") });
    expect(sides.room.faults).toEqual([]);
    const again = await come(sides, { history: 10 });
    expect(again.outcome).toBe("in");
    expect(firstOf(again)).toEqual(dueTo(sides, { history: 10 }));
  });

  it("[L127] a reaction to a message that a relay does not hold goes there with the message, once", async () => {
    const world = await start({
      historyLimit: 2_000,
      relays: { above: 0, each: 100, isHeld: () => false, recent: { messages: 20, bytes: 1_000_000 } },
    });
    const { sides, writer, steps } = world;
    await write(world, 40);
    const { head, epoch } = sides.room.log;
    steps.length = 0;
    for (const emoji of ["👍", "🎉", "🙏"]) {
      writer.say({ type: "react", id: emoji, seq: 2, emoji, op: "add" });
      writer.say({ type: "react", id: `${emoji}new`, seq: head, emoji, op: "add" });
      await sides.carry();
    }
    const reactions = steps.flatMap((step) => (step.do === "deliver" ? step.entries : []));
    expect(reactions.map((entry) => entry.kind === "stored" && entry.now !== undefined)).toEqual([
      ...[true, false],
      ...[false, false],
      ...[false, false],
    ]);
    await write(world, 4, 40);
    const coming = { since: `${epoch}.${head}` };
    const due = dueTo(sides, coming);
    expect(due.join()).toContain("messageUpdated");
    pagesOf(steps);
    expect(firstOf(await come(sides, coming))).toEqual(due);
    expect(pagesOf(steps)).toHaveLength(1);
  });

  it("[L130] a reaction goes with its message also if that is let go of in the same flush", async () => {
    const world = await start({
      relays: { above: 0, each: 100, isHeld: () => false, recent: { messages: 12, bytes: 1_000_000 } },
    });
    const { sides, writer, reader, steps } = world;
    await write(world, 12);
    expect(reader.connection.state.stage.at).toBe("live");
    const comer = await sides.join("comer", { presence: false, since: `${sides.room.log.epoch}.18` });
    for (let n = 12; n < 24; n++) writer.say({ type: "send", id: `m${n}`, data: `${n} ${LONG}` });
    writer.say({ type: "react", id: "r", seq: 3, emoji: "👍", op: "add" });
    pagesOf(steps);
    await sides.takeUploads();
    await sides.carry();
    expect(pagesOf(steps)).toHaveLength(1);
    expect(comer.socket.closed).toBeUndefined();
    expect(firstOf(comer)).toEqual(dueTo(sides, { since: `${sides.room.log.epoch}.18` }));
  });

  it("[L133] an open message that was changed is in pages as its row is, also as it grows", async () => {
    const world = await start();
    const { sides, writer } = world;
    await write(world, 2);
    writer.say({ type: "send", id: "o", stream: true, data: { text: "begin" } });
    writer.say({ type: "react", id: "r", seq: 3, emoji: "👍", op: "add" });
    await sides.carry();
    writer.say({ type: "append", seq: 3, n: 1, text: " and more" });
    for (let n = 0; n < 3; n++) {
      sides.room.later(5_000);
      await sides.carry();
    }
    const { database, room } = sides.room;
    const rows = new RoomLog(new LogStore(database, room.settings.historyLimit), {
      newEpoch: "none",
      now: 0,
    });
    const due = rows.eventsAfter(3, null);
    expect(due.events.join()).toContain("begin and more");
    expect(room.log.eventsAfter(3, null)).toEqual(due);
  });

  it("[L132] what waits unread in a relay's sockets is bounded: who comes beyond it comes back later", async () => {
    const world = await start({ historyLimit: 100 });
    const { sides, writer, steps } = world;
    for (let n = 0; n < 50; n++) writer.say({ type: "send", id: `m${n}`, data: "y".repeat(18_000) });
    await sides.carry();
    const comers: Listener[] = [];
    for (let n = 0; n < 44; n++) {
      const comer = await come(sides, { since: `${sides.room.log.epoch}.0` });
      // Nobody reads.
      comer.socket.unsent = comer.socket.frames.reduce((sum, { length }) => sum + length, 0);
      comers.push(comer);
    }
    expect(pagesOf(steps)).toHaveLength(44);
    const waiting = comers.reduce((sum, { socket }) => sum + socket.unsent, 0);
    expect(waiting).toBeGreaterThan(MAX_UNREAD_BYTES);
    expect(waiting).toBeLessThan(MAX_UNREAD_BYTES + 1_048_576);
    const away = comers.filter(({ socket }) => socket.closed !== undefined);
    expect(away.length).toBeGreaterThan(2);
    expect(away[0]?.socket.closed).toMatchObject({ code: closeCode("overloaded") });
    // Live events, and pages that are small, come all the same; once the others have read, the large ones too.
    expect((await come(sides, { history: 0 })).socket.closed).toBeUndefined();
    for (const { socket } of comers) socket.unsent = 0;
    const last = await come(sides, { since: `${sides.room.log.epoch}.0` });
    expect(last.socket.ofType("message")).toHaveLength(50);
  });

  it("[L128] the room sends a page with an open message; when it is finished the relay does", async () => {
    const world = await start();
    const { sides, writer, steps } = world;
    await write(world, 10);
    writer.say({ type: "send", id: "o", stream: true, data: { text: "begin" } });
    writer.say({ type: "append", seq: 11, n: 1, text: " and more" });
    await write(world, 10, 10);
    const coming = { since: `${sides.room.log.epoch}.5` };
    expect(firstOf(await come(sides, coming))).toEqual(dueTo(sides, coming));
    expect(pagesOf(steps)).toHaveLength(0);
    // Behind it nothing of it is in a page.
    await come(sides, { since: `${sides.room.log.epoch}.12` });
    expect(pagesOf(steps)).toHaveLength(1);
    writer.say({ type: "finish", id: "f", seq: 11, status: "complete" });
    await sides.carry();
    const due = dueTo(sides, coming);
    expect(due.join()).toContain("begin and more");
    expect(firstOf(await come(sides, coming))).toEqual(due);
    expect(pagesOf(steps)).toHaveLength(1);
  });
});
