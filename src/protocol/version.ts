// What both sides must agree on before the first frame, and how the wire came to be what it is.

/**
 * Named in `connected` (`protocol`) and by the subprotocol. It rises only with a change that breaks a client: a new
 * optional field, event, command or code breaks none, as each side ignores what it does not know.
 */
export const PROTOCOL_VERSION = 1;

/** The one subprotocol a server selects. */
export const SUBPROTOCOL = "edge-rooms.v1";

/** `token.<jwt>` beside {@link SUBPROTOCOL} carries the token where a browser can set no header. */
export const TOKEN_SUBPROTOCOL_PREFIX = "token.";

/** The heartbeat, to the letter: the runtime compares strings, and any other spelling wakes the object. */
export const PING_FRAME = '{"type":"ping"}';
export const PONG_FRAME = '{"type":"pong"}';

/**
 * One line for each change of the wire, the newest last. `wire` is the hash of the contract's data after the change: a
 * test computes it, fails where it is not the one of the last line, and says what it must be.
 */
export const WIRE_HISTORY = [
  { version: 1, wire: "0bdf59bd34e5ecb8", change: "The first version." },
  { version: 1, wire: "d1632638b9283465", change: "Without pushes the key of `GET /v1/push/key` is `null`." },
  { version: 1, wire: "681271f217ca9994", change: "Constants that nobody read are gone." },
  { version: 1, wire: "351081b6a6960d96", change: "Connections over HTTP calls: `poll` and `commands`." },
  {
    version: 1,
    wire: "9a05c7396c3e02cf",
    change: "A kick has a `message` for the user, a broadcast an `except`, and a token needs no `rooms`.",
  },
  {
    version: 1,
    wire: "cb3a5cd53a2fde31",
    change: "A socket that asks whether any gets through is closed with 4200.",
  },
  {
    version: 1,
    wire: "5d136e3b687c44d7",
    change: "Statistics have `missing`: parts of the registry that do not answer.",
  },
  { version: 1, wire: "96ebb756a77681bc", change: "Answers that stream; the setting `maxAgentTurns`." },
  {
    version: 1,
    wire: "574d9e65e08666db",
    change:
      "Messages that expire, scheduled ones, retention by age; exports, imports, erasures; webhooks; batches in envelopes.",
  },
] as const;
