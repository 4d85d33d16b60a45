// The messages of a room that this client writes. Most pages only read, so the code for it is loaded when it is needed.
// Invariant: nothing is opened or taken over before that code is there, or it would stay open with nobody to write it.

import {
  DEFAULT_STREAM_FIELD,
  type ErrorAnswer,
  type Stop,
  type Stream,
} from "../../../src/protocol/index.ts";
import { noConnection, offline, RoomsError } from "../../util/errors.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import { isWaiting, type Outbox } from "../messages/outbox.ts";
import type { StreamOptions } from "../messages/send-options.ts";
import type { RoomAnswer } from "./answer.ts";
import { streamText } from "./fold-stream.ts";
import type { Producer, ProducerPort, ProducerStart } from "./producer.ts";
import type { TakeOverPort } from "./take-over.ts";

let code: typeof import("./answer.ts") | undefined;

/** Rejects `offline` where it cannot be had. What is there already takes no time. */
export async function loadAnswers(): Promise<typeof import("./answer.ts")> {
  try {
    code ??= await import("./answer.ts");
    return code;
  } catch (cause) {
    throw offline("The code of answers could not be loaded.", cause);
  }
}

/** What a message that streams begins with: an object, with the fields that are known already. */
export type OpeningData<Data> = unknown extends Data ? object : Data extends object ? Partial<Data> : never;

export interface AnswersPort extends ProducerPort, TakeOverPort {
  readonly outbox: Outbox;
  changed(): void;
}

export class Answers {
  readonly #room: AnswersPort;
  readonly #ports: Ports;
  readonly #producers = new Map<number, Producer>();
  /** Why all that was written here has ended. */
  #end: RoomsError | undefined;
  #isLoading = false;
  /** While it is set, nothing is opened. */
  #cancelWait: Cancel | undefined;

  constructor(ports: Ports, room: AnswersPort) {
    this.#ports = ports;
    this.#room = room;
  }

  async open<Data>(data: unknown, options: StreamOptions<string>): Promise<RoomAnswer<Data>> {
    const { field = DEFAULT_STREAM_FIELD } = options;
    // As it is now, whatever the app does with it later.
    const text = streamText({ data, field });
    const end = this.#end;
    const opening = { stream: true, ...(field !== DEFAULT_STREAM_FIELD && { field }) } as const;
    const { seq } = await this.#room.outbox.add(data, options, opening);
    return this.#begin<Data>(end, { seq, field, n: 0, text });
  }

  async takeOver<Data>(seq: number): Promise<RoomAnswer<Data>> {
    const end = this.#end;
    // Without a connection a load fails too, and in some browsers for good.
    if (!this.#room.live) throw noConnection();
    const { takeOver } = await loadAnswers();
    return this.#begin<Data>(end, await takeOver(this.#room, this.#ports.newId, seq));
  }

  mayOpen(): boolean {
    if (code === undefined && !this.#isLoading) void this.#load();
    return code !== undefined && this.#cancelWait === undefined;
  }

  openLater(waitMs: number): void {
    this.#cancelWait?.();
    this.#cancelWait = this.#ports.clock.after(waitMs, () => this.#open());
  }

  async stop(seq: number): Promise<void> {
    await this.#room.ask({ type: "stop", id: this.#ports.newId(), seq });
  }

  onLive(): void {
    for (const producer of [...this.#producers.values()]) producer.onLive();
  }

  onStop({ seq, by }: Stop): void {
    this.#producers.get(seq)?.onStop(by);
  }

  onStream({ seq, n }: Stream): void {
    this.#producers.get(seq)?.onStream(n);
  }

  /** Returns whether it is the refusal of an append, which is dealt with here. */
  onRefusal(answer: ErrorAnswer, error: RoomsError): boolean {
    if (answer.seq === undefined) return false;
    this.#producers.get(answer.seq)?.onRefusal(error);
    return true;
  }

  /** All that is being written here ends. */
  fail(error: RoomsError): void {
    this.#end = error;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    for (const producer of [...this.#producers.values()]) producer.fail(error);
  }

  /** What waits for the code goes out, or is rejected. */
  async #load(): Promise<void> {
    const { outbox } = this.#room;
    this.#isLoading = true;
    await loadAnswers().catch((error: RoomsError) => {
      for (const entry of outbox.entries)
        if (entry.said.stream && isWaiting(entry)) outbox.discard(entry.id, error);
    });
    this.#isLoading = false;
    this.#open();
  }

  /** What waits may go out. */
  #open(): void {
    this.#cancelWait = undefined;
    this.#room.outbox.flush();
    this.#room.changed();
  }

  /** `before`: what had ended all as it was asked for. */
  async #begin<Data>(before: RoomsError | undefined, start: ProducerStart): Promise<RoomAnswer<Data>> {
    const { beginAnswer } = await loadAnswers();
    if (this.#end !== undefined && this.#end !== before) throw this.#end;
    const producers = this.#producers;
    const { answer, producer } = beginAnswer<Data>(this.#room, this.#ports, start, () => {
      if (producers.get(start.seq) === producer) producers.delete(start.seq);
    });
    // It was taken over from this very page.
    producers.get(start.seq)?.fail(new RoomsError("taken_over", "Another producer has taken this over."));
    producers.set(start.seq, producer);
    return answer;
  }
}
