// A room as `RoomChatTransport` sees it, whose answers a test writes. What changes is heard a microtask later.

import type { AnyRoomMessage, ChatRoom, HeldMessage } from "../../client/ai/chat-room.ts";
import { type ConnectionState, RoomsError } from "../../client/index.ts";
import type { StreamLine } from "../../src/protocol/index.ts";
import { after, OPENED } from "./streamed-answer.ts";

const CONNECTED: ConnectionState = { status: "connected", since: 0 };
const RECONNECTING: ConnectionState = {
  status: "reconnecting",
  attempt: 1,
  retryAt: 0,
  error: new RoomsError("offline"),
};

export class FakeChatRoom implements ChatRoom {
  readonly name = "lobby";
  state: ConnectionState = CONNECTED;
  messages: readonly AnyRoomMessage[] = [];
  head = 0;
  holds = 0;
  readonly stops: number[] = [];
  readonly sent: unknown[] = [];
  /** Why nothing can be sent. */
  refusal: RoomsError | undefined;
  readonly #listeners = new Set<() => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  readonly getSnapshot = () => ({
    state: this.state,
    user: { id: "ada" },
    permission: "write" as const,
    head: this.head,
    messages: this.messages,
    members: [],
    occupancy: { members: 1, connections: 1 },
    typing: [],
    unread: 0,
    outbox: [],
  });

  readonly latest = (count: number) => (count === 0 ? [] : this.messages.slice(-count));

  readonly subscribe = (fn: () => void) => {
    const listener = () => fn();
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly hold = () => {
    this.holds += 1;
    return () => {
      this.holds -= 1;
    };
  };

  async send(data: unknown, { key: id = `id-${this.head}` }: { readonly key?: string } = {}) {
    if (this.refusal !== undefined) throw this.refusal;
    this.sent.push(data);
    const { seq, at } = this.say({ data, id });
    return { seq, at, id };
  }

  async edit(seq: number, data: unknown) {
    this.#replace(seq, { data });
  }

  async stop(seq: number) {
    this.stops.push(seq);
  }

  /** A message of anybody. */
  say(fields: Partial<HeldMessage>): HeldMessage {
    this.head += 1;
    const message: HeldMessage = {
      ...{ type: "message", seq: this.head, id: `m${this.head}`, event: "chat", from: { id: "ada" }, at: 0 },
      data: null,
      ...fields,
    };
    this.messages = [...this.messages, Object.freeze(message)];
    this.changed();
    return message;
  }

  /** The opening of an answer, by server code. */
  open(replyTo: number): number {
    return this.say({ from: null, replyTo, ...OPENED }).seq;
  }

  /** One append, or the end. */
  write(seq: number, line: StreamLine): void {
    const data = { text: "", ...Object(this.messages.find((message) => message.seq === seq)?.data) };
    this.#replace(seq, after({ data, stream: "open" }, line));
  }

  interrupt(seq: number): void {
    this.#replace(seq, { stream: "interrupted" });
  }

  disconnect(): void {
    this.state = RECONNECTING;
    this.changed();
  }

  connect(): void {
    this.state = CONNECTED;
    this.changed();
  }

  end(error: RoomsError): void {
    this.state = { status: "disconnected", error };
    this.changed();
  }

  forget(): void {
    this.messages = [];
    this.changed();
  }

  changed(): void {
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #replace(seq: number, fields: Partial<HeldMessage>): void {
    this.messages = this.messages.map((message) =>
      message.seq === seq && message.pending !== true ? Object.freeze({ ...message, ...fields }) : message,
    );
    this.changed();
  }
}
