// What a connection sends stays in its order, also behind commands that take time.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../client/testing/seeded-random.ts";
import { CommandBarrier } from "../../src/object/command-barrier.ts";
import type { AuthCommand } from "../../src/protocol/index.ts";
import type { Parsed } from "../../src/validation/parse-frame.ts";

describe("an auth", () => {
  type Say = { readonly type: "say"; readonly id: string };

  function intakeForTest() {
    const taken: string[] = [];
    const verifications: (() => void)[] = [];
    const barrier = new CommandBarrier<object, Say, string>({
      parse: (frame): Parsed<Say | AuthCommand>[] =>
        String(frame)
          .split(" ")
          .map((id) => ({
            kind: "command",
            command: id.startsWith("auth") ? { type: "auth", id, token: id } : { type: "say", id },
          })),
      charge: () => undefined,
      verify: (_, token) => new Promise((resolve) => verifications.push(() => resolve(token))),
      accept: (_, parsed) =>
        taken.push(parsed.kind === "command" ? parsed.command.id : `refused ${parsed.id}`),
      authenticated: (_, id) => taken.push(id),
    });
    const verified = async () => {
      verifications.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { barrier, taken, verified };
  }

  it("[M8] keeps what comes after an auth behind it, also behind a second one", async () => {
    const { barrier, taken, verified } = intakeForTest();
    const [ada, bo] = [{}, {}];
    void barrier.receive(ada, "a auth1 b");
    void barrier.receive(ada, "c auth2 d");
    void barrier.receive(bo, "other");
    expect(taken).toEqual(["a", "other"]);
    await verified();
    void barrier.receive(ada, "e");
    expect(taken).toEqual(["a", "other", "auth1", "b", "c"]);
    await verified();
    expect(taken).toEqual(["a", "other", "auth1", "b", "c", "auth2", "d", "e"]);
  });

  it("[M8] lets what came before an auth take effect at once, and reports when the rest did", async () => {
    const { barrier, taken, verified } = intakeForTest();
    const checked = barrier.receive({}, "a auth1");
    expect(taken).toEqual(["a"]);
    expect(barrier.receive({}, "b")).toBeUndefined();
    await verified();
    await checked;
    expect(taken).toEqual(["a", "b", "auth1"]);
  });

  it("[M8] holds a limited number of empty frames", async () => {
    const { barrier, taken } = intakeForTest();
    const ada = {};
    void barrier.receive(ada, "auth1");
    for (let i = 0; i < 20_000; i++) void barrier.receive(ada, "");
    expect(taken.length).toBeGreaterThan(3_000);
  });

  it("[M8] holds at most one frame's worth, and answers the rest with its id", async () => {
    const { barrier, taken } = intakeForTest();
    const ada = {};
    void barrier.receive(ada, "auth1");
    void barrier.receive(ada, "x".repeat(1_048_576 - 64));
    void barrier.receive(ada, "y");
    expect(taken).toEqual(["refused y"]);
  });
});

describe("a command that is asked about", () => {
  type Say = { readonly type: "say"; readonly id: string };

  /** `ask…` takes time, `no…` is refused at once, `auth…` is an auth, all else passes. Questions end when they are told to. */
  function barrierForTest() {
    const taken = new Map<object, string[]>();
    const questions: (() => void)[] = [];
    const counts = { passedOn: 0 };
    const take = (connection: object, what: string) =>
      void taken.set(connection, [...(taken.get(connection) ?? []), what]);
    const later = (run: () => void) =>
      new Promise<() => void>((resolve) => questions.push(() => resolve(run)));
    const barrier = new CommandBarrier<object, Say, undefined>({
      parse: (frame): Parsed<Say | AuthCommand>[] =>
        String(frame)
          .split(" ")
          .map((id) => ({
            kind: "command",
            command: id.startsWith("auth") ? { type: "auth", id, token: id } : { type: "say", id },
          })),
      charge: () => undefined,
      verify: () => new Promise((resolve) => questions.push(() => resolve(undefined))),
      accept: (connection, parsed) =>
        take(connection, parsed.kind === "command" ? parsed.command.id : `turned away ${parsed.id}`),
      authenticated: (connection, id) => take(connection, id),
      ask: (connection, { id }) => {
        if (id.startsWith("ask")) return later(() => take(connection, id));
        return id.startsWith("no") ? () => take(connection, id) : undefined;
      },
      passedOn: () => {
        counts.passedOn++;
      },
    });
    /** Lets the question end that has waited so long, by default the longest. */
    const answered = async (at = 0) => {
      questions.splice(at, 1)[0]?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { barrier, taken, answered, questions, counts };
  }

  it("[Z120] holds back what its connection sends after it, and nobody else's", async () => {
    const { barrier, taken, answered, counts } = barrierForTest();
    const [ada, bo] = [{}, {}];
    const waits = barrier.receive(ada, "a ask1 b no1 ask2 c");
    expect(barrier.receive(ada, "d auth1 e")).toBeUndefined();
    expect(barrier.receive(bo, "x no2 y")).toBeUndefined();
    expect(taken.get(ada)).toEqual(["a"]);
    expect(taken.get(bo)).toEqual(["x", "no2", "y"]);
    expect(barrier.settled(bo)).toBeUndefined();
    await answered();
    expect(taken.get(ada)).toEqual(["a", "ask1", "b", "no1"]);
    expect(counts.passedOn).toBe(1);
    await answered();
    expect(taken.get(ada)?.slice(4)).toEqual(["ask2", "c", "d"]);
    expect(barrier.settled(ada)).toBeInstanceOf(Promise);
    await answered();
    await waits;
    expect(taken.get(ada)?.slice(7)).toEqual(["auth1", "e"]);
    expect(barrier.settled(ada)).toBeUndefined();
    expect(counts.passedOn).toBe(3);
  });

  it("[Z121] lets the end of its connection wait until all that it sent was passed on", async () => {
    const { barrier, taken, answered } = barrierForTest();
    const [ada, bo] = [{}, {}];
    const left: string[] = [];
    void barrier.receive(ada, "ask1 b");
    void barrier.receive(ada, "ask2 c");
    barrier.afterwards(ada, () => left.push(`ada after ${taken.get(ada)?.join()}`));
    barrier.afterwards(bo, () => left.push("bo"));
    expect(left).toEqual(["bo"]);
    await answered();
    expect(left).toEqual(["bo"]);
    await answered();
    expect(left).toEqual(["bo", "ada after ask1,b,ask2,c"]);
  });

  it("[Z122] has at most 256 frames behind it: the rest is answered at once, with its id", async () => {
    const { barrier, taken, answered } = barrierForTest();
    const ada = {};
    void barrier.receive(ada, "ask1");
    for (let n = 0; n < 258; n++) void barrier.receive(ada, `m${n}`);
    expect(taken.get(ada)).toEqual(["turned away m256", "turned away m257"]);
    await answered();
    expect(taken.get(ada)).toHaveLength(259);
  });

  it("[Z120] keeps the order of each connection and passes each command on once, whatever is answered when", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number) => Math.floor(random() * below);
      const { barrier, taken, answered, questions } = barrierForTest();
      const connections = Array.from({ length: 4 }, () => ({}));
      const sent = new Map<object, string[]>(connections.map((connection) => [connection, []]));
      const kinds = ["ask", "no", "auth", "m"];
      for (let step = 0; step < 120; step++) {
        const connection = connections[pick(connections.length)] ?? {};
        if (random() < 0.6) {
          const commands = Array.from(
            { length: 1 + pick(4) },
            (_, n) => `${kinds[pick(kinds.length)]}${seed}-${step}-${n}`,
          );
          sent.get(connection)?.push(...commands);
          void barrier.receive(connection, commands.join(" "));
        } else await answered(pick(Math.max(1, questions.length)));
        for (const one of connections) {
          const got = taken.get(one) ?? [];
          expect(got, `seed ${seed}`).toEqual(sent.get(one)?.slice(0, got.length));
        }
      }
      while (questions.length > 0) await answered(pick(questions.length));
      for (const one of connections) {
        expect(taken.get(one) ?? [], `seed ${seed}`).toEqual(sent.get(one));
        expect(barrier.settled(one)).toBeUndefined();
      }
    }
  });
});
