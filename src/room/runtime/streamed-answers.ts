// The streaming POSTs that are under way in a room.

import type { Actor } from "../../access/identity.ts";
import { encodeData } from "../../object/encode-data.ts";
import {
  accept,
  type MessageStored,
  type Outcome,
  type Refusal,
  refuse,
  reject,
  type StreamedLine,
} from "../../protocol/index.ts";
import type { AppendInput } from "../producing.ts";
import type { Room } from "../room.ts";
import type { AnswerBody } from "../room-calls.ts";
import type { Turn } from "../turn.ts";
import { StreamReader } from "./stream-reader.ts";
import { type AppendProgress, StreamedAnswer } from "./streamed-answer.ts";

export interface StreamedAnswersPorts {
  /** Runs something in its place in the one order. Settles when that took effect. */
  call<T>(actor: Actor, cost: number, run: (room: Room, turn: Turn) => Outcome<T>): Promise<Outcome<T>>;
  /** Why the token of an actor does not count any more, if so. It may ask the user's object. */
  judge(actor: Actor): Promise<Refusal | undefined>;
  /** Keeps the object awake. */
  waitUntil(work: Promise<unknown>): void;
  now(): number;
  wait(ms: number): Promise<unknown>;
  failed(error: unknown): void;
}

/** A token is judged again this long after it was, as isolates do too. */
const JUDGED_FOR_MS = 60_000;
const GONE = refuse("not_found", "this message was deleted");
const NO_STREAM = refuse("not_open", "the message with this id does not stream");

export class StreamedAnswers {
  readonly #room: Room;
  readonly #ports: StreamedAnswersPorts;
  readonly #running = new Set<StreamedAnswer>();

  constructor(room: Room, ports: StreamedAnswersPorts) {
    this.#room = room;
    this.#ports = ports;
  }

  /** Writes a body into a message that was just published. Answers what the caller is told, as lines of JSON. */
  write(
    actor: Actor,
    opened: MessageStored,
    { format, bytes }: AnswerBody<ReadableStream<Uint8Array>>,
  ): ReadableStream<Uint8Array> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    const tell = (line: StreamedLine) => {
      // It rejects when the caller has gone.
      writer.write(encoder.encode(`${JSON.stringify(line)}\n`)).catch(() => {});
    };
    const run = async () => {
      if (this.#room.streams.find(opened.seq) === undefined) {
        tell(this.#ended(opened));
        await bytes.cancel();
      } else await this.#run(actor, opened, new StreamReader(format, bytes), tell);
      await writer.close();
    };
    this.#ports.waitUntil(run().catch((error: unknown) => writer.abort(error)));
    return readable;
  }

  /** After each flush: somebody may have asked to stop, or the message may have ended without its body. */
  flushed(): void {
    for (const answer of this.#running) {
      const stream = this.#room.streams.find(answer.seq);
      if (stream === undefined) answer.interrupt("ended");
      else answer.stop(stream.stopBy);
    }
  }

  async #run(
    actor: Actor,
    opened: MessageStored,
    reader: StreamReader,
    tell: (line: StreamedLine) => void,
  ): Promise<void> {
    const { call, wait, failed } = this.#ports;
    const answer = new StreamedAnswer(opened, reader, {
      append: this.#appending(actor),
      finish: async (input) => {
        const refusal = await this.#ports.judge(actor);
        if (refusal !== undefined) return reject(refusal);
        return call(actor, 0, ({ producing }, turn) => producing.finish(actor, input, turn));
      },
      encode: encodeData,
      wait,
      tell,
    });
    // A producer that comes again may be known to have gone later. One that is not must not keep the object awake.
    for (const other of this.#running) if (other.seq === opened.seq) other.interrupt("replaced");
    this.#running.add(answer);
    try {
      const run = answer.run();
      this.flushed();
      await run;
    } catch (error) {
      failed(error);
      throw error;
    } finally {
      this.#running.delete(answer);
    }
  }

  #appending(actor: Actor) {
    const { call, judge, now } = this.#ports;
    let judgedAt = now();
    return async (inputs: readonly AppendInput[]): Promise<Outcome<AppendProgress>> => {
      if (Math.abs(now() - judgedAt) >= JUDGED_FOR_MS) {
        const refusal = await judge(actor);
        if (refusal !== undefined) return reject(refusal);
        judgedAt = now();
      }
      return call(actor, 0, ({ producing }, turn) => {
        for (const [count, input] of inputs.entries()) {
          const outcome = producing.append(actor, input, turn);
          if (outcome !== "dropped" && !outcome.ok) return accept({ count, refusal: outcome.refusal });
        }
        return accept({ count: inputs.length });
      });
    };
  }

  /** Of a message that had ended before: this call adds nothing. */
  #ended(opened: MessageStored): StreamedLine {
    const target = this.#room.log.find(opened.seq);
    if (target === undefined || target.deleted) return { type: "error", ...GONE };
    const { stream } = target.meta;
    return stream === undefined ? { type: "error", ...NO_STREAM } : { type: "done", ...opened, stream };
  }
}
