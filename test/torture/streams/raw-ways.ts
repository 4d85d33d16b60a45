// Connections to a real server that speak the bare protocol, over each way in which a client may come.

import { PING_FRAME } from "../../../src/protocol/index.ts";
import { RawSocket } from "../../bench/raw-socket.ts";
import { tokenFor } from "../../e2e/support/world.ts";

export interface RawWayOptions {
  readonly port: number;
  readonly room: string;
  readonly user: string;
  /** A frame of the room, as it came. */
  onFrame(frame: string): void;
  /** It is over, unless it was cut here. */
  onEnd(): void;
}

export interface From {
  readonly since?: string | undefined;
  /** How far it has open messages. */
  readonly have?: string;
}

/** One connection, once. */
export interface RawWay {
  open(from: From): Promise<void>;
  say(command: object): void;
  /** Breaks off without a word. */
  cut(): void;
}

export const RAW_WAYS = ["socket", "session", "calls", "session over calls"] as const;
export type RawWayName = (typeof RAW_WAYS)[number];

export function rawWay(name: RawWayName, options: RawWayOptions): RawWay {
  const isSession = name.startsWith("session");
  return name.endsWith("calls") ? new Polls(options, isSession) : new Socket(options, isSession);
}

/** `""`: without a question mark. */
function queryOf({ since, have }: From): string {
  const query = new URLSearchParams();
  if (since !== undefined) query.set("since", since);
  if (have !== undefined && have !== "") query.set("have", have);
  return query.size === 0 ? "" : `?${query}`;
}

const SESSION_QUERY = "?history=0";

/** What joins the room, once its session is there. */
const joinOf = (room: string, { since, have }: From): object => ({
  ...{ type: "join", id: "join", room },
  ...(since !== undefined && { since }),
  ...(have !== undefined && have !== "" && { have }),
});

const isOf = (frame: string, room: string) => frame.includes(`"room":"${room}"`);
const isEnd = (frame: string) => frame.startsWith('{"type":"left"') || frame.includes('"code":"not_found"');

class Socket implements RawWay {
  readonly #options: RawWayOptions;
  readonly #isSession: boolean;
  #socket: RawSocket | undefined;
  #isOver = false;

  constructor(options: RawWayOptions, isSession: boolean) {
    this.#options = options;
    this.#isSession = isSession;
  }

  async open(from: From): Promise<void> {
    const { port, room, user } = this.#options;
    const path = this.#isSession
      ? `/v1/connect${SESSION_QUERY}`
      : `/v1/rooms/${room}/connect${queryOf(from)}`;
    const protocols = ["edge-rooms.v1", `token.${await tokenFor(user)}`];
    const onFrame = (payload: Buffer, socket: RawSocket) => this.#hear(payload.toString(), socket, from);
    const socket = await RawSocket.open({ port, path, protocols }, { onFrame, onClose: () => this.#end() });
    if (this.#isOver) socket.destroy();
    this.#socket = socket;
    socket.send(PING_FRAME);
  }

  say(command: object): void {
    const { room } = this.#options;
    this.#socket?.send(JSON.stringify(this.#isSession ? { ...command, room } : command));
  }

  cut(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #hear(frame: string, socket: RawSocket, from: From): void {
    const { room, onFrame } = this.#options;
    if (this.#isOver) return;
    if (!this.#isSession || isOf(frame, room)) {
      if (this.#isSession && isEnd(frame)) this.#end();
      else onFrame(frame);
    } else if (frame.startsWith('{"type":"connected"')) socket.send(JSON.stringify(joinOf(room, from)));
  }

  #end(): void {
    if (this.#isOver) return;
    this.cut();
    this.#options.onEnd();
  }
}

const WAIT_S = 20;

class Polls implements RawWay {
  readonly #options: RawWayOptions;
  readonly #isSession: boolean;
  readonly #over = new AbortController();
  #connection: string | undefined;
  #received = 0;
  #number = 0;
  #waiting: object[] = [];
  #isSending = false;

  constructor(options: RawWayOptions, isSession: boolean) {
    this.#options = options;
    this.#isSession = isSession;
  }

  /** Resolves with the first answer. */
  async open(from: From): Promise<void> {
    await this.#poll(this.#isSession ? SESSION_QUERY : queryOf(from));
    if (this.#isSession) this.#send(joinOf(this.#options.room, from));
    void this.#pollOn();
  }

  say(command: object): void {
    this.#send(this.#isSession ? { ...command, room: this.#options.room } : command);
  }

  cut(): void {
    this.#over.abort();
  }

  async #pollOn(): Promise<void> {
    try {
      while (!this.#over.signal.aborted) await this.#poll("");
    } catch {
      this.#end();
    }
  }

  async #poll(query: string): Promise<void> {
    const body =
      this.#connection === undefined
        ? {}
        : { connection: this.#connection, received: this.#received, wait: WAIT_S };
    const lines = (await this.#call(`poll${query}`, JSON.stringify(body))).split("\n");
    const frames = lines.map((line) => line.trim()).filter((line) => line !== "");
    const last: { type?: string; connection?: string } = JSON.parse(frames.pop() ?? "{}");
    this.#received += frames.length;
    for (const frame of frames) this.#hear(frame);
    if (last.type !== "polled") throw new Error("the connection is over");
    this.#connection = last.connection;
  }

  #hear(frame: string): void {
    const { room, onFrame } = this.#options;
    if (this.#over.signal.aborted || (this.#isSession && !isOf(frame, room))) return;
    if (this.#isSession && isEnd(frame)) this.#end();
    else onFrame(frame);
  }

  #send(command: object): void {
    this.#waiting.push(command);
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    try {
      while (this.#waiting.length > 0) {
        this.#number += 1;
        const head = { connection: this.#connection, number: this.#number };
        const commands = this.#waiting.splice(0, 100);
        await this.#call("commands", [head, ...commands].map((line) => JSON.stringify(line)).join("\n"));
      }
    } catch {
      this.#end();
    } finally {
      this.#isSending = false;
    }
  }

  async #call(call: string, body: string): Promise<string> {
    const { port, room, user } = this.#options;
    const path = this.#isSession ? "/v1" : `/v1/rooms/${room}`;
    const response = await fetch(`http://127.0.0.1:${port}${path}/${call}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await tokenFor(user)}` },
      body,
      signal: this.#over.signal,
    });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response.text();
  }

  #end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#options.onEnd();
  }
}
