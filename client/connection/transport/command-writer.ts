import {
  type Command,
  exceedsBytes,
  MAX_BATCH_COMMANDS,
  MAX_FRAME_BYTES,
  utf8Length,
} from "../../../src/protocol/index.ts";
import type { Cancel, Clock } from "../../util/ports.ts";

const BATCH_HEAD = '{"type":"batch","commands":[';
const BATCH_TAIL = "]}";

/** Gathers commands for a moment and sends them in as few frames as the bounds allow, in their order. */
export class CommandWriter {
  readonly #clock: Clock;
  readonly #batchMs: number;
  readonly #send: (frame: string) => void;
  readonly #frameBytes: number;
  #gathered: string[] = [];
  #cancelFlush: Cancel | undefined;

  /** `frameBytes` bounds each frame; the server's own limit where left out. */
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

  /** `false`: larger than any frame may be, and not sent. */
  write(command: Command): boolean {
    const text = JSON.stringify(command);
    if (exceedsBytes(text, this.#frameBytes)) return false;
    this.#gathered.push(text);
    this.#cancelFlush ??= this.#clock.after(this.#batchMs, () => this.flush());
    return true;
  }

  flush(): void {
    const texts = this.#gathered;
    this.discard();
    for (const frame of frames(texts, this.#frameBytes)) this.#send(frame);
  }

  discard(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#gathered = [];
  }
}

function* frames(texts: readonly string[], frameBytes: number): Generator<string> {
  const room = frameBytes - BATCH_HEAD.length - BATCH_TAIL.length;
  let gathered: string[] = [];
  let bytes = 0;
  for (const text of texts) {
    // One more for the comma.
    const size = utf8Length(text) + 1;
    if (gathered.length > 0 && (gathered.length === MAX_BATCH_COMMANDS || bytes + size > room)) {
      yield frame(gathered);
      gathered = [];
      bytes = 0;
    }
    gathered.push(text);
    bytes += size;
  }
  if (gathered.length > 0) yield frame(gathered);
}

const frame = (texts: readonly string[]): string =>
  texts.length > 1 ? BATCH_HEAD + texts.join(",") + BATCH_TAIL : texts.join("");
