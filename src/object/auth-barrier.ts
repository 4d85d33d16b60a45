import { type AuthCommand, MAX_FRAME_BYTES, type Refusal, refuse } from "../protocol/index.ts";
import type { Parsed } from "../validation/parse-frame.ts";

/** In UTF-16 units: a client that waits for its `auth` has no reason to send more than a frame's worth meanwhile. */
const MAX_HELD_LENGTH = MAX_FRAME_BYTES;

/** What a held frame takes besides its text, so that empty ones have a bound too. */
const HELD_OVERHEAD = 64;

const HELD_TOO_MUCH = refuse("rate_limited", "wait for the answer to your auth", { retryAfterMs: 1_000 });

export type Frame = string | ArrayBuffer;

export interface IntakePorts<Connection, Command, Verified> {
  parse(frame: Frame): Parsed<Command | AuthCommand>[];
  /** Has an `auth` paid for; why its token is not checked at all, if so. */
  refuses(connection: Connection): Refusal | undefined;
  /** Checks a token; the only thing here that takes time. Never rejects. */
  verify(connection: Connection, token: string): Promise<Verified>;
  accept(connection: Connection, parsed: Parsed<Command>): void;
  authenticated(connection: Connection, id: string, verified: Verified): void;
}

interface Held {
  readonly frames: Frame[];
  length: number;
}

/** Keeps the commands of a connection in order: what was sent after an `auth` waits until its token is checked. */
export class AuthBarrier<Connection extends object, Command extends { readonly id?: string }, Verified> {
  readonly #ports: IntakePorts<Connection, Command, Verified>;
  readonly #held = new Map<Connection, Held>();

  constructor(ports: IntakePorts<Connection, Command, Verified>) {
    this.#ports = ports;
  }

  /** Answers nothing if all of the frame was passed on at once; else it settles when the `auth` in it was checked. */
  receive(connection: Connection, frame: Frame): Promise<void> | undefined {
    const held = this.#held.get(connection);
    if (held === undefined) return this.#take(connection, this.#ports.parse(frame));
    const length = held.length + lengthOf(frame) + HELD_OVERHEAD;
    if (length <= MAX_HELD_LENGTH) {
      held.frames.push(frame);
      held.length = length;
    } else for (const parsed of this.#ports.parse(frame)) this.#turnAway(connection, parsed);
    return undefined;
  }

  #take(connection: Connection, frame: readonly Parsed<Command | AuthCommand>[]): Promise<void> | undefined {
    for (const [index, parsed] of frame.entries()) {
      if (parsed.kind === "refused") this.#ports.accept(connection, parsed);
      else if (isAuth(parsed.command)) {
        const refusal = this.#ports.refuses(connection);
        if (refusal === undefined)
          return this.#authenticate(connection, parsed.command, frame.slice(index + 1));
        this.#ports.accept(connection, { kind: "refused", id: parsed.command.id, refusal });
      } else this.#ports.accept(connection, { kind: "command", command: parsed.command });
    }
    return undefined;
  }

  async #authenticate(
    connection: Connection,
    { id, token }: AuthCommand,
    rest: readonly Parsed<Command | AuthCommand>[],
  ): Promise<void> {
    const held: Held = { frames: [], length: 0 };
    this.#held.set(connection, held);
    const verified = await this.#ports.verify(connection, token);
    this.#held.delete(connection);
    this.#ports.authenticated(connection, id, verified);
    // As one list: were the next `auth` among them, the rest has to stay before what arrives meanwhile.
    await this.#take(connection, [...rest, ...held.frames.flatMap((frame) => this.#ports.parse(frame))]);
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
