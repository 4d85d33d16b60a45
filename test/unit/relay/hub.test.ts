import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { Hub } from "../../../src/relay/hub.ts";
import { type HubCall, packed, unpacked } from "../../../src/room/relays/hub-calls.ts";
import { HubLine } from "../../../src/room/relays/hub-line.ts";
import type {
  AddressedDispatch,
  DeliverStep,
  Dispatch,
  DispatchAnswer,
  Upload,
  UploadAnswer,
} from "../../../src/room/relays/relay-calls.ts";
import { DIRECT_RELAYS, hubOf, nextRelay } from "../../../src/room/relays/relay-numbers.ts";
import { firstOfCall } from "../../../src/room/relays/split-dispatch.ts";

const at = (seq: number) => ({ epoch: "e", seq });
const SUMS = { connections: 1, members: 1, anonymous: 0, count: 1, after: null, holds: null };
const NOTHING: DeliverStep = { do: "deliver", entries: [], answers: [], checkpoint: null };

function dispatchTo(relay: number, number: number, more: Partial<Dispatch> = {}): AddressedDispatch {
  const places = { after: at(number - 1), upTo: at(number) };
  const rest = {
    waiting: [],
    waitingAs: number,
    openStreams: 0,
    asksWho: false,
    asks: [],
    steps: [NOTHING],
    recent: { since: 0, floor: 0 },
    texts: [],
  };
  return { number: relay, region: "", dispatch: { life: "room", number, ...places, ...rest, ...more } };
}

const turns = async () => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

/** A hub whose relays answer when the test says so. */
class HubForTest {
  readonly hub: Hub;
  /** What each relay was sent: numbers of dispatches of each call. */
  readonly sent: (readonly [relay: number, numbers: readonly number[]])[] = [];
  readonly #open = new Map<number, PromiseWithResolvers<DispatchAnswer>[]>();
  #timers: (() => void)[] = [];
  now = 0;

  constructor(life = "hub") {
    this.hub = new Hub({
      life,
      deliver: ({ number }, dispatches) => {
        this.sent.push([number, dispatches.map((one) => one.number)]);
        const answer = Promise.withResolvers<DispatchAnswer>();
        this.#open.set(number, [...(this.#open.get(number) ?? []), answer]);
        return answer.promise;
      },
      upload: async () => [],
      now: () => this.now,
      random: () => 0,
      wait: () => new Promise<void>((resolve) => this.#timers.push(resolve)),
      unreachable: () => {},
    });
  }

  async answer(relay: number): Promise<void> {
    this.#open
      .get(relay)
      ?.shift()
      ?.resolve({
        life: `relay ${relay}`,
        sums: SUMS,
        sent: { frames: 0, bytes: 0, replayBytes: 0 },
        replies: [],
        counted: [],
      });
    await turns();
  }

  async refuse(relay: number): Promise<void> {
    this.#open.get(relay)?.shift()?.reject(new Error("out of reach"));
    await turns();
  }

  /** All timers end. */
  async pass(): Promise<void> {
    for (const resolve of this.#timers.splice(0)) resolve();
    await turns();
  }
}

const callOf = (number: number, ...dispatches: AddressedDispatch[]): HubCall => ({
  ...{ life: "room", hub: null, number, ...packed(dispatches) },
});

const resultsOf = async (call: Promise<unknown>) => {
  const answer = await call;
  return (answer as { results: readonly { relay: number; upTo: number; answer: unknown }[] }).results.map(
    ({ relay, upTo, answer: result }) => [relay, upTo, result !== null],
  );
};

describe("the relays of a room", () => {
  it("[L35] are called by 50 objects at most: 40 by the room itself, and of each further 50 by a hub", () => {
    const relays = new Set<number>();
    for (let next = nextRelay(relays); next !== undefined; next = nextRelay(relays)) relays.add(next);
    const hubs = Map.groupBy(relays, hubOf);
    expect(relays.size).toBe(540);
    expect(hubs.get(0)).toHaveLength(DIRECT_RELAYS);
    hubs.delete(0);
    expect(DIRECT_RELAYS + hubs.size).toBe(50);
    for (const [hub, own] of hubs) {
      expect(own).toHaveLength(50);
      expect(relays.has(hub)).toBe(false);
    }
    relays.delete(7);
    relays.delete(3_050);
    expect(nextRelay(relays)).toBe(7);
    expect(nextRelay(relays.add(7))).toBe(3_050);
  });
});

describe("a call to a hub", () => {
  it("[L37] has events, and texts that joiners at several relays get, once", () => {
    const page = "p".repeat(5_000);
    const entries = [{ kind: "stored", event: "message", json: "m".repeat(5_000) } as const];
    const step: DeliverStep = { ...NOTHING, entries };
    const dispatches = Array.from({ length: 50 }, (_, relay) =>
      dispatchTo(relay, 1, {
        texts: [page, `own ${relay}`],
        // An answer makes a step of its own.
        steps: [relay === 1 ? { ...step, answers: [["c", ["ok"]]] } : step],
      }),
    );
    const call = callOf(1, ...dispatches);
    expect(serialize(call).byteLength).toBeLessThan(2 * 5_000 + 50 * 500);
    expect(unpacked(structuredClone(call))).toEqual(dispatches);
    // So many more fit in one.
    expect(firstOfCall(dispatches, 11_000)).toBe(50);
    expect(firstOfCall(dispatches, 10_020)).toBeLessThan(10);
    expect(firstOfCall(dispatches, 1)).toBe(1);
  });
});

describe("a hub", () => {
  it("[L38] waits for relays that are idle, and answers for slow ones with a later call", async () => {
    const test = new HubForTest();
    const first = test.hub.pass(callOf(1, dispatchTo(1, 1), dispatchTo(2, 1)));
    await turns();
    await test.answer(1);
    await test.pass();
    expect(await resultsOf(first)).toEqual([[1, 1, true]]);
    // The second relay has not answered: what comes for it waits its turn, and the call does not wait for it.
    const second = test.hub.pass(callOf(2, dispatchTo(1, 2), dispatchTo(2, 2), dispatchTo(2, 3)));
    await turns();
    await test.answer(1);
    expect(await resultsOf(second)).toEqual([[1, 2, true]]);
    await test.answer(2);
    await test.answer(2);
    expect(test.sent).toEqual([
      [1, [1]],
      [2, [1]],
      [1, [2]],
      [2, [2, 3]],
    ]);
    expect(await resultsOf(test.hub.pass(callOf(3)))).toEqual([
      [2, 1, true],
      [2, 3, true],
    ]);
  });

  it("[L36] says of a relay that it could not reach, and goes on with it", async () => {
    const test = new HubForTest();
    const first = test.hub.pass(callOf(1, dispatchTo(1, 1)));
    for (let tries = 0; tries < 4; tries++) {
      await turns();
      await test.refuse(1);
      if (tries < 3) await test.pass();
    }
    expect(await resultsOf(first)).toEqual([]);
    const second = test.hub.pass(callOf(2, dispatchTo(1, 2)));
    await turns();
    await test.answer(1);
    expect(await resultsOf(second)).toEqual([
      [1, 1, false],
      [1, 2, true],
    ]);
    expect(test.sent.at(-1)).toEqual([1, [2]]);
  });

  it("[L36] answers a call that comes again as before, and none that is late or of a life that is over", async () => {
    const test = new HubForTest();
    const call = callOf(1, dispatchTo(1, 1));
    const first = test.hub.pass(call);
    await turns();
    await test.answer(1);
    expect(await resultsOf(first)).toEqual([[1, 1, true]]);
    expect(await resultsOf(test.hub.pass(call))).toEqual([[1, 1, true]]);
    expect(test.sent).toHaveLength(1);
    expect(await resultsOf(test.hub.pass(callOf(2)))).toEqual([]);
    await expect(test.hub.pass(call)).rejects.toThrow("later call");
    expect(await resultsOf(test.hub.pass({ ...callOf(1), life: "next life" }))).toEqual([]);
    await expect(test.hub.pass(callOf(3))).rejects.toThrow("over");
    expect(await test.hub.pass({ ...callOf(2), life: "next life", hub: "an earlier hub" })).toEqual({
      ...{ kind: "other life", life: "hub" },
    });
  });

  it.each([
    ["of an earlier life of the room", { life: "next life", hub: null, number: 1 }],
    ["that the room has given up", { life: "room", hub: null, number: 2 }],
  ])(
    "[L192] has no answers for a call %s which is under way yet: the last one gets them",
    async (_, head) => {
      const test = new HubForTest();
      const first = test.hub.pass(callOf(1, dispatchTo(1, 1)));
      await turns();
      const { life } = head;
      const second = test.hub.pass({
        ...head,
        ...packed([dispatchTo(2, 1, { life }), dispatchTo(3, 1, { life })]),
      });
      await turns();
      await test.answer(2);
      await test.answer(1);
      expect(await resultsOf(first)).toEqual([]);
      await test.answer(3);
      expect(await resultsOf(second)).toContainEqual([2, 1, true]);
    },
  );

  it("[L39] has one call of uploads under way, and gives each relay its answer or the failure", async () => {
    const calls: { uploads: readonly Upload[]; answer: PromiseWithResolvers<readonly UploadAnswer[]> }[] = [];
    const hub = new Hub({
      ...{ life: "hub", now: () => 0, random: () => 0, wait: async () => {}, unreachable: () => {} },
      deliver: async () => expect.fail(),
      upload: (uploads) => {
        const answer = Promise.withResolvers<readonly UploadAnswer[]>();
        calls.push({ uploads, answer });
        return answer.promise;
      },
    });
    const upload = (relay: number): Promise<UploadAnswer> =>
      hub.upload({
        relay,
        relayLife: "r",
        number: 1,
        life: null,
        seen: 0,
        sums: SUMS,
        items: [],
        counted: [],
      });
    const taken = (...waiting: string[]): UploadAnswer => ({
      kind: "taken",
      life: "room",
      waiting,
      waitingAs: 1,
      dispatched: 0,
    });
    const first = upload(1);
    await turns();
    const [second, third] = [upload(2), upload(3)];
    await turns();
    expect(calls.map(({ uploads }) => uploads.map(({ relay }) => relay))).toEqual([[1]]);
    calls[0]?.answer.resolve([taken("a")]);
    expect(await first).toEqual(taken("a"));
    await turns();
    expect(calls[1]?.uploads.map(({ relay }) => relay)).toEqual([2, 3]);
    calls[1]?.answer.resolve([taken("b"), { kind: "other life", life: "next" }]);
    expect([await second, await third]).toEqual([taken("b"), { kind: "other life", life: "next" }]);
    const fourth = upload(4);
    await turns();
    calls[2]?.answer.reject(new Error("the room died"));
    await expect(fourth).rejects.toThrow("the room died");
  });
});

describe("the room's way to a hub", () => {
  function lineTo(hub: () => Hub | undefined) {
    const heard: (readonly [relay: number, what: string, ...numbers: number[]])[] = [];
    const calls: HubCall[] = [];
    const timers: (() => void)[] = [];
    const line = new HubLine({
      life: "room",
      pass: async (call) => {
        calls.push(call);
        const called = hub();
        if (called === undefined) throw new Error("out of reach");
        return called.pass(structuredClone(call));
      },
      answered: (relay, dispatches) =>
        heard.push([relay, "answered", ...dispatches.map((one) => one.number)]),
      lost: (relay, dispatches) => heard.push([relay, "lost", ...dispatches.map((one) => one.number)]),
      heard: () => {},
      failed: () => {},
      random: () => 0,
      wait: () => new Promise<void>((resolve) => timers.push(resolve)),
    });
    /** All timers end. */
    const pass = async () => {
      await turns();
      for (const resolve of timers.splice(0)) resolve();
      await turns();
    };
    return { line, heard, calls, pass };
  }

  it("[L36] sends a hub that has begun another life what it has not heard of, in order", async () => {
    const [old, young] = [new HubForTest("old"), new HubForTest("young")];
    let current = old;
    const { line, heard, pass } = lineTo(() => current.hub);
    line.take(dispatchTo(1, 1));
    line.take(dispatchTo(2, 1));
    await turns();
    await old.answer(1);
    await old.pass();
    expect(heard).toEqual([[1, "answered", 1]]);
    current = young;
    line.take(dispatchTo(1, 2));
    line.take(dispatchTo(2, 2));
    await turns();
    expect(young.sent).toEqual([
      [2, [1, 2]],
      [1, [2]],
    ]);
    await young.answer(1);
    await young.answer(2);
    await pass();
    expect(heard.slice(1)).toEqual([
      [1, "answered", 2],
      [2, "answered", 1, 2],
    ]);
  });

  it("[L36] gives up what a hub out of reach has, and begins anew", async () => {
    const test = new HubForTest();
    let isThere = false;
    const { line, heard, calls, pass } = lineTo(() => (isThere ? test.hub : undefined));
    line.take(dispatchTo(1, 1));
    for (let tries = 0; tries < 3; tries++) await pass();
    await line.settled;
    expect(calls).toHaveLength(4);
    expect(heard).toEqual([[1, "lost", 1]]);
    isThere = true;
    line.take(dispatchTo(1, 2));
    await turns();
    await test.answer(1);
    await line.settled;
    expect(heard.at(-1)).toEqual([1, "answered", 2]);
  });
});
