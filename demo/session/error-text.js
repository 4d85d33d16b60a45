// Errors in plain words.

import { durationText } from "../ui/format.js";

/** @import { RoomsError } from "../edge-rooms.js" */

/** @param {unknown} error */
export function errorText(error) {
  const { code, retryAfterMs } = /** @type {Partial<RoomsError>} */ (error ?? {});
  switch (code) {
    case "offline":
    case "timeout":
    case "closed":
      return "There is no connection right now. Please try again.";
    case "forbidden":
      return "You do not have permission to do this.";
    case "not_found":
      return "This message no longer exists.";
    case "too_large":
      return "This message is too large.";
    case "rate_limited":
      return `That was too fast. Please wait ${retryAfterMs === undefined ? "a moment" : durationText(retryAfterMs)}.`;
    default:
      return "This did not work. Please try again.";
  }
}

/** Why the server does not let this user in. @param {RoomsError} error */
export function refusalText({ code, message, retryAfterMs }) {
  switch (code) {
    case "unauthorized":
      return "The server did not accept this token. Please check it, or get a new one.";
    case "token_expired":
      return "This token has expired. Please get a new one.";
    case "forbidden":
      return "You do not have permission to enter this room.";
    case "banned":
      return `You were removed from this room.${
        retryAfterMs === undefined ? "" : ` You can come back in ${durationText(retryAfterMs)}.`
      }`;
    case "deleted":
      return "This room was deleted.";
    default:
      return message;
  }
}
