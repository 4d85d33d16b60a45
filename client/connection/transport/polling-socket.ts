// A socket made of HTTP calls, for networks that let no WebSocket through. One call waits for frames, another one brings
// what is sent. The server keeps each frame until a call says that it came, so frames come once and in their order,
// whatever becomes of an answer. A call that fails ends the connection, as a socket ends: the reconnect loop goes on.

import {
  type CommandsHead,
  closeCode,
  closeReason,
  isRecord,
  type JsonObject,
  MAX_BATCH_COMMANDS,
  MAX_FRAME_BYTES,
  PING_FRAME,
  PONG_FRAME,
  type PollHead,
  parseJson,
  utf8Length,
} from "../../../src/protocol/index.ts";
import type { Socket, SocketEvents } from "../../util/ports.ts";
import { parseError } from "../../util/wire.ts";

const LEFT = 1000;
const LOST = 1006;
/** Browsers let 64 KiB go out when a page ends; with more they refuse the call. */
const MAX_KEPT_ALIVE = 16_000;

export interface PostInit {
  readonly signal?: AbortSignal;
  /** It goes out although the page ends. */
  readonly keepalive?: boolean;
}

/** The right to let one call wait. */
export interface PollTurn {
  readonly waitS: number;
  done(how: "answered" | "failed"): void;
}

/** The calls of one client, as its sockets share them. */
export interface PollingCalls {
  /** At the pace that is allowed. Rejects where there is no answer. */
  post(url: string, body: string, init: PostInit): Promise<Response>;
  /** `isShort`: it waits beside the others, as it soon takes the place of one, or is answered. */
  turn(isShort: boolean): Promise<PollTurn>;
  onOpen(): void;
  /** It has ended, or its client has left, whereupon the last call goes out by itself. */
  onEnd(socket: PollingSocket): void;
}

/** Why the connection ended, as a socket reports it. */
class Closed extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason = "") {
    super();
    this.code = code;
    this.reason = reason;
  }
}

export class PollingSocket implements Socket {
  readonly #url: string;
  readonly #events: SocketEvents;
  readonly #calls: PollingCalls;
  readonly #over = new AbortController();
  #stage: "opening" | "open" | "leaving" = "opening";
  /** As the server names it; empty until the first answer. */
  #connection = "";
  /** Frames that came. */
  #received = 0;
  /** Calls that brought something. */
  #number = 0;
  #queue: string[] = [];
  #isSending = false;
  /** The latest call for frames: what an earlier one brings may have come already. */
  #latest = 0;
  #isWaiting = false;
  #owedPongs = 0;

  /** `url`: of the socket in whose place it stands. */
  constructor(url: string, events: SocketEvents, calls: PollingCalls) {
    this.#url = url.replace(/^ws/, "http");
    this.#events = events;
    this.#calls = calls;
    void this.#poll(false);
  }

  send(text: string): void {
    if (text === PING_FRAME) this.beat();
    else {
      this.#queue.push(text);
      void this.#flush();
    }
  }

  /** What was gathered goes out first, also as the page ends. */
  close(code: number): void {
    if (this.#isOver) return;
    // Else the member would be shown for a moment.
    if (code === LEFT) {
      this.#stage = "leaving";
      this.#calls.onEnd(this);
    }
    void this.#flush();
    if (code !== LEFT) this.#end();
  }

  /** The server answers the call that waits when the next one comes: that is the pong. */
  beat(): void {
    this.#owedPongs += 1;
    if (this.#isWaiting) void this.#poll(true);
  }

  /** Ends it as lost. */
  drop(code: number): void {
    this.#fail(new Closed(code));
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async #poll(isBeat: boolean): Promise<void> {
    this.#latest += 1;
    const at = this.#latest;
    // The first one is answered soon.
    const turn = await this.#calls.turn(isBeat || this.#connection === "");
    if (this.#isOver || at !== this.#latest) return turn.done("answered");
    const from = this.#received;
    this.#isWaiting = this.#connection !== "";
    try {
      const lines = await this.#wait(turn);
      if (at === this.#latest) this.#isWaiting = false;
      this.#take(lines, from);
    } catch (cause) {
      // Of one that was overtaken nothing is missed: the next one brings the same, or says the same.
      if (at === this.#latest) this.#fail(cause);
    }
    if (!this.#isOver && this.#stage !== "leaving" && at === this.#latest) void this.#poll(false);
  }

  /** Gives the turn back once, whatever the answer says. */
  async #wait(turn: PollTurn): Promise<string[]> {
    let isAnswered = false;
    try {
      const lines = await this.#post("poll", [this.#pollHead(turn.waitS)]);
      isAnswered = true;
      return lines;
    } finally {
      turn.done(isAnswered || this.#isOver ? "answered" : "failed");
    }
  }

  #pollHead(wait: number): PollHead {
    if (this.#connection === "") return { wait: Math.min(wait, OPEN_WITHIN_S) };
    return { connection: this.#connection, received: this.#received, wait };
  }

  #take(lines: readonly string[], from: number): void {
    const last = lastLine(lines);
    if (last.type === "polled") this.#connection = String(last.connection);
    if (this.#stage === "opening") {
      this.#stage = "open";
      this.#calls.onOpen();
      this.#events.onOpen();
    }
    for (const line of lines.slice(this.#received - from, -1)) {
      if (this.#isOver) return;
      this.#received += 1;
      this.#events.onText(line);
    }
    if (last.type === "closed") throw new Closed(Number(last.code), String(last.reason));
    this.#pong();
    void this.#flush();
  }

  #pong(): void {
    for (; this.#owedPongs > 0 && !this.#isOver; this.#owedPongs--) this.#events.onText(PONG_FRAME);
  }

  /** One call at a time, as commands take effect in their order. */
  async #flush(): Promise<void> {
    const leaves = this.#stage === "leaving";
    const isIdle = this.#queue.length === 0 && !leaves;
    if (isIdle || this.#isSending || this.#isOver || this.#connection === "") return;
    this.#isSending = true;
    const frames = this.#nextFrames();
    this.#number += 1;
    const isLast = leaves && this.#queue.length === 0;
    const head: CommandsHead = {
      connection: this.#connection,
      number: this.#number,
      ...(isLast && { leave: true }),
    };
    try {
      await this.#post("commands", [head, ...frames]);
    } catch (cause) {
      this.#fail(cause);
    }
    this.#isSending = false;
    if (isLast) this.#end();
    else void this.#flush();
  }

  /** As many frames as one call may bring. */
  #nextFrames(): string[] {
    let bytes = 0;
    const end = this.#queue.findIndex((text, at) => {
      bytes += utf8Length(text) + 1;
      return at > 0 && (bytes > MAX_FRAME_BYTES || at === MAX_BATCH_COMMANDS);
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  /** The lines of the answer. */
  async #post(what: string, [head, ...frames]: readonly [object, ...string[]]) {
    const body = [JSON.stringify(head), ...frames].join("\n");
    const init =
      what === "poll" ? { signal: this.#over.signal } : { keepalive: body.length < MAX_KEPT_ALIVE };
    const response = await this.#calls.post(this.#urlOf(what), body, init);
    const text = await response.text();
    if (response.ok) return text.split("\n");
    const value = parseJson(text);
    const error = isRecord(value) && isRecord(value.error) ? parseError(value.error) : undefined;
    // An answer of something on the way, or of a server that has forgotten this connection.
    if (error === undefined || error.code === "not_found") throw new Closed(LOST);
    throw new Closed(closeCode(error.code), closeReason(error));
  }

  /** The address stays the same once it is open, so that a browser asks only once whether it may call it. */
  #urlOf(what: string): string {
    const [path = "", query = ""] = this.#url.split("?");
    const isOpening = this.#connection === "" && query !== "";
    return path.replace(/connect$/, what) + (isOpening ? `?${query}` : "");
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return;
    const { code, reason } = cause instanceof Closed ? cause : new Closed(LOST);
    const isLeaving = this.#stage === "leaving";
    this.#end();
    if (!isLeaving) this.#events.onClose(code, reason);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#over.abort();
    this.#calls.onEnd(this);
  }
}

/** In seconds: so soon it is known whether calls are answered. */
const OPEN_WITHIN_S = 10;

/** Says how the connection goes on. Throws where the answer broke off before it. */
function lastLine(lines: readonly string[]): JsonObject {
  const last = parseJson(lines.at(-1) ?? "");
  if (isRecord(last) && (last.type === "polled" || last.type === "closed")) return last;
  throw new Closed(LOST);
}
