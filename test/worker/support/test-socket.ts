// One end of a socket: it keeps what came in order, takes batches apart, and lets a test await events by type.

import { eventsIn } from "../../../src/protocol/index.ts";

/** A frame as it came, or one event of a batch. */
export type Frame = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Closed {
  readonly code: number;
  /** The close without its text, which is in `closeWords`: the code, and the time to wait if there is one. */
  readonly reason: string;
}

interface Waiter {
  readonly fits: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
}

/** Long enough for a busy machine; a test that reaches it has failed. */
const PATIENCE_MS = 30_000;

/** A frame may come as bytes to those who asked. */
export const textOfFrame = (data: string | ArrayBuffer): string =>
  typeof data === "string" ? data : new TextDecoder().decode(data);

export class TestSocket {
  /** Everything that ever came, in order. `replay` is set on events of a replay batch. */
  readonly received: Frame[] = [];
  /** The frames as text. */
  readonly texts: string[] = [];
  /** How many of them came as bytes. */
  binaries = 0;
  readonly closed: Promise<Closed>;
  /** The text of the close reason after its code, or an empty string. */
  readonly closeWords: Promise<string>;
  readonly #socket: WebSocket;
  #waiters: Waiter[] = [];
  /** The events that were not awaited yet. */
  #unread: Frame[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") this.binaries += 1;
      this.#take(textOfFrame(data));
    });
    socket.binaryType = "arraybuffer";
    const closed = new Promise<Closed>((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    this.closed = closed.then(({ code, reason }) => ({ code, reason: reason.split(": ", 1).join() }));
    this.closeWords = closed.then(({ reason }) => reason.split(": ").slice(1).join(": "));
    socket.accept();
  }

  send(frame: unknown): void {
    this.#socket.send(
      typeof frame === "string" || frame instanceof ArrayBuffer ? frame : JSON.stringify(frame),
    );
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** The next event of `type` that was not awaited yet; what came before it stays readable in `received`. */
  next(type: string, fits: (frame: Frame) => boolean = () => true): Promise<Frame> {
    return this.#await((frame) => frame.type === type && fits(frame), type);
  }

  /** As `next`, of any type. `what`: for the error. */
  nextOf(fits: (frame: Frame) => boolean, what: string): Promise<Frame> {
    return this.#await(fits, what);
  }

  /** Sends a command and awaits its answer, `ok` or `error`. */
  async ask(command: { readonly id: string } & Readonly<Record<string, unknown>>): Promise<Frame> {
    const answer = this.#await(
      (frame) =>
        (frame.type === "ok" || frame.type === "error" || frame.type === "pong") && frame.id === command.id,
      `answer to ${command.id}`,
    );
    this.send(command);
    return answer;
  }

  /** Settles when everything sent before has taken effect and its results for this socket have come. */
  async settled(): Promise<void> {
    await this.ask({ type: "ping", id: `settled-${crypto.randomUUID()}` });
  }

  /** Sends a heartbeat, which the runtime answers. */
  async beats(): Promise<this> {
    this.send('{"type":"ping"}');
    await this.next("pong", ({ id }) => id === undefined);
    return this;
  }

  ofType(type: string): Frame[] {
    return this.received.filter((frame) => frame.type === type);
  }

  #await(fits: (frame: Frame) => boolean, what: string): Promise<Frame> {
    const waiting = this.#unread.find(fits);
    if (waiting !== undefined) {
      this.#unread = this.#unread.filter((frame) => frame !== waiting);
      return Promise.resolve(waiting);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`nothing came: ${what}; got ${this.texts.slice(-5).join(" ").slice(0, 2_000)}`));
      }, PATIENCE_MS);
      this.#waiters.push({
        fits,
        resolve: (frame) => {
          clearTimeout(timer);
          resolve(frame);
        },
      });
    });
  }

  #take(text: string): void {
    this.texts.push(text);
    const frame: unknown = JSON.parse(text);
    if (!isFrame(frame)) throw new Error(`not a frame: ${text}`);
    const events = frame.type === "batch" ? eventsIn(frame).filter(isFrame) : [frame];
    // The fields of a batch apply to all events in it.
    const { replay, room } = frame;
    const shared = { ...(replay === true && { replay }), ...(room !== undefined && { room }) };
    for (const event of events) this.#deliver({ ...event, ...shared });
  }

  #deliver(frame: Frame): void {
    this.received.push(frame);
    const waiter = this.#waiters.find(({ fits }) => fits(frame));
    if (waiter === undefined) this.#unread.push(frame);
    else {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.resolve(frame);
    }
  }
}

const isFrame = (value: unknown): value is Frame =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
