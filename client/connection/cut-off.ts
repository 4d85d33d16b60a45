import type { RoomsError } from "../util/errors.ts";
import type { LogFunction } from "../util/log.ts";
import { offline } from "./ending.ts";
import type { Outcome } from "./retry-policy.ts";

/** A network that is down ends sockets like that too; so often in a row it may be something on the way. */
const SUSPICIOUS = 3;
/** Of a token in the subprotocol list: as much passes every proxy that this was run behind. */
const SAFE_TOKEN_LENGTH = 7_000;

/**
 * A browser does not tell why no socket came about, be it a proxy that knows no WebSockets, or one that refuses a header
 * as long as that of the token. So after some such ends in a row the client says what it may be.
 */
export class CutOffs {
  readonly #log: LogFunction;
  #inARow = 0;

  constructor(log: LogFunction) {
    this.#log = log;
  }

  /** Why a try ended, perhaps with more to say of it. */
  explain({ ending, unheardTokenLength }: Outcome): RoomsError {
    this.#inARow = unheardTokenLength === undefined ? 0 : this.#inARow + 1;
    if (this.#inARow < SUSPICIOUS) return ending.error;
    const error = offline(
      `${this.#inARow} connections in a row were lost before the server said anything. The network may be down, or a ` +
        "proxy on the way lets no WebSocket through, or refuses long headers: the token has " +
        `${unheardTokenLength} characters, and ${SAFE_TOKEN_LENGTH} are safe.`,
    );
    if (this.#inARow === SUSPICIOUS) this.#log("warn", error.message);
    return error;
  }
}
