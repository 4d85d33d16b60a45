// A streaming POST in the object of a room: how its body becomes appends, and when it is read on.

import { describe, expect, it } from "vitest";
import { encodeData } from "../../../src/object/encode-data.ts";
import { accept, type Refusal, refuse, reject, type StreamedLine } from "../../../src/protocol/index.ts";
import type { AppendInput, FinishInput } from "../../../src/room/producing.ts";
import { StreamReader } from "../../../src/room/runtime/stream-reader.ts";
import { StreamedAnswer } from "../../../src/room/runtime/streamed-answer.ts";

const OPENED = { seq: 7, id: "a", at: 5 };
const SLOWLY: Refusal = { code: "rate_limited", message: "", retryAfterMs: 700 };

interface Setting {
  /** Of the n-th list of appends that the room is given, how many it takes, and why it refuses the next. */
  readonly takes?: (call: number) => { readonly count: number; readonly refusal: Refusal } | undefined;
  /** How often a finish is refused as too fast. */
  readonly slowFinishes?: number;
}

/** An answer whose body is written piece by piece: `pulled` is how many pieces were asked for. */
function world(pieces: readonly string[], { takes = () => undefined, slowFinishes = 0 }: Setting = {}) {
  const appended: AppendInput[] = [];
  const finished: FinishInput[] = [];
  const said: StreamedLine[] = [];
  const waits: number[] = [];
  const effects: (() => void)[] = [];
  let pulled = 0;
  let calls = 0;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[pulled++];
        if (piece === undefined) controller.close();
        else if (piece === "hangs") return new Promise<void>(() => {});
        else if (piece === "cut") controller.error(new Error("the connection was lost"));
        else controller.enqueue(encoder.encode(piece));
        return undefined;
      },
    },
    { highWaterMark: 0 },
  );
  const answer = new StreamedAnswer(OPENED, new StreamReader("lines", body), {
    append(inputs) {
      const taken = takes(++calls);
      appended.push(...inputs.slice(0, taken?.count));
      return new Promise((resolve) => effects.push(() => resolve(accept(taken ?? { count: inputs.length }))));
    },
    async finish(input) {
      finished.push(input);
      return finished.length <= slowFinishes ? reject(SLOWLY) : accept({ seq: 8 });
    },
    encode: encodeData,
    async wait(ms) {
      waits.push(ms);
    },
    tell: (line) => said.push(line),
  });
  /** Lets everything that was appended take effect, until nothing happens any more. */
  const settle = async () => {
    for (let quiet = 0; quiet < 20; quiet++) {
      await Promise.resolve();
      const effect = effects.shift();
      if (effect !== undefined) quiet = 0;
      effect?.();
    }
  };
  return { answer, appended, finished, said, waits, effects, settle, pulled: () => pulled };
}

const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const text = (text: string) => lines({ text });

describe("a streaming POST", () => {
  it("[Y54] is read on only when what came took effect", async () => {
    const { answer, effects, pulled, appended } = world([
      text("a"),
      text("b"),
      text("c"),
      lines({ status: "complete" }),
    ]);
    const run = answer.run();
    for (const n of [1, 2, 3]) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect([pulled(), appended.length]).toEqual([n, n]);
      effects.shift()?.();
    }
    await run;
  });

  it("[Y54] counts its lines, and those that come together take effect together", async () => {
    const { answer, appended, said, settle } = world([
      lines({ text: "a" }, { patch: { x: 1 } }, { text: "b", status: "complete", data: 1 }, { text: "late" }),
    ]);
    const run = answer.run();
    await settle();
    await run;
    expect(appended).toEqual([
      { seq: 7, n: 1, text: "a" },
      { seq: 7, n: 2, patch: { x: 1 } },
      { seq: 7, n: 3, text: "b" },
    ]);
    expect(said).toEqual([
      { type: "opened", ...OPENED },
      { type: "done", ...OPENED, n: 3, stream: "complete" },
    ]);
  });

  it("[Y54] gives a sign of life where a piece brings no line", async () => {
    const { answer, appended, settle } = world(["\n", text("a"), "\n\n", lines({ status: "complete" })]);
    const run = answer.run();
    await settle();
    await run;
    expect(appended.map(({ n, text }) => [n, text])).toEqual([
      [0, undefined],
      [1, "a"],
      [0, undefined],
    ]);
  });

  it("[Y51] goes on with the same append where the room takes it later", async () => {
    const { answer, appended, waits, settle, finished } = world(
      [lines({ text: "a" }, { text: "b" }, { text: "c" })],
      {
        takes: (call) => (call === 1 ? { count: 1, refusal: SLOWLY } : undefined),
      },
    );
    const run = answer.run();
    await settle();
    await run;
    expect(appended.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect([waits, finished]).toEqual([[700], [{ seq: 7, status: "failed" }]]);
  });

  it("[Y51] ends the message later where the room takes its end later", async () => {
    const { answer, finished, waits, said, settle } = world([lines({ status: "complete", data: { a: 1 } })], {
      slowFinishes: 2,
    });
    const run = answer.run();
    await settle();
    await run;
    expect([waits, finished.length]).toEqual([[700, 700], 3]);
    expect(said.at(-1)).toMatchObject({ type: "done", stream: "complete" });
  });

  it("[Y53] says nothing and ends nothing where its body is cut", async () => {
    const { answer, said, finished, settle } = world([text("a"), "cut"]);
    const run = answer.run();
    await settle();
    await run;
    expect([said, finished]).toEqual([[{ type: "opened", ...OPENED }], []]);
  });

  it.each([
    ["taken_over", []],
    ["not_open", []],
    ["too_large", ["failed"]],
  ] as const)("[Y49] says why it was refused: %s", async (code, ends) => {
    const refusal = refuse(code, "no");
    const { answer, said, finished, settle } = world([text("a")], { takes: () => ({ count: 0, refusal }) });
    const run = answer.run();
    await settle();
    await run;
    expect(said.at(-1)).toEqual({ type: "error", code, message: "no" });
    expect(finished.map(({ status }) => status)).toEqual(ends);
  });

  it.each([
    ["what is no JSON", '{"text":"b\n', "line 3 of the body: it is no JSON object"],
    ["what does not fit", '{"text":5}\n', "line 3 of the body: text: must be text"],
  ])("[Y132] says in which line it found %s", async (_, line, message) => {
    const { answer, said, appended, finished, settle } = world([`${text("a")}\n\n`, line + text("c")]);
    const run = answer.run();
    await settle();
    await run;
    expect(said.at(-1)).toMatchObject({ type: "error", code: "bad_request", message });
    expect([appended, finished]).toMatchObject([[{ n: 1, text: "a" }], [{ status: "failed" }]]);
  });

  it("[Y52] tells once who asked to stop, also in the end", async () => {
    const { answer, said, settle } = world([text("a"), lines({ status: "cancelled" })]);
    const run = answer.run();
    for (const by of [undefined, "ada", "bo"]) answer.stop(by);
    await settle();
    await run;
    expect(said.slice(1)).toEqual([
      { type: "stop", seq: 7, by: "ada" },
      { type: "done", ...OPENED, n: 1, stream: "cancelled", stop: "ada" },
    ]);
  });

  it("[Y48] ends nothing where the same body comes again and takes its place", async () => {
    const { answer, said, finished, settle } = world([text("a"), "hangs"]);
    const run = answer.run();
    await settle();
    answer.interrupt("replaced");
    await run;
    expect(said.at(-1)).toMatchObject({ type: "error", code: "taken_over" });
    expect(finished).toEqual([]);
  });

  it("[Y53] reads no further where its message has ended, and says why", async () => {
    const refusal = refuse("not_open", "no");
    const { answer, said, finished, settle } = world([text("a"), '{"text":"b', "hangs"], {
      takes: (call) => (call === 3 ? { count: 0, refusal } : undefined),
    });
    const run = answer.run();
    await settle();
    answer.interrupt("ended");
    await settle();
    await run;
    expect(said.at(-1)).toEqual({ type: "error", ...refusal });
    expect(finished).toEqual([]);
  });
});
