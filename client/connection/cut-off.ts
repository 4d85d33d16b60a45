import { offline, type RoomsError } from "../util/errors.ts";
import type { LogFunction } from "../util/log.ts";
import type { ConnectionEnd } from "./transport/connection-end.ts";

/** A network that is down ends sockets in the same way; so often in a row it may be something on the way. */
const SUSPICIOUS = 3;
/** Of a token in the subprotocol list: as much passes every proxy that this was run behind. */
const SAFE_TOKEN_LENGTH = 7_000;

/**
 * A browser does not say why a socket did not open: a proxy may know no WebSockets, or refuse a header as long as that of
 * the token. So after some such ends in a row the error says what it may be.
 */
export class CutOffs {
  readonly #log: LogFunction;
  #inARow = 0;

  constructor(log: LogFunction) {
    this.#log = log;
  }

  /** The error of an end, perhaps in more words. */
  explain({ error, unheardTokenLength }: ConnectionEnd): RoomsError {
    this.#inARow = unheardTokenLength === undefined ? 0 : this.#inARow + 1;
    if (this.#inARow < SUSPICIOUS) return error;
    const guess = offline(
      `${this.#inARow} connections in a row were lost before the server said anything. Does it run, in this client's version, ` +
        "and is the network there? A proxy may block WebSockets or refuse long headers: the " +
        `token has ${unheardTokenLength} characters, and ${SAFE_TOKEN_LENGTH} are safe.`,
    );
    if (this.#inARow === SUSPICIOUS) this.#log("warn", guess.message);
    return guess;
  }
}
