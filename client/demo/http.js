// @ts-check
// What the page asks over HTTP: with this user's token, and refusals as the client has them.

import { recordOf } from "./chat-data.js";
import { RoomsError } from "./edge-rooms.js";

/** @typedef {(method: string, path: string, body?: object) => Promise<Record<string, unknown>>} Call */

const ANSWER_WITHIN_MS = 15_000;
const UNAUTHORIZED = 401;

/**
 * @param {{ url: string, getToken: () => Promise<string> | string }} options
 * @returns {Call}
 */
export function createCaller({ url, getToken }) {
  /** @type {string | undefined} */
  let token;

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {string} bearer
   */
  async function request(method, path, body, bearer) {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const headers = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" };
    try {
      return await fetch(new URL(path, url), {
        method,
        headers,
        cache: "no-store",
        signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new RoomsError("offline", "The server cannot be reached.", { cause });
    }
  }

  return async function call(method, path, body) {
    const isFresh = token === undefined;
    token ??= await getToken();
    let response = await request(method, path, body, token);
    if (response.status === UNAUTHORIZED && !isFresh) {
      token = await getToken();
      response = await request(method, path, body, token);
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw refusalOf(recordOf(answer).error);
    return recordOf(answer);
  };
}

/** @param {unknown} error */
function refusalOf(error) {
  const { code, message, retryAfterMs } = recordOf(error);
  const known = /** @type {import("./edge-rooms.js").RoomsErrorCode} */ (
    typeof code === "string" ? code : "internal"
  );
  return new RoomsError(known, typeof message === "string" ? message : known, {
    ...(typeof retryAfterMs === "number" && { retryAfterMs }),
  });
}

/**
 * @template Item
 * @param {unknown} value
 * @returns {Item[]}
 */
export const listOf = (value) => (Array.isArray(value) ? value : []);
