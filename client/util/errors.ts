import { ERRORS, type ErrorCode, isErrorCode, isRoomName, type Refusal } from "../../src/protocol/index.ts";

/**
 * A code of the protocol, or one that only a client knows: `offline` (no connection, or it was lost, or an answer could
 * not be read), `closed` (by `leave()` or `close()`), `dropped` (by `room.discard()`),
 * `user_changed` (`getToken` gave the token of another user than before), `outbox_full` (more waits than is kept: by
 * `keepOffline`, or of an answer that is being written).
 */
export type RoomsErrorCode = ErrorCode | "offline" | "closed" | "dropped" | "user_changed" | "outbox_full";

export interface RoomsErrorDetails {
  readonly retryAfterMs?: number | undefined;
  readonly path?: readonly (string | number)[] | undefined;
  readonly cause?: unknown;
}

/**
 * Why something was refused or could not be done. The `code` is for programs, the `message` for people.
 *
 * @example
 * try {
 *   await room.send({ text: "Hello" });
 * } catch (error) {
 *   if (error instanceof RoomsError && error.code === "forbidden") toast("You may only read here.");
 *   else throw error;
 * }
 */
export class RoomsError extends Error {
  override readonly name = "RoomsError";
  readonly code: RoomsErrorCode;
  /** Another try has a chance only after so many milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The first field that is not as it must be, such as `["data", "title"]`. */
  readonly path: readonly (string | number)[] | undefined;

  constructor(code: RoomsErrorCode, message: string = code, details: RoomsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.path = details.path;
  }
}

export const userChanged = (): RoomsError =>
  new RoomsError("user_changed", "getToken gave the token of another user than before.");

export const noConnection = (): RoomsError => offline("There is no connection.");

export const unreadable = (): RoomsError => offline("The answer could not be read.");

/** Whether the server takes the same command later. */
export const isTemporary = ({ code }: RoomsError): boolean => isErrorCode(code) && ERRORS[code].again;

export const refusalError = ({ code, message, ...details }: Refusal): RoomsError =>
  new RoomsError(code, message, details);

export const offline = (message: string, cause?: unknown): RoomsError =>
  new RoomsError("offline", message, { cause });

/** The name, which needs no encoding in a path. Throws `bad_request` for any other text. */
export function roomName(name: string): string {
  // In JavaScript it may be `undefined`, whose text is the name of a room.
  if (typeof name === "string" && isRoomName(name)) return name;
  const shown = String(name).slice(0, 40);
  const message = `"${shown}" is no name of a room: 1 to 128 of A-Z a-z 0-9 _ . : - and first a letter or digit.`;
  throw new RoomsError("bad_request", message, { path: ["room"] });
}
