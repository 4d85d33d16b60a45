import { type AuthCommand, MAX_FRAME_BYTES, type Refusal, refuse } from "../protocol/index.ts";
import type { Parsed } from "../validation/parse-frame.ts";

/** UTF-16 units that a connection may send while its `auth` is checked: those of one frame. */
const MAX_HELD_LENGTH = MAX_FRAME_BYTES;

/** Counted for each held frame beside its text, so that empty frames are bounded too. */
const HELD_OVERHEAD = 64;

const HELD_TOO_MUCH = refuse("rate_limited", "wait for the answer to your auth", { retryAfterMs: 1_000 });

export type Frame = string | ArrayBuffer;

export interface AuthBarrierPorts<Connection, Command, Verified> {
  parse(frame: Frame): Parsed<Command | AuthCommand>[];
  /** Charges an `auth`. Returns the refusal if the token must not be checked. */
  charge(connection: Connection): Refusal | undefined;
  /** Checks a token: the only asynchronous step. Never rejects. */
  verify(connection: Connection, token: string): Promise<Verified>;
  accept(connection: Connection, parsed: Parsed<Command>): void;
  authenticated(connection: Connection, id: string, verified: Verified): void;
}

interface Held {
  readonly frames: Frame[];
  length: number;
}

/** Keeps the commands of a connection in order: those that follow an `auth` wait until its token is checked. */
export class AuthBarrier<Connection extends object, Command extends { readonly id?: string }, Verified> {
  readonly #ports: AuthBarrierPorts<Connection, Command, Verified>;
  readonly #held = new Map<Connection, Held>();

  constructor(ports: AuthBarrierPorts<Connection, Command, Verified>) {
    this.#ports = ports;
  }

  /** Takes a frame. Returns `undefined` if all of it was passed on; else resolves when its `auth` was checked. */
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
        const refusal = this.#ports.charge(connection);
        if (refusal === undefined)
          return this.#authenticate(connection, parsed.command, frame.slice(index + 1));
        this.#ports.accept(connection, { kind: "refused", id: parsed.command.id, refusal, command: "auth" });
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
    // In one list: if it has another `auth`, the rest must stay ahead of what arrives meanwhile.
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
