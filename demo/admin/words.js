// What the admin page says. Its reader runs the server: so the message of a refusal is shown too.

import { countOf, durationText } from "../ui/format.js";

/** "1 room", "2 rooms". @param {number} count @param {string} noun */
export const counted = (count, noun) => `${countOf(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Why an act failed, as a sentence. @param {unknown} error */
export function refusalText(error) {
  const { code, message, retryAfterMs } = /** @type {Partial<import("./api.js").CallError>} */ (error ?? {});
  if (code === "offline") return "The server cannot be reached. It is not known whether this was done.";
  if (code === "timeout") return "The server did not answer in time. It is not known whether this was done.";
  if (code === "unauthorized" || code === "token_expired") return KEY_REFUSED;
  if (code === undefined) return "Something went wrong on this page. Reload it.";
  const again = retryAfterMs ? ` Try again in ${durationText(retryAfterMs)}.` : "";
  return `The server refused this: ${message || "it gave no reason"} (${code}).${again}`;
}

export const KEY_REFUSED = "The server did not accept this API key.";
export const KEY_REVOKED = "The server no longer accepts this API key. Sign in with another one.";

/** Why the numbers do not move. @param {unknown} error */
export function outageText(error) {
  const { code } = /** @type {Partial<import("./api.js").CallError>} */ (error ?? {});
  if (code === "offline") return "The server cannot be reached. The numbers below are old.";
  if (code === "timeout") return "The server does not answer. The numbers below are old.";
  return refusalText(error);
}

/**
 * How a call with one result for each name went: which were done, and why the others were not.
 *
 * @param {readonly { name: string, error?: { code: string, message: string } | undefined }[]} results
 * @param {string} done
 */
export function resultsText(results, done) {
  const failed = results.filter(({ error }) => error !== undefined);
  const said = failed.length === results.length ? [] : [done];
  for (const { name, error } of failed) said.push(`${name}: ${error?.message} (${error?.code}).`);
  return said.join(" ");
}
