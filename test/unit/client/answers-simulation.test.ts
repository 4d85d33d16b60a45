// Answers over the whole server, with networks that break off, a room that crashes, and producers that take over from
// each other. What is written is known, so at any time a reader must show a beginning of it.

import { expect, it } from "vitest";
import type { Answer } from "../../../client/index.ts";
import type { RoomHandle } from "../../../client/room/room-handle.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { isRecord } from "../../../src/protocol/index.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { answerWorld } from "./support/answer-world.ts";

/** More of them: `ANSWER_SEEDS=500 vitest …`. */
const SEEDS = Number(process.env.ANSWER_SEEDS ?? 5);
const STEPS = 90;
const WHOLE = Array.from({ length: 250 }, (_, index) => `${index}${index % 7 === 0 ? "👍" : ","} `).join("");

class Reader {
  readonly room: RoomHandle;
  /** What it has shown that is no beginning of the text, or was shorter than before more often than the room crashed. */
  readonly faults: string[] = [];
  #shown = "";
  #shrinks = 0;

  constructor(room: RoomHandle, crashes: () => number) {
    this.room = room;
    room.subscribe(() => {
      const { text } = this;
      if (text.length < this.#shown.length) this.#shrinks += 1;
      if (!WHOLE.startsWith(text)) this.faults.push(`no beginning: ${text}`);
      if (this.#shrinks > crashes()) this.faults.push(`${this.#shown} -> ${text}`);
      this.#shown = text;
    });
  }

  get message() {
    return this.room.messages.find(({ stream }) => stream !== undefined);
  }

  get text(): string {
    const { data } = this.message ?? { data: { text: "" } };
    return isRecord(data) ? String(data.text) : "";
  }
}

async function simulate(seed: number) {
  const chance = new SeededRandom(seededRandom(seed));
  const world = await answerWorld(chance.next);
  const { clock, network } = world;
  const counts = { crashes: 0, takeovers: 0, breaks: 0 };
  const readerOf = (room: RoomHandle) => new Reader(room, () => counts.crashes);
  // Sessions outlive a crash of the room alone.
  const isShared = seed % 2 === 0;
  const devices = [world.room("ada", isShared ? "session" : "own"), world.room("ada", "session")];
  const readers = [...devices, world.room("bo", "own"), world.room("cy", "session")].map(readerOf);
  await clock.advance(100);
  const opening = chance.pick(devices).stream({ text: "" });
  await clock.advance(100);
  let answer: Answer<{ text?: string }> = await opening;
  const late: Answer<{ text?: string }>[] = [];
  const say = (by: Answer<{ text?: string }>) => {
    const from = by.text.length;
    by.append(WHOLE.slice(from, from + chance.upTo(20)));
  };
  const takeOver = async () => {
    const taking = chance.pick(devices).takeOver(answer.seq);
    await clock.advance(500);
    const next = await Promise.race([taking.catch(() => undefined), clock.settle().then(() => undefined)]);
    if (next === undefined) return;
    counts.takeovers += 1;
    late.push(answer);
    answer = next;
  };
  const acts: (() => unknown)[] = [
    // A takeover whose answer was lost has ended it, too.
    ...Array.from({ length: 12 }, () => () => (answer.stopSignal.aborted ? takeOver() : say(answer))),
    ...Array.from({ length: 4 }, () => () => clock.advance(chance.upTo(300))),
    () => clock.advance(2_500),
    () => {
      counts.breaks += 1;
      network.breakOff(chance.pick(["ada", "bo", "cy"]));
    },
    () => network.setLoss({ next: 1 }),
    () => network.setDelay(chance.upTo(80) - 1),
    () => {
      counts.crashes += 1;
      return isShared ? world.crashRoom("bo") : world.crash();
    },
    takeOver,
    () => {
      const old = chance.any(late);
      // It is refused now, or with what it sends.
      if (old !== undefined && !old.stopSignal.aborted) say(old);
    },
    () =>
      readers.push(
        readerOf(chance.pick([() => world.room("ada", "session"), () => world.room("bo", "own")])()),
      ),
    () =>
      void chance
        .pick(devices)
        .react(answer.seq, "👍")
        .catch(() => {}),
    async () => {
      network.setOnline("ada", false);
      await clock.advance(chance.upTo(3_000));
      network.setOnline("ada", true);
    },
  ];
  for (let step = 0; step < STEPS; step++) await chance.pick(acts)();
  network.setLoss({});
  // It may have been taken over by a call whose answer is lost.
  await clock.advance(40_000);
  for (let round = 0; round < 20 && answer.stopSignal.aborted; round++) await takeOver();
  answer.append(WHOLE.slice(answer.text.length));
  const finished = answer.finish().then(
    () => "finished",
    (error: unknown) => String(error),
  );
  await clock.advance(40_000);
  const outcome = await Promise.race([finished, clock.settle().then(() => "nothing")]);
  await clock.advance(20_000);
  const shown = readers.map((reader) => [reader.faults, reader.text === WHOLE, reader.message?.stream]);
  await world.close();
  return { outcome, shown, counts };
}

it(
  "[Y79] shows every reader a beginning of an answer at any time, and all of it in the end",
  async () => {
    const all = { crashes: 0, takeovers: 0, breaks: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome, shown, counts } = await simulate(seed);
      expect(outcome, `seed ${seed}`).toBe("finished");
      expect(shown, `seed ${seed}`).toEqual(shown.map(() => [[], true, "complete"]));
      all.crashes += counts.crashes;
      all.takeovers += counts.takeovers;
      all.breaks += counts.breaks;
    }
    console.log(`${SEEDS} seeds: ${JSON.stringify(all)}`);
    expect(Math.min(...Object.values(all))).toBeGreaterThan(SEEDS / 2);
  },
  20_000 + SEEDS * 5_000,
);
