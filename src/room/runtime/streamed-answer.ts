// One streaming POST: reads its body, and has each piece take effect before it reads the next one. So a body that is
// faster than the room waits in the network.

import {
  type ChangeResult,
  type MessageStored,
  type Outcome,
  type Refusal,
  refuse,
  type StreamedLine,
  type StreamLine,
} from "../../protocol/index.ts";
import type { AppendInput, FinishInput } from "../producing.ts";
import type { StreamReader } from "./stream-reader.ts";

/** How far a list of appends got. */
export interface AppendProgress {
  /** How many of them are in the message. */
  readonly count: number;
  /** Why the next one is not. */
  readonly refusal?: Refusal;
}

export interface StreamedAnswerPorts {
  /** In their order, up to the first that is refused. Settles when they took effect. */
  append(inputs: readonly AppendInput[]): Promise<Outcome<AppendProgress>>;
  finish(input: FinishInput): Promise<Outcome<ChangeResult>>;
  /** `data` as JSON. */
  encode(data: unknown): Outcome<string>;
  wait(ms: number): Promise<unknown>;
  /** Tells the caller, who may have gone. Never throws. */
  tell(line: StreamedLine): void;
}

/** A body that says this would say it again: the message ends as `failed`. */
const FAULTS_OF_BODY: readonly string[] = ["bad_request", "too_large"];

const NOT_OPEN = refuse("not_open", "this message is not open");
const REPLACED = refuse("taken_over", "the same body came again, and takes the place of this one");

export class StreamedAnswer {
  readonly #opened: MessageStored;
  readonly #reader: StreamReader;
  readonly #ports: StreamedAnswerPorts;
  /** Of the last append of the body. */
  #n = 0;
  /** Who asked to stop; `undefined`: nobody. */
  #stopBy: string | null | undefined;
  #interruption: "replaced" | "ended" | undefined;

  constructor(opened: MessageStored, reader: StreamReader, ports: StreamedAnswerPorts) {
    this.#opened = opened;
    this.#reader = reader;
    this.#ports = ports;
  }

  get seq(): number {
    return this.#opened.seq;
  }

  /** Settles when the body has ended, or was cut. Rejects where the room failed. */
  async run(): Promise<void> {
    this.#ports.tell({ type: "opened", ...this.#opened });
    const last = await this.#write();
    if (last !== undefined) this.#ports.tell(last);
    await this.#reader.cancel();
  }

  /** To be called when `by` may have asked to stop. */
  stop(by: string | null | undefined): void {
    if (by === undefined || this.#stopBy !== undefined) return;
    this.#stopBy = by;
    this.#ports.tell({ type: "stop", seq: this.seq, by });
  }

  /**
   * Reads no further: another body writes the message from now on (`replaced`), or the message is not open any more
   * (`ended`). A body whose client is silent would keep the object awake for as long as its connection lasts.
   */
  interrupt(by: "replaced" | "ended"): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = by;
    void this.#reader.cancel();
  }

  /** `undefined`: the body was cut. The message stays open, as its producer may send the whole body again. */
  async #write(): Promise<StreamedLine | undefined> {
    for (;;) {
      const piece = await this.#reader.read().catch(() => undefined);
      // A cancelled body looks like one that has ended.
      if (this.#interruption === "replaced") return { type: "error", ...REPLACED };
      if (this.#interruption === "ended") return this.#whyEnded();
      if (piece === undefined) return undefined;
      const { lines, isLast } = piece;
      const refusal = (await this.#append(lines, isLast)) ?? piece.refusal;
      if (refusal !== undefined) return this.#refused(refusal);
      if (isLast) return this.#finish(lines.at(-1));
    }
  }

  async #append(lines: readonly StreamLine[], isLast: boolean): Promise<Refusal | undefined> {
    const { seq } = this.#opened;
    let inputs: readonly AppendInput[] = lines.flatMap(({ text, patch }) =>
      text === undefined && patch === undefined
        ? []
        : [{ seq, n: ++this.#n, ...(text !== undefined && { text }), ...(patch !== undefined && { patch }) }],
    );
    // An append that all messages have is a sign of life.
    if (inputs.length === 0 && !isLast) inputs = [{ seq, n: 0 }];
    while (inputs.length > 0) {
      const outcome = await this.#ports.append(inputs);
      if (!outcome.ok) return outcome.refusal;
      const { count, refusal } = outcome.value;
      if (refusal !== undefined && refusal.code !== "rate_limited") return refusal;
      inputs = inputs.slice(count);
      if (refusal !== undefined) await this.#ports.wait(refusal.retryAfterMs ?? 1_000);
    }
    return undefined;
  }

  async #finish({ status = "failed", data }: StreamLine = {}): Promise<StreamedLine> {
    const encoded = data === undefined ? undefined : this.#ports.encode(data);
    if (encoded?.ok === false) return this.#refused(encoded.refusal);
    const { seq } = this.#opened;
    const input = { seq, status, ...(encoded !== undefined && { data: encoded.value }) };
    let ended = await this.#ports.finish(input);
    while (!ended.ok && ended.refusal.code === "rate_limited") {
      await this.#ports.wait(ended.refusal.retryAfterMs ?? 1_000);
      ended = await this.#ports.finish(input);
    }
    if (!ended.ok) return this.#refused(ended.refusal);
    const stop = this.#stopBy;
    return { type: "done", ...this.#opened, n: this.#n, stream: status, ...(stop !== undefined && { stop }) };
  }

  /** The room knows why it takes no more. */
  async #whyEnded(): Promise<StreamedLine> {
    const outcome = await this.#ports.append([{ seq: this.seq, n: 0 }]);
    const refusal = outcome.ok ? outcome.value.refusal : outcome.refusal;
    return { type: "error", ...(refusal ?? NOT_OPEN) };
  }

  async #refused(refusal: Refusal): Promise<StreamedLine> {
    if (FAULTS_OF_BODY.includes(refusal.code)) await this.#ports.finish({ seq: this.seq, status: "failed" });
    return { type: "error", ...refusal };
  }
}
