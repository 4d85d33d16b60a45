// What is read from a stream into an answer.

import { beforeAll, expect, it } from "vitest";
import { loadAnswers } from "../../../client/room/streams/answers.ts";
import { answerForTest, SEQ } from "./support/answer-for-test.ts";
import { describeBoth } from "./support/client-for-test.ts";
import { ok } from "./support/frames.ts";

beforeAll(async () => void (await loadAnswers()));

describeBoth("what is read into an answer", () => {
  it("[Y74] is appended as it comes, texts or bytes, and completes it", async () => {
    const world = await answerForTest();
    const bytes = new TextEncoder().encode("né👍");
    async function* source() {
      yield "Hello, ";
      yield bytes.slice(0, 2);
      yield bytes.slice(2, 5);
      yield bytes.slice(5);
    }
    const done = world.answer.pipe(source());
    await world.clock.advance(0);
    expect(
      world
        .said()
        .map(({ text }) => text)
        .join(""),
    ).toBe("Hello, né👍");
    await world.tell(world.said().length, 0);
    world.socket().deliver(ok(world.socket().sentOf("finish")[0], { seq: 9 }));
    expect(await done).toEqual({ seq: 9 });
    expect(world.socket().sentOf("finish")).toMatchObject([{ status: "complete" }]);
  });

  it("[Y74] that throws fails it, and the promise rejects with what it threw", async () => {
    const world = await answerForTest();
    const cause = new Error("no more tokens");
    async function* source() {
      yield "Hello";
      throw cause;
    }
    const done = world.answer.pipe(source()).catch((error: unknown) => error);
    await world.clock.advance(0);
    await world.tell(1, 0);
    expect(world.socket().sentOf("finish")).toMatchObject([{ status: "failed" }]);
    world.socket().deliver(ok(world.socket().sentOf("finish")[0], { seq: 9 }));
    expect(await done).toBe(cause);
  });

  it("[Y74] that is no source fails it, and the promise rejects", async () => {
    for (const source of [undefined, "Hello", new Response("Hello")]) {
      const world = await answerForTest();
      const done: Promise<unknown> = Reflect.apply(world.answer.pipe, world.answer, [source]);
      const failed = done.catch((error: unknown) => error);
      await world.clock.advance(0);
      expect(world.socket().sentOf("finish")).toMatchObject([{ status: "failed" }]);
      world.socket().deliver(ok(world.socket().sentOf("finish")[0], { seq: 9 }));
      expect(await failed).toMatchObject({ code: "bad_request" });
    }
  });

  it("[Y74] that cannot be read fails it", async () => {
    const world = await answerForTest();
    const source = new ReadableStream<string>();
    source.getReader();
    const done = world.answer.pipe(source).catch((error: unknown) => error);
    await world.clock.advance(0);
    expect(world.socket().sentOf("finish")).toMatchObject([{ status: "failed" }]);
    world.socket().deliver(ok(world.socket().sentOf("finish")[0], { seq: 9 }));
    expect(await done).toBeInstanceOf(TypeError);
  });

  it.each(["stop", "signal", "aborted before"])(
    "[Y74] is cancelled by %s, however long it stands still",
    async (how) => {
      const world = await answerForTest();
      const abort = new AbortController();
      if (how === "aborted before") abort.abort();
      let cancelled = 0;
      const source = new ReadableStream<string>({
        start: (controller) => controller.enqueue("Hello"),
        cancel: () => {
          cancelled += 1;
        },
      });
      const done = world.answer.pipe(source, { signal: abort.signal });
      await world.clock.advance(0);
      if (how === "stop") world.socket().deliver({ type: "stop", seq: SEQ, by: null });
      else abort.abort();
      await world.clock.advance(0);
      const [last] = world.said().slice(-1);
      if (last !== undefined) await world.tell(Number(last.n), 0);
      expect(cancelled).toBe(1);
      expect(world.socket().sentOf("finish")).toMatchObject([{ status: "cancelled" }]);
      world.socket().deliver(ok(world.socket().sentOf("finish")[0], { seq: 9 }));
      expect(await done).toEqual({ seq: 9 });
    },
  );

  it("[Y74] is not read on while more than 256 Ki characters are not saved", async () => {
    const world = await answerForTest();
    let read = 0;
    let isClosed = false;
    async function* source() {
      try {
        for (;;) {
          read += 1;
          yield "x".repeat(65_536);
        }
      } finally {
        isClosed = true;
      }
    }
    const done = world.answer.pipe(source()).catch((error: unknown) => error);
    await world.clock.advance(0);
    const taken = () => Number(world.said().at(-1)?.n);
    for (let round = 0; round < 8; round++) await world.tell(taken(), 0);
    expect(read).toBe(5);
    // Nothing goes out that could ask.
    await world.clock.advance(2_000);
    expect(world.sent().at(-1)).toMatchObject({ n: 0 });
    await world.tell(taken(), 16);
    expect(read).toBe(6);
    await world.refuse("not_open");
    expect(await done).toMatchObject({ code: "not_open" });
    expect([read, isClosed]).toEqual([6, true]);
    expect(world.socket().sentOf("finish")).toEqual([]);
  });
});
