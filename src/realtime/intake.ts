import { type AuthCommand, refuse } from "../protocol/index.ts";
import type { Parsed } from "../validation/parse-frame.ts";

/** A client that waits for its `auth` has no reason to send more than this meanwhile. */
const MAX_HELD = 1_000;

export interface IntakePorts<Connection, Command, Verified> {
  /** Checks a token; the only thing here that takes time. Never rejects. */
  verify(connection: Connection, token: string): Promise<Verified>;
  accept(connection: Connection, parsed: Parsed<Command>): void;
  authenticated(connection: Connection, id: string, verified: Verified): void;
}

/** Keeps the commands of a connection in order: what was sent after an `auth` waits until its token is checked. */
export class Intake<Connection extends object, Command extends object, Verified> {
  readonly #ports: IntakePorts<Connection, Command, Verified>;
  readonly #held = new Map<Connection, Parsed<Command | AuthCommand>[]>();

  constructor(ports: IntakePorts<Connection, Command, Verified>) {
    this.#ports = ports;
  }

  /** Settles when all of the frame was passed on. */
  async receive(connection: Connection, frame: readonly Parsed<Command | AuthCommand>[]): Promise<void> {
    for (const [index, parsed] of frame.entries()) {
      const held = this.#held.get(connection);
      if (held !== undefined) this.#hold(connection, held, parsed);
      else if (parsed.kind === "refused") this.#ports.accept(connection, parsed);
      else if (isAuth(parsed.command)) {
        this.#held.set(connection, frame.slice(index + 1));
        await this.#authenticate(connection, parsed.command);
        return;
      } else this.#ports.accept(connection, { kind: "command", command: parsed.command });
    }
  }

  async #authenticate(connection: Connection, { id, token }: AuthCommand): Promise<void> {
    const verified = await this.#ports.verify(connection, token);
    this.#ports.authenticated(connection, id, verified);
    const held = this.#held.get(connection) ?? [];
    this.#held.delete(connection);
    await this.receive(connection, held);
  }

  #hold(
    connection: Connection,
    held: Parsed<Command | AuthCommand>[],
    parsed: Parsed<Command | AuthCommand>,
  ): void {
    if (held.length < MAX_HELD) held.push(parsed);
    else
      this.#ports.accept(connection, {
        kind: "refused",
        refusal: refuse("rate_limited", "wait for your auth"),
      });
  }
}

const isAuth = (command: object): command is AuthCommand => "type" in command && command.type === "auth";
