// Keeps the commands of each connection in order. Some take time before they can take effect, such as an `auth`, whose
// token is checked: what the same connection sends meanwhile waits behind them. Other connections do not wait.

import { type AuthCommand, MAX_FRAME_BYTES, type Refusal, refuse } from "../protocol/index.ts";
import type { Parsed } from "../validation/parse-frame.ts";

/** UTF-16 units that a connection may send while one of its commands waits: those of one frame. */
const MAX_HELD_LENGTH = MAX_FRAME_BYTES;

/** Counted for each held frame beside its text, so that empty frames are bounded too. */
const HELD_OVERHEAD = 64;

/** Each may have to wait in its turn: with more, a client would not learn for minutes that it is too fast. */
const MAX_HELD_FRAMES = 256;

const HELD_TOO_MUCH = refuse("rate_limited", "wait for the answers to what you sent before", {
  retryAfterMs: 1_000,
});

export type Frame = string | ArrayBuffer;

/** Passes a command on to the queue of the object. */
type PassOn = () => void;

/** A command that is not passed on as it is: passed on by this function, at once or later. */
export type Passage = PassOn | Promise<PassOn>;

export interface CommandBarrierPorts<Connection, Command, Verified> {
  parse(frame: Frame): Parsed<Command | AuthCommand>[];
  /** Charges an `auth`. Returns the refusal if the token must not be checked. */
  charge(connection: Connection): Refusal | undefined;
  /** Checks a token. Never rejects. */
  verify(connection: Connection, token: string): Promise<Verified>;
  accept(connection: Connection, parsed: Parsed<Command>): void;
  authenticated(connection: Connection, id: string, verified: Verified): void;
  /**
   * Looks at a command before it is accepted; `undefined`: it is accepted as it is. Its promise never rejects. Left out:
   * only `auth` takes time.
   */
  ask?(connection: Connection, command: Command): Passage | undefined;
  /** What had waited was passed on, so a flush has work. */
  passedOn?(): void;
}

/** What waits behind one command of a connection. */
interface Line<Command> {
  /** Parsed already: the rest of the frame with the command that waits. */
  parsed: readonly Parsed<Command | AuthCommand>[];
  frames: Frame[];
  /** Of the frames. */
  length: number;
  /** What is run when nothing waits any more. */
  readonly after: PassOn[];
  ended: Promise<void>;
}

export class CommandBarrier<Connection extends object, Command extends { readonly id?: string }, Verified> {
  readonly #ports: CommandBarrierPorts<Connection, Command, Verified>;
  readonly #lines = new Map<Connection, Line<Command>>();

  constructor(ports: CommandBarrierPorts<Connection, Command, Verified>) {
    this.#ports = ports;
  }

  /** Takes a frame. Returns `undefined` if all of it was passed on, or waits; else resolves when nothing waits any more. */
  receive(connection: Connection, frame: Frame): Promise<void> | undefined {
    const line = this.#lines.get(connection);
    if (line === undefined) return this.#begin(connection, this.#ports.parse(frame));
    const length = line.length + lengthOf(frame) + HELD_OVERHEAD;
    if (length <= MAX_HELD_LENGTH && line.frames.length < MAX_HELD_FRAMES) {
      line.frames.push(frame);
      line.length = length;
    } else for (const parsed of this.#ports.parse(frame)) this.#turnAway(connection, parsed);
    return undefined;
  }

  /** Runs `then` when all that the connection has sent was passed on: at once, if nothing of it waits. */
  afterwards(connection: Connection, then: PassOn): void {
    const line = this.#lines.get(connection);
    if (line === undefined) then();
    else line.after.push(then);
  }

  /** Settles when nothing of the connection waits; `undefined`: nothing does. */
  settled(connection: Connection): Promise<void> | undefined {
    return this.#lines.get(connection)?.ended;
  }

  #begin(
    connection: Connection,
    parsed: readonly Parsed<Command | AuthCommand>[],
  ): Promise<void> | undefined {
    for (const [at, one] of parsed.entries()) {
      const passage = this.#take(connection, one);
      if (passage !== undefined) return this.#hold(connection, passage, parsed.slice(at + 1));
    }
    return undefined;
  }

  /** Passes one on; else returns what it has to wait for. */
  #take(connection: Connection, parsed: Parsed<Command | AuthCommand>): Promise<PassOn> | undefined {
    if (parsed.kind === "refused") {
      this.#ports.accept(connection, parsed);
      return undefined;
    }
    const { command } = parsed;
    if (isAuth(command)) return this.#authenticate(connection, command);
    const passage = this.#ports.ask?.(connection, command);
    if (passage instanceof Promise) return passage;
    if (passage === undefined) this.#ports.accept(connection, { kind: "command", command });
    else passage();
    return undefined;
  }

  #authenticate(connection: Connection, { id, token }: AuthCommand): Promise<PassOn> | undefined {
    const refusal = this.#ports.charge(connection);
    if (refusal === undefined) return this.#verified(connection, id, token);
    this.#ports.accept(connection, { kind: "refused", id, refusal, command: "auth" });
    return undefined;
  }

  async #verified(connection: Connection, id: string, token: string): Promise<PassOn> {
    const verified = await this.#ports.verify(connection, token);
    return () => this.#ports.authenticated(connection, id, verified);
  }

  #hold(
    connection: Connection,
    passage: Promise<PassOn>,
    parsed: readonly Parsed<Command | AuthCommand>[],
  ): Promise<void> {
    const line: Line<Command> = { parsed, frames: [], length: 0, after: [], ended: Promise.resolve() };
    this.#lines.set(connection, line);
    line.ended = this.#work(connection, line, passage);
    return line.ended;
  }

  /** One after the other. What arrives meanwhile stays behind, as it stands at the end of the line. */
  async #work(connection: Connection, line: Line<Command>, passage: Promise<PassOn>): Promise<void> {
    let waited: Promise<PassOn> | undefined = passage;
    try {
      while (waited !== undefined) {
        const passOn = await waited;
        passOn();
        waited = this.#next(connection, line);
        if (waited !== undefined) this.#ports.passedOn?.();
      }
    } finally {
      this.#lines.delete(connection);
      for (const then of line.after) then();
      this.#ports.passedOn?.();
    }
  }

  /** Passes on as much as it can; then returns what the next one has to wait for. */
  #next(connection: Connection, line: Line<Command>): Promise<PassOn> | undefined {
    for (;;) {
      for (const [at, parsed] of line.parsed.entries()) {
        const passage = this.#take(connection, parsed);
        if (passage === undefined) continue;
        line.parsed = line.parsed.slice(at + 1);
        return passage;
      }
      const frame = line.frames.shift();
      if (frame === undefined) return undefined;
      line.length -= lengthOf(frame) + HELD_OVERHEAD;
      line.parsed = this.#ports.parse(frame);
    }
  }

  #turnAway(connection: Connection, parsed: Parsed<Command | AuthCommand>): void {
    const { id } = parsed.kind === "command" ? parsed.command : parsed;
    this.#ports.accept(connection, {
      kind: "refused",
      ...(id !== undefined && { id }),
      refusal: HELD_TOO_MUCH,
    });
  }
}

const lengthOf = (frame: Frame): number => (typeof frame === "string" ? frame.length : frame.byteLength);

const isAuth = (command: object): command is AuthCommand => "type" in command && command.type === "auth";
