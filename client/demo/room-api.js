// @ts-check
// What the page asks over HTTP: what a socket has no command for.

import { recordOf } from "./chat-data.js";
import { RoomsError } from "./edge-rooms.js";

/** @typedef {{ user: string, seq: number }} ReadUpTo */
/** @typedef {{ user: string, until: number, by?: string | null, reason?: string }} Ban */
/** @typedef {ReturnType<typeof createRoomApi>} RoomApi */

const ANSWER_WITHIN_MS = 15_000;
const UNAUTHORIZED = 401;

/**
 * @param {{ url: string, room: string, getToken: () => Promise<string> | string }} options
 */
export function createRoomApi({ url, room, getToken }) {
  const base = new URL(`v1/rooms/${room}`, url).href;
  /** @type {string | undefined} */
  let token;

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async function call(method, path, body) {
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
  }

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
      return await fetch(base + path, {
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

  return {
    /** @returns {Promise<ReadUpTo[]>} */
    receipts: async () => listOf((await call("GET", "/receipts")).receipts),
    /** @returns {Promise<Ban[]>} */
    bans: async () => listOf((await call("GET", "/bans")).bans),
    /** @param {string} user */
    unban: (user) => call("DELETE", `/bans/${encodeURIComponent(user)}`),
    /** @param {{ user: string, banSeconds: number, reason?: string }} wish */
    kick: (wish) => call("POST", "/kick", wish),
    slowModeMs: async () => Number(recordOf((await call("GET", "")).settings).slowModeMs) || 0,
    /** @param {number} slowModeMs */
    setSlowMode: (slowModeMs) => call("PATCH", "", { slowModeMs }),
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
const listOf = (value) => (Array.isArray(value) ? value : []);
