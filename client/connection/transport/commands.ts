// The commands of one connection: gathered into frames on their way out, and awaited until their answers come.

import {
  type Answer,
  COMMAND_TIMEOUT_MS,
  type Command,
  MAX_BATCH_COMMANDS,
  MAX_FRAME_BYTES,
} from "../../../src/protocol/index.ts";
import type { Cancel, Clock } from "../../util/ports.ts";

const BATCH_TAIL = "]}";

/** Names one room of a session; `undefined`: the command is for the owner of the socket. */
type Room = string | undefined;

interface Gathered {
  readonly room: Room;
  readonly text: string;
  /** Of a signal: those that are alike are about the same thing, so the last one tells all. */
  readonly kind: string | false;
}

/** `true`: it goes out; `"instead"`: in the place of one that was counted; `false`: larger than any frame may be. */
export type Written = boolean | "instead";

/**
 * Gathers commands for a moment and sends them in their order, in as few frames as the bounds allow. Of signals of one
 * event to the same receivers only the last one goes.
 */
export class CommandWriter {
  readonly #clock: Clock;
  readonly #batchMs: number;
  readonly #send: (frame: string) => void;
  readonly #frameBytes: number;
  #gathered: Gathered[] = [];
  #cancelFlush: Cancel | undefined;

  /** `frameBytes` bounds each frame. Default: the limit of the server. */
  constructor(
    clock: Clock,
    batchMs: number,
    send: (frame: string) => void,
    frameBytes: number = MAX_FRAME_BYTES,
  ) {
    this.#frameBytes = frameBytes;
    this.#clock = clock;
    this.#batchMs = batchMs;
    this.#send = send;
  }

  write(command: Command, room?: string): Written {
    const text = JSON.stringify(command);
    if (bytesOf(head(room) + text.slice(1)) > this.#frameBytes) return false;
    // No name of an event has a comma.
    const kind = command.type === "signal" && [room, command.event, command.to].join();
    const { length } = this.#gathered;
    if (kind) this.#gathered = this.#gathered.filter((other) => other.kind !== kind);
    const isInstead = this.#gathered.length < length;
    // It comes after what was said since the one that it replaces.
    this.#gathered.push({ room, text, kind });
    this.#cancelFlush ??= this.#clock.after(this.#batchMs, () => this.flush());
    return isInstead ? "instead" : true;
  }

  flush(): void {
    const gathered = this.#gathered;
    this.discard();
    for (const frame of frames(gathered, this.#frameBytes)) this.#send(frame);
  }

  discard(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#gathered = [];
  }
}

/** Consecutive commands for one room share a frame, which names the room once. */
function* frames(gathered: readonly Gathered[], frameBytes: number): Generator<string> {
  let room: Room;
  let texts: string[] = [];
  let bytes = 0;
  for (const next of gathered) {
    // One more for the comma.
    const size = bytesOf(next.text) + 1;
    const isFull = texts.length === MAX_BATCH_COMMANDS || bytes + size > frameBytes;
    if (texts.length > 0 && (isFull || next.room !== room)) {
      yield frame(room, texts);
      texts = [];
    }
    if (texts.length === 0) bytes = bytesOf(batchHead(next.room) + BATCH_TAIL);
    room = next.room;
    texts.push(next.text);
    bytes += size;
  }
  if (texts.length > 0) yield frame(room, texts);
}

const frame = (room: Room, texts: readonly string[]): string =>
  texts.length > 1 ? batchHead(room) + texts.join(",") + BATCH_TAIL : head(room) + texts.join("").slice(1);

const encoder = new TextEncoder();
export const bytesOf = (text: string): number => encoder.encode(text).length;

/** The beginning of an object that names the room first. */
const head = (room: Room): string => (room === undefined ? "{" : `{"room":${JSON.stringify(room)},`);
const batchHead = (room: Room): string => `${head(room)}"type":"batch","commands":[`;

/** `undefined`: the connection was lost, and it cannot be known whether the command took effect. */
export type OnAnswer = (answer: Answer | undefined) => void;

interface Pending {
  readonly onAnswer: OnAnswer;
  readonly cancelTimer: Cancel;
}

/**
 * The commands of one connection that wait for their answers. An answer is delivered while its frame is handled, not a
 * turn later: the `ok` of an unechoed `send` stands in the place of its event.
 */
export class PendingAnswers {
  readonly #clock: Clock;
  readonly #onTimeout: () => void;
  readonly #pending = new Map<string | undefined, Pending>();

  constructor(clock: Clock, onTimeout: () => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  expect(id: string, onAnswer: OnAnswer): void {
    // Tabs that share send again what another connection of theirs has under way.
    this.#pending.get(id)?.cancelTimer();
    const cancelTimer = this.#clock.after(COMMAND_TIMEOUT_MS, this.#onTimeout);
    this.#pending.set(id, { onAnswer, cancelTimer });
  }

  /** `false`: no command waits for it. */
  settle(answer: Answer): boolean {
    return this.#settle(answer.id, answer);
  }

  lose(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, undefined);
  }

  #settle(id: string | undefined, answer: Answer | undefined): boolean {
    const pending = this.#pending.get(id);
    if (pending === undefined) return false;
    this.#pending.delete(id);
    pending.cancelTimer();
    pending.onAnswer(answer);
    return true;
  }
}
