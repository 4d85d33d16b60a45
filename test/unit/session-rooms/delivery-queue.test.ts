import { describe, expect, it } from "vitest";
import { DeliveryQueue } from "../../../src/session-rooms/room-side/delivery-queue.ts";
import { SerialQueues } from "../../../src/session-rooms/serial-queues.ts";
import type { ItemAnswer, SessionItem } from "../../../src/session-rooms/session-delivery.ts";

const item = (frame: string, connection = "c_1"): SessionItem => ({
  connection,
  join: "j",
  after: 0,
  upTo: 0,
  frames: [frame],
});
const SIGNAL = '{"type":"signal","event":"typing"}';
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Deliveries wait until the test answers them, and the test moves the clock. */
function queue() {
  const delivered: string[][] = [];
  const waits: number[] = [];
  const givenUp: string[] = [];
  const answers: PromiseWithResolvers<readonly ItemAnswer[]>[] = [];
  const state = { now: 0, again: [] as readonly SessionItem[] };
  const passed: (() => void)[] = [];
  const queue = new DeliveryQueue({
    deliver(_, items) {
      delivered.push(items.flatMap(({ frames }) => frames));
      const answer = Promise.withResolvers<readonly ItemAnswer[]>();
      answers.push(answer);
      return answer.promise;
    },
    answered() {
      const { again } = state;
      state.again = [];
      return again;
    },
    givenUp: (items) => givenUp.push(...items.flatMap(({ frames }) => frames)),
    now: () => state.now,
    random: () => 1,
    wait(ms) {
      waits.push(ms);
      const { promise, resolve } = Promise.withResolvers<void>();
      passed.push(resolve);
      return promise;
    },
  });
  const answer = async (how: "taken" | "lost" = "taken") => {
    const next = answers.shift();
    if (how === "taken") next?.resolve([{ kind: "taken" }]);
    else next?.reject(new Error("no connection"));
    await settle();
  };
  const pass = async () => {
    passed.shift()?.();
    await settle();
  };
  return { queue, delivered, waits, givenUp, state, answer, pass };
}

describe("deliveries to the objects of users", () => {
  it("[J2] run one at a time per user, and what comes meanwhile is sent together", async () => {
    const { queue: all, delivered, answer } = queue();
    all.add("ada", item("1"));
    all.add("ada", item("2"));
    all.add("bo", item("other"));
    await settle();
    expect(delivered).toEqual([["1", "2"], ["other"]]);
    all.add("ada", item("3"));
    all.add("ada", item("4"));
    await settle();
    expect(delivered).toHaveLength(2);
    await answer();
    expect(delivered.at(-1)).toEqual(["3", "4"]);
  });

  it("[J2] that must be repeated for a session are sent before what waits", async () => {
    const { queue: all, delivered, state, answer } = queue();
    all.add("ada", item("1"));
    await settle();
    all.add("ada", item("2"));
    state.again = [item("1 again")];
    await answer();
    expect(delivered.at(-1)).toEqual(["1 again"]);
    await answer();
    expect(delivered.at(-1)).toEqual(["2"]);
  });

  it("[J6] are tried four times with growing waits, are then given up, and the next one is sent", async () => {
    const { queue: all, delivered, waits, givenUp, answer, pass } = queue();
    all.add("ada", item("lost"));
    await settle();
    all.add("ada", item("next"));
    for (let attempt = 0; attempt < 4; attempt++) {
      await answer("lost");
      await pass();
    }
    expect([waits, givenUp]).toEqual([[1_000, 2_000, 4_000], ["lost"]]);
    expect(delivered.at(-1)).toEqual(["next"]);
  });

  it("[K9] of signals alone wait for more, unless something else comes or a call waits", async () => {
    const { queue: all, delivered, waits, answer, pass } = queue();
    all.add("ada", item(SIGNAL));
    await settle();
    await answer();
    all.add("ada", item(SIGNAL));
    await settle();
    expect([delivered.length, waits]).toEqual([1, [200]]);
    all.add("ada", item("message"));
    await settle();
    expect(delivered.at(-1)).toEqual([SIGNAL, "message"]);
    await answer();
    all.add("ada", item(SIGNAL));
    await settle();
    const carried = all.carried("ada");
    await settle();
    await answer();
    await carried;
    expect(delivered).toHaveLength(3);
    all.add("ada", item(SIGNAL));
    await settle();
    expect(delivered).toHaveLength(3);
    for (let passed = 0; passed < 3; passed++) await pass();
    expect(delivered).toHaveLength(4);
  });
});

describe("queues of calls", () => {
  const queues = () => {
    const faults: string[] = [];
    const reportFault = (name: string) => faults.push(name);
    return { faults, queues: new SerialQueues<string>({ maxTasks: 2, maxLength: 10, reportFault }) };
  };

  it("[J11] run one after the other, also after one that fails", async () => {
    const { faults, queues: all } = queues();
    const done: string[] = [];
    const first = Promise.withResolvers<void>();
    all.add("a", () => first.promise);
    all.add("a", async () => done.push("second"));
    await settle();
    expect(done).toEqual([]);
    first.reject(new Error("lost"));
    await all.settled("a");
    expect([done, faults, all.isBusy("a")]).toEqual([["second"], ["a"], false]);
  });

  it("[J10] accept no more than their limits of calls and bytes", async () => {
    const { queues: all } = queues();
    const nothing = async () => {};
    expect([all.add("a", nothing), all.add("a", nothing), all.add("a", nothing)]).toEqual([
      true,
      true,
      false,
    ]);
    const took: (readonly string[])[] = [];
    const take = async (items: () => readonly string[]) => took.push(items());
    expect([all.gather("b", "x", 6, take), all.gather("b", "y", 4, take)]).toEqual([true, true]);
    expect(all.gather("b", "z", 1, take)).toBe(false);
    await all.settled("b");
    expect(took).toEqual([["x", "y"]]);
    expect(all.gather("b", "z", 10, take)).toBe(true);
  });
});
