// The far ends of the client's sockets. A test plays the server: it reads `sent` and answers with `deliver`. Frames are
// plain objects, so a new kind of frame needs nothing here.

import type { Socket, SocketEvents } from "../../../../client/util/ports.ts";
import { PING_FRAME, PONG_FRAME } from "../../../../src/protocol/index.ts";

export type Frame = Readonly<Record<string, unknown>>;

export class FakeSocket implements Socket {
  readonly url: URL;
  protocols: readonly string[];
  /** Every text, heartbeats included. */
  readonly texts: string[] = [];
  /** Set once the client closed it. */
  closedWith: number | undefined;
  /** As the runtime does. */
  answersPings = true;
  /** Answers what a client asks by itself once it is live, like a room without unread messages. */
  answersAsks = false;
  /** Called for every command, each of a batch with its `room`. */
  onCommand: (command: Frame) => void = () => {};
  onClosed: (code: number) => void = () => {};
  readonly #events: SocketEvents;

  constructor(url: string, protocols: readonly string[], events: SocketEvents) {
    this.url = new URL(url);
    this.protocols = protocols;
    this.#events = events;
  }

  get pings(): number {
    return this.texts.filter((text) => text === PING_FRAME).length;
  }

  /** Commands in order, batches unwrapped, without what a client sends by itself. */
  get commands(): Frame[] {
    return this.#all.filter((command) => !isAsk(command));
  }

  get #all(): Frame[] {
    return this.texts.filter((text) => text !== PING_FRAME).flatMap(commandsIn);
  }

  sentOf(type: string): Frame[] {
    return this.#all.filter((command) => command.type === type);
  }

  send(text: string): void {
    this.texts.push(text);
    if (text === PING_FRAME) {
      if (this.answersPings) queueMicrotask(() => this.deliverText(PONG_FRAME));
      return;
    }
    for (const command of commandsIn(text)) this.onCommand(command);
    if (!this.answersAsks) return;
    for (const { id } of commandsIn(text).filter(isAsk)) {
      queueMicrotask(() => this.deliver({ type: "ok", id, seq: 0, unread: 0 }));
    }
  }

  close(code: number): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = code;
    this.onClosed(code);
  }

  open(): void {
    this.#events.onOpen();
  }

  deliver(...frames: Frame[]): void {
    for (const frame of frames) this.#events.onText(JSON.stringify(frame));
  }

  deliverText(text: string): void {
    this.#events.onText(text);
  }

  /** Closes from the server's side, or by the network. */
  end(code: number, reason = ""): void {
    this.#events.onClose(code, reason);
  }
}

function commandsIn(text: string): Frame[] {
  const frame: Frame = JSON.parse(text);
  const { room } = frame;
  if (!Array.isArray(frame.commands)) return [frame];
  return room === undefined ? frame.commands : frame.commands.map((command) => ({ ...command, room }));
}

const isAsk = ({ type, seq }: Frame): boolean => type === "read" && seq === 0;

export class FakeSockets {
  readonly all: FakeSocket[] = [];
  /** The settings of every later socket. */
  answerAsks = false;
  onDial: (socket: FakeSocket) => void = () => {};

  readonly dial = (url: string, protocols: string[], events: SocketEvents): FakeSocket => {
    const socket = new FakeSocket(url, protocols, events);
    socket.answersAsks = this.answerAsks;
    this.all.push(socket);
    this.onDial(socket);
    return socket;
  };

  get last(): FakeSocket {
    const last = this.all.at(-1);
    if (last === undefined) throw new Error("nothing was dialed");
    return last;
  }

  get count(): number {
    return this.all.length;
  }
}
