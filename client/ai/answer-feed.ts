import type { UIMessageChunk } from "ai";
import { RoomsError } from "../index.ts";
import { type ChatRoom, type HeldMessage, storedAt } from "./chat-room.ts";
import { ChunkReader } from "./chunk-reader.ts";

export interface FeedOptions {
  readonly room: ChatRoom;
  /** The answer, once it is there. */
  readonly find: () => HeldMessage | undefined;
  /** The id of the answer in the chat. */
  readonly idOf: (answer: HeldMessage) => string;
  /** Lets go of the answer, which goes on in the room. */
  readonly signal: AbortSignal | undefined;
  readonly onOver: () => void;
}

/**
 * An answer of a room as a stream of chunks. It stays open while the room reconnects, and never just closes: it ends
 * with `finish`, `abort` or an error. It holds the room open until then.
 */
export class AnswerFeed {
  readonly stream: ReadableStream<UIMessageChunk>;
  readonly #options: FeedOptions;
  #controller: ReadableStreamDefaultController<UIMessageChunk> | undefined;
  #answer: { readonly seq: number; readonly reader: ChunkReader } | undefined;
  #wasOpen = false;
  #isStopWanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #releases: readonly (() => void)[];

  constructor(options: FeedOptions) {
    const { room, signal } = options;
    this.#options = options;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#release(),
    });
    const letGo = () => this.letGo();
    signal?.addEventListener("abort", letGo);
    this.#releases = [
      () => signal?.removeEventListener("abort", letGo),
      room.hold(),
      room.subscribe(() => this.#look()),
    ];
  }

  /** Gives out what the room has. The feed may be over at once. */
  start(): void {
    if (this.#options.signal?.aborted) this.letGo();
    else this.#look();
  }

  /** Fails if no answer begins while the room was connected for so long. */
  expectWithin(ms: number): void {
    if (this.#controller === undefined || this.#answer !== undefined) return;
    this.#timer = setTimeout(() => {
      if (this.#options.room.getSnapshot().state.status === "connected")
        this.fail(new Error("No answer began."));
      else this.expectWithin(ms);
    }, ms);
  }

  /** Nothing comes of the question. Without effect once the answer began, which says itself how it ends. */
  failUnlessBegun(error: unknown): void {
    if (this.#answer === undefined) this.fail(error);
  }

  fail(error: unknown): void {
    const controller = this.#controller;
    this.#release();
    controller?.error(error);
  }

  letGo(): void {
    this.fail(new DOMException("The chat let go of the answer, which goes on in the room.", "AbortError"));
  }

  /** Asks who writes the answer to stop; one that has not begun, as soon as it does. */
  async stop(): Promise<void> {
    this.#isStopWanted = this.#answer === undefined;
    if (this.#answer !== undefined) await stopAnswerOf(this.#options.room, this.#answer.seq);
  }

  #look(): void {
    const { room } = this.#options;
    if (this.#controller === undefined) return;
    const { status, error } = room.getSnapshot().state;
    const answer = this.#find();
    const message = answer && storedAt(room, answer.seq);
    if (answer !== undefined && message !== undefined) this.#read(answer.reader, message);
    // While it reconnects the room may begin a new list.
    else if (answer !== undefined && status === "connected")
      this.fail(new TypeError("network: the room does not hold the answer any more."));
    if (status !== "disconnected") this.#wasOpen = true;
    // A room that is held may not have opened yet.
    else if (this.#wasOpen || error !== undefined)
      this.fail(error ?? new RoomsError("closed", "The room was left."));
  }

  #find(): { readonly seq: number; readonly reader: ChunkReader } | undefined {
    const { find, idOf, room } = this.#options;
    if (this.#answer !== undefined) return this.#answer;
    const found = find();
    if (found === undefined) return undefined;
    clearTimeout(this.#timer);
    this.#answer = { seq: found.seq, reader: new ChunkReader(idOf(found)) };
    if (this.#isStopWanted) stopAnswerOf(room, found.seq).catch(() => {});
    return this.#answer;
  }

  #read(reader: ChunkReader, message: HeldMessage): void {
    let isEnd = false;
    const isOwn = isAskedByOwner(this.#options.room, message);
    try {
      for (const read of reader.read(message)) {
        const chunk = isOwn ? read : withoutCalls(read);
        isEnd = chunk.type === "error" || chunk.type === "abort";
        // A chat hears nothing after an error.
        if (isEnd) for (const end of reader.ends()) this.#controller?.enqueue(end);
        this.#controller?.enqueue(chunk);
        if (isEnd) break;
      }
      if (isEnd || reader.isOver) this.#close();
    } catch (error) {
      this.fail(error);
    }
  }

  #close(): void {
    const controller = this.#controller;
    this.#release();
    controller?.close();
  }

  #release(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    clearTimeout(this.#timer);
    for (const release of this.#releases) release();
    this.#releases = [];
    this.#options.onOver();
  }
}

/** Whether the user of this page asked what the message answers. */
function isAskedByOwner(room: ChatRoom, { replyTo }: HeldMessage): boolean {
  const asker = replyTo === undefined ? undefined : storedAt(room, replyTo)?.from?.id;
  return asker !== undefined && asker === room.getSnapshot().user?.id;
}

/** The chat shows the call of a tool and does not make it: another user could have this user's page do what they ask. */
const withoutCalls = (chunk: UIMessageChunk): UIMessageChunk =>
  chunk.type === "tool-input-available" ? { ...chunk, providerExecuted: true } : chunk;

/** An answer that is over need not be stopped. */
export const stopAnswerOf = async (room: ChatRoom, seq: number): Promise<void> => {
  await room.stop(seq).catch((error: unknown) => {
    if (!(error instanceof RoomsError && error.code === "not_open")) throw error;
  });
};
