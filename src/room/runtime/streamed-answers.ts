// The streaming POSTs that are under way in a room.

import type { Actor } from "../../access/identity.ts";
import { encodeData } from "../../object/encode-data.ts";
import { accept, type MessageStored, type Outcome, refuse, type StreamedLine } from "../../protocol/index.ts";
import type { AppendInput } from "../producing.ts";
import type { Room } from "../room.ts";
import type { AnswerBody } from "../room-calls.ts";
import type { Turn } from "../turn.ts";
import { LastingActor, type LastingActorPorts } from "./lasting-actor.ts";
import { StreamReader } from "./stream-reader.ts";
import { type AppendProgress, StreamedAnswer } from "./streamed-answer.ts";

export interface StreamedAnswersPorts extends LastingActorPorts {
  /** Runs something in its place in the one order. Settles when that took effect. */
  call<T>(actor: Actor, cost: number, run: (room: Room, turn: Turn) => Outcome<T>): Promise<Outcome<T>>;
  /** Keeps the object awake. */
  waitUntil(work: Promise<unknown>): void;
  wait(ms: number): Promise<unknown>;
  failed(error: unknown): void;
}

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
    const author = new LastingActor(actor, this.#ports);
    const answer = new StreamedAnswer(opened, reader, {
      append: (inputs) => this.#append(author, inputs),
      finish: async (input) => {
        const current = await author.current({ anew: true });
        if (!current.ok) return current;
        return call(current.value, 0, ({ producing }, turn) => producing.finish(current.value, input, turn));
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

  async #append(author: LastingActor, inputs: readonly AppendInput[]): Promise<Outcome<AppendProgress>> {
    const current = await author.current();
    if (!current.ok) return current;
    return this.#ports.call(current.value, 0, ({ producing }, turn) => {
      for (const [count, input] of inputs.entries()) {
        const outcome = producing.append(current.value, input, turn);
        if (outcome !== "dropped" && !outcome.ok) return accept({ count, refusal: outcome.refusal });
      }
      return accept({ count: inputs.length });
    });
  }

  /** Of a message that had ended before: this call adds nothing. */
  #ended(opened: MessageStored): StreamedLine {
    const target = this.#room.log.find(opened.seq);
    if (target === undefined || target.deleted) return { type: "error", ...GONE };
    const { stream } = target.meta;
    return stream === undefined ? { type: "error", ...NO_STREAM } : { type: "done", ...opened, stream };
  }
}
