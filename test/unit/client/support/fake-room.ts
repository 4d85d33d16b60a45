// One room of a server as the protocol describes it, small enough to be read at a glance: an ordered log, ids
// recognised by memory or `retryOf`, replays in pages. It says what it has to say into queues; whoever drives it
// decides what arrives. To extend: a command is a case in `#onCommand`.

import { type Message, parseCursor } from "../../../../src/protocol/index.ts";
import type { FakeSocket, Frame } from "./fake-sockets.ts";
import { connected } from "./frames.ts";

/** Small, so that pages are common. */
const PAGE = 4;

type LogFrame = Frame & { readonly seq: number };

export interface RoomFaults {
  /** A code to refuse the next send with. */
  refuse(): string | undefined;
  /** Leaves an event out for one connection. */
  skip(): boolean;
}

interface Connection {
  readonly socket: FakeSocket;
  readonly user: string;
  read: number;
  paging: boolean;
  readonly outgoing: Frame[];
}

export class FakeRoom {
  readonly #faults: RoomFaults;
  readonly #retention: number;
  readonly #messages = new Map<number, Message>();
  readonly #connections = new Set<Connection>();
  /** By author and id; forgotten when the room sleeps. */
  #recent = new Map<string, Message>();
  #head = 0;

  constructor(faults: RoomFaults, retention: number) {
    this.#faults = faults;
    this.#retention = retention;
  }

  get head(): number {
    return this.#head;
  }

  get floor(): number {
    return Math.max(0, this.#head - this.#retention);
  }

  /** Everything ever stored, as it is now. */
  get messages(): readonly Message[] {
    return [...this.#messages.values()];
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  accept(socket: FakeSocket, user: string): void {
    const connection = { socket, user, read: 0, paging: false, outgoing: [] };
    this.#connections.add(connection);
    this.#greet(connection);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  sleep(): void {
    this.#recent = new Map();
  }

  /** Takes the next text that the client sent. */
  receive(connection: Connection): void {
    const text = connection.socket.texts[connection.read];
    if (text === undefined) return;
    connection.read += 1;
    const frame: Frame = JSON.parse(text);
    for (const command of Array.isArray(frame.commands) ? frame.commands : [frame]) {
      this.#onCommand(connection, command);
    }
  }

  change(pick: (among: readonly Message[]) => Message | undefined, kind: "delete" | "react"): void {
    const message = pick(this.messages.filter(({ seq, deletedAt }) => seq > this.floor && !deletedAt));
    if (message === undefined) return;
    const seq = ++this.#head;
    if (kind === "delete") {
      const { reactions: _, ...rest } = message;
      this.#messages.set(message.seq, { ...rest, data: null, deletedAt: seq, changed: seq });
      this.#publish({ type: "messageDeleted", seq, at: seq, target: message.seq, by: null });
    } else {
      this.#messages.set(message.seq, { ...message, reactions: { "👍": ["usr_9"] }, changed: seq });
      const reaction = { emoji: "👍", user: "usr_9", op: "add" };
      this.#publish({ type: "reaction", seq, at: seq, target: message.seq, ...reaction });
    }
  }

  #greet(connection: Connection): void {
    const cursor = parseCursor(connection.socket.url.searchParams.get("since") ?? "");
    const known = cursor !== undefined && cursor.seq >= this.floor && cursor.seq <= this.#head;
    const missed = known ? this.#replay(cursor.seq) : [];
    const latest = () => this.#replay(this.floor).slice(-PAGE);
    const recovery = !cursor ? "none" : !known ? "lost" : missed.length > PAGE ? "partial" : "complete";
    const { head } = this;
    const user = { id: connection.user };
    connection.outgoing.push(connected({ head, floor: this.floor, recovery, user }));
    const events = known ? missed.slice(0, PAGE) : latest();
    if (events.length > 0) connection.outgoing.push({ type: "batch", replay: true, events });
    connection.paging = recovery === "partial";
    const reached = events.at(-1)?.seq ?? head;
    connection.outgoing.push(
      connection.paging ? { type: "caughtUp", seq: reached, more: true } : { type: "caughtUp", seq: head },
    );
  }

  #replay(after: number): LogFrame[] {
    const frames: LogFrame[] = [];
    for (const message of this.messages) {
      const { seq, changed = 0, deletedAt: at = 0 } = message;
      if (seq > Math.max(after, this.floor)) frames.push({ ...message });
      else if (changed > after && deletedAtLast(message)) {
        frames.push({ type: "messageDeleted", seq: changed, at, target: seq, by: null });
      } else if (changed > after) {
        frames.push({ type: "messageUpdated", seq: changed, at: changed, message, by: null });
      }
    }
    return frames.sort((a, b) => a.seq - b.seq);
  }

  #onCommand(connection: Connection, command: Frame): void {
    const answer = (frame: Frame) => connection.outgoing.push({ id: command.id, ...frame });
    switch (command.type) {
      case "ping":
        return;
      case "send":
        this.#onSend(connection, command, answer);
        return;
      case "history": {
        const after = Number(command.after);
        if (after < this.floor) {
          answer({ type: "error", code: "not_found", message: "The log has passed this." });
          return;
        }
        const events = this.#replay(after);
        const page = events.slice(0, PAGE);
        const more = events.length > PAGE;
        const seq = more ? (page.at(-1)?.seq ?? after) : this.#head;
        answer({ type: "ok", events: page, seq, ...(more && { more }) });
        if (!more && connection.paging) connection.outgoing.push({ type: "caughtUp", seq });
        connection.paging &&= more;
        return;
      }
      default:
        throw new Error(`no case for ${String(command.type)}`);
    }
  }

  #onSend(connection: Connection, command: Frame, answer: (frame: Frame) => void): void {
    const code = this.#faults.refuse();
    if (code !== undefined) {
      answer({ type: "error", code, message: code });
      return;
    }
    const id = String(command.id);
    const retryOf = parseCursor(String(command.retryOf));
    const isFirst = (held: Message) => held.from?.id === connection.user && held.id === id;
    const inLog = this.messages.filter(({ seq }) => seq > this.floor);
    const first = this.#recent.get(`${connection.user} ${id}`) ?? (retryOf && inLog.find(isFirst));
    if (first !== undefined) {
      answer({ type: "ok", seq: first.seq, at: first.at, duplicate: true });
      return;
    }
    if (retryOf !== undefined && retryOf.seq < this.floor) {
      answer({ type: "error", code: "stale_retry", message: "Nobody knows." });
      return;
    }
    const seq = ++this.#head;
    const from = { id: connection.user };
    const message: Message = { type: "message", seq, id, event: "chat", from, at: seq, data: command.data };
    this.#messages.set(seq, message);
    this.#recent.set(`${connection.user} ${id}`, message);
    this.#publish({ ...message }, command.echo === false ? connection : undefined);
    answer({ type: "ok", seq, at: seq });
  }

  #publish(event: Frame, except?: Connection): void {
    for (const connection of this.#connections) {
      if (connection === except || connection.paging || this.#faults.skip()) continue;
      connection.outgoing.push(event);
    }
  }
}

const deletedAtLast = ({ deletedAt, changed }: Message): boolean =>
  deletedAt !== undefined && deletedAt === changed;
