// @ts-check
// Why something did not work, in plain words.

import { durationWords } from "../ui/format.js";

/** @param {unknown} error */
export function errorWords(error) {
  const { code, retryAfterMs } = /** @type {Partial<import("../edge-rooms.js").RoomsError>} */ (error ?? {});
  switch (code) {
    case "offline":
    case "timeout":
    case "closed":
      return "There is no connection right now. Please try again.";
    case "forbidden":
      return "You have no permission for this.";
    case "not_found":
      return "This message is not there any more.";
    case "too_large":
      return "This is more than a message can take.";
    case "rate_limited":
      return retryAfterMs === undefined
        ? "That was too fast. Please wait a moment."
        : `That was too fast. Please wait ${durationWords(retryAfterMs)}.`;
    default:
      return "This did not work. Please try again.";
  }
}

/** @param {import("../edge-rooms.js").RoomsError} error */
export function refusalWords({ code, message, retryAfterMs }) {
  switch (code) {
    case "unauthorized":
      return "The server did not accept this token. Please check it, or get a new one.";
    case "token_expired":
      return "This token has expired. Please get a new one.";
    case "forbidden":
      return "You have no permission for this room.";
    case "banned":
      return retryAfterMs === undefined
        ? "You were removed from this room."
        : `You were removed from this room. You can come back in ${durationWords(retryAfterMs)}.`;
    case "deleted":
      return "This room was deleted.";
    default:
      return message;
  }
}
