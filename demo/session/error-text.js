// What went wrong, in the words of the page: the messages of errors are for developers, and never shown.

import { durationText } from "../ui/format.js";

/** @import { ConnectionState, RoomsError } from "../edge-rooms.js" */

/** An action that failed. @param {unknown} error */
export function errorText(error) {
  const { code, path, retryAfterMs } = /** @type {Partial<RoomsError>} */ (error ?? {});
  switch (code) {
    case "offline":
    case "timeout":
    case "closed":
      return "You are not connected. Try again in a moment.";
    case "unauthorized":
    case "token_expired":
      return "Your session has ended. Sign out and join again.";
    case "forbidden":
      return "You do not have permission to do this.";
    case "banned":
      return "You were removed from this room.";
    case "deleted":
      return "This room was deleted.";
    case "not_found":
      return "This message no longer exists.";
    case "not_open":
      return "This answer has already ended.";
    case "still_open":
      return "This answer is still being written.";
    case "gap":
    case "taken_over":
      return "This answer could not be written to its end.";
    case "too_large":
      return path?.includes("emoji")
        ? "You cannot add another reaction to this message."
        : "This message is too long.";
    case "bad_request":
      return "This was not accepted. Check what you entered.";
    case "rate_limited":
      return `You are doing this too often. Try again in ${waitText(retryAfterMs)}.`;
    case "overloaded":
    case "room_full":
      return "The server is busy. Try again in a moment.";
    default:
      return "Something went wrong. Try again.";
  }
}

/** A message that was not sent. @param {RoomsError | undefined} error */
export function failureText(error) {
  switch (error?.code) {
    case "too_large":
      return "This message is too long.";
    case "forbidden":
      return "You can read this room but not write in it.";
    case "not_found":
      return "The message you replied to no longer exists.";
    case "stale_retry":
      return "This message may have been sent already. Retrying sends it again.";
    default:
      return "This message could not be sent. Try again.";
  }
}

/** Why the server does not let this user in. @param {RoomsError} error */
export function refusalText({ code, retryAfterMs }) {
  switch (code) {
    case "unauthorized":
      return "This token was not accepted. Check it, or get a new one.";
    case "token_expired":
      return "This token has expired. Get a new one.";
    case "forbidden":
      return "You do not have permission to join this room.";
    case "banned":
      return `You were removed from this room.${
        retryAfterMs === undefined ? "" : ` You can rejoin in ${durationText(retryAfterMs)}.`
      }`;
    case "deleted":
      return "This room was deleted. Join it again to start a new one.";
    default:
      return "You could not join this room. Check what you entered.";
  }
}

/**
 * Why there is no connection.
 *
 * @param {ConnectionState & { error?: RoomsError }} state
 * @param {boolean} wasIn whether this user was in the room before
 */
export function outageText({ error }, wasIn) {
  if (!navigator.onLine) return "You are offline.";
  switch (error?.code) {
    case "room_full":
      return "This room is full.";
    case "unauthorized":
    case "token_expired":
      return "Your token was not accepted.";
    default:
      return wasIn ? "The connection was lost." : "The server cannot be reached.";
  }
}

/** @param {number | undefined} ms */
const waitText = (ms) => (ms === undefined ? "a moment" : durationText(ms));
