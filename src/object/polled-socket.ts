// The socket of a connection whose client has no WebSocket: HTTP calls fetch its frames, one after the other. A frame is
// kept until the client says that it has it, so neither an answer that is lost nor the moment between two calls takes
// anything from it.

import { BETWEEN_POLLS_MS } from "../protocol/index.ts";
import type { SharedFrame } from "./shared-frame.ts";
import type { SocketPort } from "./socket-port.ts";

/** The close code of a call that is over while its connection goes on. */
export const POLL_OVER = 1000;

/** A call of a client that has a connection already, as the Worker has checked it. */
export interface PollUpgrade {
  readonly connection: string;
  /** Whose token it carries; `null`: none. */
  readonly user: string | null;
  /** How many frames it has. */
  readonly received: number;
}

/** What such a client sends. */
export interface PolledCommands extends Pick<PollUpgrade, "connection" | "user"> {
  readonly number: number;
  readonly frames: readonly string[];
  readonly leave: boolean;
}

/** One call that waits, which the Worker holds as a socket. */
export interface PollPort {
  send(frame: string): void;
  /** It is over. With the end of the connection, if that has ended. */
  end(closing?: SocketClosing): void;
  save(state: unknown): void;
}

export interface SocketClosing {
  readonly code: number;
  readonly reason: string;
}

/** What outlives a sleep, in which a call waits. The frames do not: what was sent before has come, or is missing. */
export interface PollStanding {
  /** How many frames the client has. */
  readonly received: number;
  /** How many frames were sent to it, in all of its calls. */
  readonly sent: number;
  /** When its last call began, in milliseconds. */
  readonly polledAt: number;
  /** That of the last call with commands; 0: none came. */
  readonly number: number;
}

export interface PolledSocketPorts {
  after(delayMs: number, fn: () => void): () => void;
  /** The server has closed the connection. */
  onClose(code: number): void;
  /** No call came for too long. */
  onSilent(): void;
  /** Nothing will be asked of it any more. */
  onOver(): void;
}

export class PolledSocket implements SocketPort {
  readonly savesForFree = true;
  readonly #ports: PolledSocketPorts;
  #standing: PollStanding;
  /** Those that the client may not have. */
  #frames: string[] = [];
  /** How many frames before these a sleep took: they were sent, and a client that misses one must begin anew. */
  #lost: number;
  #length = 0;
  #poll: PollPort | undefined;
  #state: unknown = null;
  #closing: SocketClosing | undefined;
  #cancelEnd: () => void = () => {};

  constructor(ports: PolledSocketPorts, woken?: PollStanding) {
    this.#ports = ports;
    this.#standing = woken ?? { received: 0, sent: 0, polledAt: 0, number: 0 };
    this.#lost = this.#standing.sent - this.#standing.received;
  }

  send(frame: string): void {
    if (this.#closing !== undefined) return;
    this.#frames.push(frame);
    this.#length += frame.length;
    if (this.#poll === undefined) return;
    this.#poll.send(frame);
    this.#poll.save(this.#saved);
  }

  /** A call has lines of text. */
  sendBytes({ text }: SharedFrame): void {
    this.send(text);
  }

  close(code: number, reason: string): void {
    if (this.#closing !== undefined) return;
    this.#closing = { code, reason };
    this.#ports.onClose(code);
    // The call may be over already, or its answer may be lost: so the next one is told as well.
    this.#endLater(() => {});
    this.#endPoll(this.#closing);
  }

  save(state: unknown): void {
    this.#state = state;
    this.#poll?.save(this.#saved);
  }

  unsentBytes(): number {
    return this.#length;
  }

  /** A call is a sign of life. */
  heartbeatAt(): number {
    return this.#standing.polledAt;
  }

  /** The object woke, and this call still waits. */
  wake(poll: PollPort): void {
    this.#poll = poll;
  }

  /**
   * A call begins, and the one before it is over. The frames that the client does not have go out once more. `false`: it
   * says that it has frames which are not known here, or has asked for those again that it had.
   */
  attach(poll: PollPort, received: number, now: number): boolean {
    const had = received - this.#standing.received - this.#lost;
    if (had < 0 || had > this.#frames.length) return false;
    for (const frame of this.#frames.splice(0, had)) this.#length -= frame.length;
    this.#lost = 0;
    this.#standing = { ...this.#standing, received, polledAt: now };
    this.#endPoll();
    this.#poll = poll;
    poll.save(this.#saved);
    for (const frame of this.#frames) poll.send(frame);
    if (this.#closing === undefined) this.#cancelEnd();
    else this.#endPoll(this.#closing);
    return true;
  }

  /** A call is over. The next one comes soon, or the client is gone. */
  detach(poll: PollPort): void {
    if (this.#poll !== poll) return;
    this.#poll = undefined;
    this.#endLater(() => this.#ports.onSilent());
  }

  /** The client has left. */
  leave(): void {
    this.#closing ??= { code: 1000, reason: "" };
    this.#cancelEnd();
    this.#endPoll();
    this.#ports.onOver();
  }

  /**
   * Whether a call with commands is the next one, or has come before. `undefined`: it follows on one that is missing, or
   * the connection is closed.
   */
  take(number: number): "next" | "again" | undefined {
    const last = this.#standing.number;
    if (this.#closing !== undefined || number > last + 1) return undefined;
    if (number <= last) return "again";
    this.#standing = { ...this.#standing, number };
    this.#poll?.save(this.#saved);
    return "next";
  }

  #endPoll(closing?: SocketClosing): void {
    const poll = this.#poll;
    this.#poll = undefined;
    poll?.end(closing);
  }

  #endLater(fn: () => void): void {
    this.#cancelEnd();
    this.#cancelEnd = this.#ports.after(BETWEEN_POLLS_MS, () => {
      this.#closing ??= { code: 4408, reason: "timeout" };
      fn();
      this.#ports.onOver();
    });
  }

  get #saved(): unknown {
    const state = this.#state;
    if (typeof state !== "object" || state === null) return state;
    const { received } = this.#standing;
    return { ...state, poll: { ...this.#standing, sent: received + this.#lost + this.#frames.length } };
  }
}
