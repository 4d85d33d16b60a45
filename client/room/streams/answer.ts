import type { ChangeResult, Finish } from "../../../src/protocol/index.ts";
import { ignoreRejection } from "../../util/listeners.ts";
import type { Ports } from "../../util/ports.ts";
import { type PipeOptions, pipeInto, type TextSource } from "./pipe.ts";
import { Producer, type ProducerPort, type ProducerStart } from "./producer.ts";

export { takeOver } from "./take-over.ts";

/** What `patch` sets beside the text; `null` removes a field. */
export type AnswerPatch<Data> = unknown extends Data
  ? Readonly<Record<string, unknown>>
  : { readonly [Field in keyof Data]?: Data[Field] | null };

/**
 * A message that is written while others read it. Made by `room.stream` and `room.takeOver`. Methods may be called unbound,
 * and the object is frozen.
 *
 * A lost connection ends nothing: what the room has not saved is kept in memory and sent again, so the text is neither
 * doubled nor has a gap. Somebody else may end it: a member who deletes the message, another producer that takes it over,
 * the room itself where it hears nothing for 60 s. Then `append` and `patch` throw, and `finish` and `pipe` reject, with
 * `not_found`, `taken_over` or `not_open`; with `closed` once the room was left: the room ends the message a minute later, as
 * `interrupted`.
 *
 * @example
 * const answer = await room.stream({ text: "" });
 * for (const word of ["Hello", ", ", "world"]) answer.append(word);
 * await answer.finish();
 */
export class RoomAnswer<Data = unknown> {
  /** Of its message. */
  readonly seq: number;
  /**
   * Aborts when a member asks to stop, whereupon you stop and call `finish("cancelled")`. It also aborts when the answer
   * ends otherwise than by `finish`, with the error as its reason.
   *
   * @example
   * const answer = await room.stream();
   * const response = await fetch("/generate", { signal: answer.stopSignal });
   */
  readonly stopSignal: AbortSignal;
  readonly #producer: Producer;

  constructor(producer: Producer) {
    this.seq = producer.seq;
    this.stopSignal = producer.stop.signal;
    this.#producer = producer;
    Object.freeze(this);
  }

  /** What was appended so far; after `takeOver` with what the message had. Readers have it a moment later. */
  get text(): string {
    return this.#producer.text;
  }

  /** Who asked to stop: a user id, or `null` for server code. `undefined`: nobody. */
  get stoppedBy(): string | null | undefined {
    return this.#producer.stoppedBy;
  }

  /**
   * Adds to the text. What is added in one turn of the event loop, or within the pace at which
   * readers hear (some 50 ms), goes out as one append. Without a connection it waits.
   * Throws the error that ended the answer; `too_large` once `data` has 1 MiB; `outbox_full` where more than 1 MiB waits.
   *
   * @example
   * const answer = await room.stream();
   * answer.append("Hello");
   */
  readonly append = (text: string): void => this.#producer.append(text);

  /**
   * Sets fields of `data` beside the text; one that is `null` is removed. At most `limits.messageBytes` as JSON. Throws as
   * `append` does, and `bad_request` for the field of the text.
   *
   * @example
   * const answer = await room.stream();
   * answer.patch({ metadata: { tool: "search" } });
   */
  readonly patch = (fields: AnswerPatch<Data>): void => this.#producer.patch(fields);

  /**
   * Ends the message, once the room has all that was appended, and resolves with the `seq` of the change. `status` is
   * `complete`, `cancelled` or `failed`. `data` replaces what was gathered, if given. Without a connection it waits, and it is
   * done once. Rejects with the error that ended the answer, with `closed` if the room is left before, with
   * `too_large` if the room did not take all of the text and it would be `complete`: `finish("failed")` ends it all the same.
   *
   * @example
   * const answer = await room.stream();
   * answer.append("42");
   * const { seq } = await answer.finish("complete");
   */
  readonly finish = (status: Finish = "complete", data?: Data): Promise<ChangeResult> =>
    ignoreRejection(this.#producer.finish(status, data));

  /**
   * Appends all that a stream gives, texts or bytes of UTF-8, and finishes: `complete` at its end; `cancelled` if a member
   * asks to stop or `signal` aborts; `failed` if it throws, whereupon the promise rejects with what it threw. It reads
   * no further while more than 256 Ki characters are not saved by the room. A source that is not read to its end is cancelled.
   * Otherwise it rejects as `finish`.
   *
   * @example
   * const answer = await room.stream();
   * const { body } = await fetch("/generate", { signal: answer.stopSignal });
   * if (body) await answer.pipe(body);
   */
  readonly pipe = (source: TextSource, options: PipeOptions = {}): Promise<ChangeResult> =>
    ignoreRejection(pipeInto(this.#producer, source, options));
}

export function beginAnswer<Data>(
  room: ProducerPort,
  ports: Ports,
  start: ProducerStart,
  onOver: () => void,
) {
  const producer = new Producer(room, ports, start, onOver);
  return { producer, answer: new RoomAnswer<Data>(producer) };
}
