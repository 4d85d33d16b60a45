// What both sides must agree on before the first frame.

/** Version 1: first release. */
export const PROTOCOL_VERSION = 1;

/** The one subprotocol a server selects. */
export const SUBPROTOCOL = "edge-rooms.v1";

/** `token.<jwt>` beside {@link SUBPROTOCOL} carries the token where a browser can set no header. */
export const TOKEN_SUBPROTOCOL_PREFIX = "token.";

/** The heartbeat, to the letter: the runtime compares strings, and any other spelling wakes the object. */
export const PING_FRAME = '{"type":"ping"}';
export const PONG_FRAME = '{"type":"pong"}';
