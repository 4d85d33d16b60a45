// One room of a server as the protocol describes it, small enough to read quickly: ids recognised by memory or
// `retryOf`, replays in pages, read positions. It puts frames into queues, and its caller decides what arrives. To add
// a command, add a case in `#onCommand`; fake-log.ts stores the messages.

import { type Message, parseCursor } from "../../../../src/protocol/index.ts";
import { type Change, FakeLog } from "./fake-log.ts";
import type { FakeSocket, Frame } from "./fake-sockets.ts";
import { connected, EXPIRES_AT } from "./frames.ts";

/** Small, so that pages are common. */
const PAGE = 4;

export interface RoomFaults {
  /** A code with which to refuse the next command. */
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

/** The users who may change messages of others. */
const MODERATOR = "usr_1";

type Answer = (frame: Frame) => void;

export class FakeRoom {
  readonly #name: string;
  readonly #faults: RoomFaults;
  readonly #log: FakeLog;
  readonly #connections = new Set<Connection>();
  /** By author and id; forgotten when the room sleeps. */
  #recent = new Map<string, Message>();
  readonly #readTo = new Map<string, number>();
  /** The data of every edit that was stored. */
  readonly edits: unknown[] = [];
  /** The data of every message that was stored, as it was then. */
  readonly said: unknown[] = [];

  constructor(name: string, faults: RoomFaults, retention: number) {
    this.#name = name;
    this.#faults = faults;
    this.#log = new FakeLog(retention);
  }

  /** Everything ever stored, in its current state. */
  get messages(): readonly Message[] {
    return this.#log.messages;
  }

  unread(user: string): number {
    return this.#log.unread(this.#readTo.get(user) ?? 0, user);
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

  /** Sent by server code, or by a user who is not connected. */
  change(pick: (among: readonly Message[]) => Message | undefined, kind: "delete" | "react"): void {
    const message = pick(this.#log.open);
    if (message === undefined) return;
    const server = { user: null, mayModerate: true };
    const reaction = { type: "react", emoji: "👍", op: "add" };
    this.#tell(
      kind === "delete"
        ? this.#log.change(message.seq, { type: "delete" }, server)
        : this.#log.change(message.seq, reaction, { ...server, user: "usr_9" }),
    );
  }

  #greet(connection: Connection): void {
    const { head, floor } = this.#log;
    const cursor = parseCursor(connection.socket.url.searchParams.get("since") ?? "");
    const known = cursor !== undefined && cursor.seq >= floor && cursor.seq <= head;
    const missed = known ? this.#log.replay(cursor.seq) : [];
    const latest = () => this.#log.replay(floor).slice(-PAGE);
    const recovery = !cursor ? "none" : !known ? "lost" : missed.length > PAGE ? "partial" : "complete";
    const user = { id: connection.user };
    const read = { seq: this.#readTo.get(connection.user) ?? 0, unread: this.unread(connection.user) };
    connection.outgoing.push(connected({ room: this.#name, head, floor, recovery, user, read }));
    const events = known ? missed.slice(0, PAGE) : latest();
    if (events.length > 0) connection.outgoing.push({ type: "batch", replay: true, events });
    connection.paging = recovery === "partial";
    const reached = events.at(-1)?.seq ?? head;
    connection.outgoing.push(
      connection.paging ? { type: "caughtUp", seq: reached, more: true } : { type: "caughtUp", seq: head },
    );
  }

  #onCommand(connection: Connection, command: Frame): void {
    const answer: Answer = (frame) => connection.outgoing.push({ id: command.id, ...frame });
    if (command.type === "ping") return;
    if (command.type === "history") {
      this.#onHistory(connection, Number(command.after), answer);
      return;
    }
    if (command.type === "auth") {
      answer({ type: "ok", expiresAt: EXPIRES_AT });
      return;
    }
    const code = this.#faults.refuse();
    if (code !== undefined) answer({ type: "error", code, message: code });
    else if (command.type === "send") this.#onSend(connection, command, answer);
    else if (command.type === "read") this.#onRead(connection.user, Number(command.seq), answer);
    else this.#onChange(connection.user, command, answer);
  }

  #onHistory(connection: Connection, after: number, answer: Answer): void {
    if (after < this.#log.floor) {
      answer({ type: "error", code: "not_found", message: "The log has passed this." });
      return;
    }
    const events = this.#log.replay(after);
    const page = events.slice(0, PAGE);
    const more = events.length > PAGE;
    const seq = more ? (page.at(-1)?.seq ?? after) : this.#log.head;
    answer({ type: "ok", events: page, seq, ...(more && { more }) });
    if (!more && connection.paging) connection.outgoing.push({ type: "caughtUp", seq });
    connection.paging &&= more;
  }

  #onSend(connection: Connection, command: Frame, answer: Answer): void {
    const { floor } = this.#log;
    const id = String(command.id);
    const retryOf = parseCursor(String(command.retryOf));
    const isFirst = (held: Message) => held.from?.id === connection.user && held.id === id;
    const inLog = this.messages.filter(({ seq }) => seq > floor);
    const after = inLog.filter(({ seq }) => retryOf !== undefined && seq > retryOf.seq);
    const first = this.#recent.get(`${connection.user} ${id}`) ?? after.find(isFirst);
    if (first !== undefined) {
      answer({ type: "ok", seq: first.seq, at: first.at, duplicate: true });
      return;
    }
    if (retryOf !== undefined && retryOf.seq < floor) {
      answer({ type: "error", code: "stale_retry", message: "Nobody knows." });
      return;
    }
    const message = this.#log.add(id, connection.user, command.data);
    this.said.push(command.data);
    this.#recent.set(`${connection.user} ${id}`, message);
    this.#publish({ ...message }, command.echo === false ? connection : undefined);
    answer({ type: "ok", seq: message.seq, at: message.at });
  }

  #onChange(user: string, command: Frame, answer: Answer): void {
    const author = { user, mayModerate: user === MODERATOR };
    const change = this.#log.change(Number(command.seq), command, author);
    if (change === "not_found" || change === "forbidden") {
      answer({ type: "error", code: change, message: change });
      return;
    }
    if (change !== "unchanged" && command.type === "edit") this.edits.push(command.data);
    this.#tell(change);
    answer({ type: "ok", seq: change === "unchanged" ? 0 : change.seq });
  }

  #onRead(user: string, wanted: number, answer: Answer): void {
    const before = this.#readTo.get(user) ?? 0;
    const seq = Math.max(before, Math.min(wanted, this.#log.head));
    this.#readTo.set(user, seq);
    if (seq > before) this.#publish({ type: "receipt", user, seq, at: seq });
    answer({ type: "ok", seq, unread: this.unread(user) });
  }

  #tell(change: Change): void {
    if (typeof change !== "string") this.#publish(change);
  }

  #publish(event: Frame, except?: Connection): void {
    for (const connection of this.#connections) {
      const sequenced = event.type !== "receipt";
      if (connection === except || (connection.paging && sequenced)) continue;
      if (!sequenced || !this.#faults.skip()) connection.outgoing.push(event);
    }
  }
}
