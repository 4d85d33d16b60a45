import type { UIMessageChunk } from "ai";
import { isRecord, type JsonObject, type Message, type StreamState } from "../../src/protocol/index.ts";
import { declared } from "../events/declared.ts";
import { type AnyChunk, chunkIn, entryIn, entryKey, openingOf, SUPERSEDED } from "./entry.ts";

/** What is read of a room's message. */
export type ReadableMessage = Pick<Message, "data" | "stream" | "field" | "deletedAt">;

/** Of an answer that was not written by `toStreamLines`: it is one text. */
const PLAIN_TEXT = { type: "text-start", id: "text" };

const FAILED = "The answer failed.";
const INTERRUPTED = "The answer was interrupted: nothing more came of it for too long.";

/**
 * Makes chunks of a UI message stream of a room's message that grows, from its beginning. Each `read` answers those
 * that are new. Where appends were joined, so are the deltas. A message that knows nothing of the AI SDK is one text.
 *
 * If the message goes on differently than before (its producer crashed, another one took over, or `finish` replaced
 * it), the parts are taken back (`reset-step`) and made anew. `read` throws a `TypeError` of the network where that
 * cannot be said, which is in a later step: a chat that resumes then begins again.
 */
export class ChunkReader {
  readonly #messageId: string;
  #form: "unknown" | "entries" | "plain" = "unknown";
  /** The text of the message that was given out. */
  #text = "";
  /** The next entry, and what stood in the last one. */
  #next = 0;
  #last: unknown;
  /** Pieces of an entry that goes on. */
  #json = "";
  /** The text part that text belongs to. */
  #current: unknown;
  readonly #open = new Map<string, AnyChunk>();
  #hasStarted = false;
  #steps = 0;
  /** Nothing is given out but the start of the first step, so `reset-step` takes all back. */
  #isInFirstStep = true;
  #hasParts = false;
  /** It is made anew: these stand already. */
  #given = new Set<string>();
  #end: "finish" | "abort" | "error" | undefined;
  #isOver = false;

  /** `messageId` stands in each `start`, whatever the stream itself says: members cannot name a message of others. */
  constructor(messageId: string) {
    this.#messageId = messageId;
  }

  /** The message has ended, and all of it was read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  *read(message: ReadableMessage): Generator<UIMessageChunk, void> {
    if (this.#isOver) return;
    const { data, stream = "complete", field = "text", deletedAt } = message;
    const fields = isRecord(data) ? data : {};
    const value = fields[field];
    const text = typeof value === "string" ? value : "";
    const isOpen = stream === "open" && deletedAt === undefined;
    if (this.#differs(text, fields)) {
      if (isOpen && this.#isAhead(text, fields)) return;
      yield* this.#restart();
    }
    if (this.#form === "unknown") this.#form = formOf(text, fields);
    if (this.#form === "entries") yield* this.#readEntries(text, fields, isOpen);
    if (this.#form === "plain") yield* this.#readPlain(text);
    if (!isOpen) yield* this.#finish(deletedAt === undefined ? stream : "cancelled");
  }

  /** What ends the parts that are open, so that none of them stays "streaming" for ever. */
  *ends(): Generator<UIMessageChunk, void> {
    for (const end of this.#open.values()) yield declared<AnyChunk, UIMessageChunk>(end);
    this.#open.clear();
  }

  *#readEntries(text: string, fields: JsonObject, isOpen: boolean): Generator<UIMessageChunk, void> {
    for (;;) {
      const value = fields[entryKey(this.#next)];
      if (value === undefined) break;
      const entry = entryIn(value);
      if (entry !== undefined && entry.at > text.length && isOpen) return;
      this.#next += 1;
      this.#last = value;
      if (value === SUPERSEDED) this.#json = "";
      if (entry === undefined) continue;
      yield* this.#giveText(text.slice(0, entry.at));
      // The AI SDK keeps what it is given in its message, and writes to it.
      if ("chunk" in entry) yield* this.#give(structuredClone(entry.chunk));
      else {
        this.#json += entry.json;
        if (entry.more) continue;
        const chunk = chunkIn(this.#json);
        this.#json = "";
        if (chunk !== undefined) yield* this.#give(chunk);
      }
    }
    yield* this.#giveText(text);
  }

  *#readPlain(text: string): Generator<UIMessageChunk, void> {
    if (this.#current === undefined && text !== "") yield* this.#give(PLAIN_TEXT);
    yield* this.#giveText(text);
  }

  *#giveText(upTo: string): Generator<UIMessageChunk, void> {
    const delta = upTo.slice(this.#text.length);
    if (delta === "") return;
    this.#text = upTo;
    if (this.#current !== undefined) yield* this.#give({ type: "text-delta", id: this.#current, delta });
  }

  *#give(chunk: AnyChunk): Generator<UIMessageChunk, void> {
    const { type } = chunk;
    if (!this.#hasStarted && type !== "start") yield* this.#give({ type: "start" });
    if (this.#given.delete(type)) return;
    this.#notice(chunk);
    if (type === "start") yield { ...chunk, type, messageId: this.#messageId };
    else if (!isMarker(chunk)) yield declared<AnyChunk, UIMessageChunk>(chunk);
  }

  #notice(chunk: AnyChunk): void {
    const { type, id } = chunk;
    const opening = openingOf(chunk);
    if (opening?.opens) this.#open.set(opening.name, opening.end);
    else if (opening !== undefined) this.#open.delete(opening.name);
    if (type === "text-start" || type === "text-delta") this.#current = id;
    if (type === "reset-step") this.#open.clear();
    if (type === "finish" || type === "abort" || type === "error") this.#end = type;
    if (type === "start") this.#hasStarted = true;
    else if (type === "start-step") {
      this.#steps += 1;
      if (this.#steps > 1 || this.#hasParts) this.#isInFirstStep = false;
    } else this.#hasParts = true;
  }

  #differs(text: string, fields: JsonObject): boolean {
    if (!text.startsWith(this.#text)) return true;
    return this.#next > 0 && !isSame(fields[entryKey(this.#next - 1)], this.#last);
  }

  /** The message has less than was given out, and nothing else: after a crash, until the rest is sent again. */
  #isAhead(text: string, fields: JsonObject): boolean {
    if (!this.#text.startsWith(text)) return false;
    const last = fields[entryKey(this.#next - 1)];
    return this.#next === 0 || last === undefined || isSame(last, this.#last);
  }

  *#restart(): Generator<UIMessageChunk, void> {
    if (!this.#isInFirstStep) throw new TypeError("network: the answer goes on differently than before.");
    this.#form = "unknown";
    this.#text = "";
    this.#next = 0;
    this.#last = undefined;
    this.#json = "";
    this.#current = undefined;
    this.#end = undefined;
    yield* this.#give({ type: "reset-step" });
    this.#given = new Set(this.#steps > 0 ? ["start", "start-step"] : ["start"]);
  }

  *#finish(status: StreamState): Generator<UIMessageChunk, void> {
    this.#isOver = true;
    if (!this.#hasStarted) yield* this.#give({ type: "start" });
    yield* this.ends();
    // One that said that it is whole may still have failed.
    if (this.#end !== undefined && !(this.#end === "finish" && status === "failed")) return;
    if (status === "cancelled") yield { type: "abort" };
    else if (status === "failed") yield { type: "error", errorText: FAILED };
    else if (status === "interrupted") yield { type: "error", errorText: INTERRUPTED };
    else yield { type: "finish" };
  }
}

const formOf = (text: string, fields: JsonObject) => {
  if (fields[entryKey(0)] !== undefined) return "entries";
  return text === "" ? "unknown" : "plain";
};

/** Only says to which part the text that follows belongs. */
const isMarker = (chunk: AnyChunk): boolean =>
  chunk.type === "text-delta" && chunk.delta === "" && Object.keys(chunk).length === 3;

/** Whether an entry is the one that was read; it may have been superseded since. */
const isSame = (now: unknown, read: unknown): boolean =>
  now === read || now === SUPERSEDED || JSON.stringify(now) === JSON.stringify(read);
