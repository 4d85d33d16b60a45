// Calls with the API key. The server SDK refuses to run in a page, so that no app ships its key to everybody: here the
// key is the operator's own. No other file of the admin page calls the server.

import { isWhole } from "./export.js";

/** @import { BansResult, Infer, MessagesResult, OwnSettings } from "../../src/protocol/index.ts" */
/** @import { RoomInfo, RoomsResult, SettingsResult, StatsResult, UsersResult } from "../../src/protocol/index.ts" */
/** @import { BROADCAST_RESULT, DISCONNECTED_RESULT, MEMBERS_RESULT } from "../../src/protocol/index.ts" */
/** @import { ErasureResult, NOTIFY_RESULT, ScheduledResult, USER_RESULT } from "../../src/protocol/index.ts" */

/** @typedef {ReturnType<typeof createApi>} Api */
/** @typedef {Infer<typeof BROADCAST_RESULT>} Broadcast */
/** @typedef {Infer<typeof NOTIFY_RESULT>} Notified */
/** @typedef {Infer<typeof MEMBERS_RESULT>} MembersOfRoom */
/** @typedef {{ kind: string, count: number, lastAt: number }} Seen */
/** `refused` is there for a key only. @typedef {{ refused?: { tokens: Seen[], connects: Seen[] } }} Health */
/** @typedef {{ prefix: string, active: boolean, after?: string | undefined }} ListQuery */
/** @typedef {"GET" | "POST" | "PATCH" | "DELETE"} Method */

const ANSWER_WITHIN_MS = 15_000;
/** Of an export, which takes as long as it is large. */
const EXPORT_WITHIN_MS = 600_000;
/** Entries of a list, and messages of a room. */
const PAGE = 20;

/** A call that was refused, or had no answer: then its code is `offline` or `timeout`. */
export class CallError extends Error {
  /**
   * @param {string} code
   * @param {string} [message] of the server
   * @param {{ retryAfterMs?: number | undefined }} [details]
   */
  constructor(code, message = "", { retryAfterMs } = {}) {
    super(message);
    this.name = "CallError";
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @param {string} base address of the server, with a slash at its end
 * @param {string} key stands in the header only: an address may be logged
 * @param {{ onKeyRefused?(): void }} [page]
 */
export function createApi(base, key, { onKeyRefused } = {}) {
  const ended = new AbortController();

  /** @param {Method} method @param {string} path @param {unknown} [body] @param {number} [withinMs] */
  const ask = (method, path, body, withinMs = ANSWER_WITHIN_MS) =>
    reach(new URL(path, base), {
      method,
      headers: { Authorization: `Bearer ${key}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // No cookie of this host goes with it, and no cache keeps it.
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.any([ended.signal, AbortSignal.timeout(withinMs)]),
    });

  /** @param {Method} method @param {string} path @param {unknown} [body] @returns {Promise<unknown>} */
  async function call(method, path, body) {
    const response = await ask(method, path, body);
    if (response.ok) return response.json().catch(lost);
    const error = await refusalIn(response);
    if (response.status === 401) onKeyRefused?.();
    throw error;
  }

  /** Rejects where it broke off. @param {string} path @returns {Promise<Blob>} */
  async function exported(path) {
    const response = await ask("GET", `${path}/export`, undefined, EXPORT_WITHIN_MS);
    if (!response.ok) throw await refusalIn(response);
    const content = await response.blob().catch(lost);
    if (!(await isWhole(content))) throw new CallError("offline");
    return content;
  }

  const room = (/** @type {string} */ name) => `v1/rooms/${encodeURIComponent(name)}`;
  const user = (/** @type {string} */ id) => `v1/users/${encodeURIComponent(id)}`;

  return {
    /** No call goes on after it: they reject, and nobody is told. */
    end: () => ended.abort(),
    ended: ended.signal,

    stats: () => /** @type {Promise<StatsResult>} */ (call("GET", "v1/stats")),
    /** Answers a server with a fault too, with its status 500. */
    async health() {
      return /** @type {Health} */ (await (await ask("GET", "health")).json().catch(lost));
    },
    /** In the text format of Prometheus; `undefined` where the server has none. */
    async metrics() {
      const response = await ask("GET", "v1/metrics");
      if (response.ok) return response.text().catch(lost);
      const error = await refusalIn(response);
      if (error.code === "not_found") return undefined;
      throw error;
    },
    rooms: (/** @type {ListQuery} */ query) =>
      /** @type {Promise<RoomsResult>} */ (call("GET", `v1/rooms?${listQuery(query)}`)),
    users: (/** @type {ListQuery} */ query) =>
      /** @type {Promise<UsersResult>} */ (call("GET", `v1/users?${listQuery(query)}`)),

    room: (/** @type {string} */ name) => /** @type {Promise<RoomInfo>} */ (call("GET", room(name))),
    members: (/** @type {string} */ name) =>
      /** @type {Promise<MembersOfRoom>} */ (call("GET", `${room(name)}/members`)),
    /** The latest ones, or those before a `seq`. @param {string} name @param {number} [before] */
    messages(name, before) {
      const query = new URLSearchParams({ limit: String(PAGE), ...(before && { before: String(before) }) });
      return /** @type {Promise<MessagesResult>} */ (call("GET", `${room(name)}/messages?${query}`));
    },
    /** @param {string} name @param {string} [after] the last user of the page before */
    bans(name, after) {
      const query = after === undefined ? "" : `?${new URLSearchParams({ after })}`;
      return /** @type {Promise<BansResult>} */ (call("GET", `${room(name)}/bans${query}`));
    },
    /** @param {string} name @param {Partial<OwnSettings>} settings */
    setSettings: (name, settings) =>
      /** @type {Promise<SettingsResult>} */ (call("PATCH", room(name), settings)),
    /** @param {string} name @param {{ user: string, banSeconds: number, reason?: string, message?: string }} who */
    kick: (name, who) => call("POST", `${room(name)}/kick`, who),
    /** @param {string} name @param {string} id */
    unban: (name, id) => call("DELETE", `${room(name)}/bans/${encodeURIComponent(id)}`),
    /** @param {string} name @param {number} seq */
    deleteMessage: (name, seq) => call("DELETE", `${room(name)}/messages/${seq}`),
    purge: (/** @type {string} */ name) => call("DELETE", room(name)),
    exportRoom: (/** @type {string} */ name) => exported(room(name)),
    scheduled: (/** @type {string} */ name) =>
      /** @type {Promise<ScheduledResult>} */ (call("GET", `${room(name)}/scheduled`)),
    /** @param {string} name @param {string} id */
    unschedule: (name, id) => call("DELETE", `${room(name)}/scheduled/${encodeURIComponent(id)}`),

    user: (/** @type {string} */ id) =>
      /** @type {Promise<Infer<typeof USER_RESULT>>} */ (call("GET", user(id))),
    /** @param {string} id @param {boolean} keepPush */
    disconnect: (id, keepPush) =>
      /** @type {Promise<Infer<typeof DISCONNECTED_RESULT>>} */ (
        call("POST", `${user(id)}/disconnect`, { keepPush })
      ),
    exportUser: (/** @type {string} */ id) => exported(user(id)),
    erase: (/** @type {string} */ id) => /** @type {Promise<ErasureResult>} */ (call("DELETE", user(id))),
    /** @param {{ rooms: readonly string[], event: string, data: unknown, id: string }} body */
    broadcast: (body) => /** @type {Promise<Broadcast>} */ (call("POST", "v1/broadcast", body)),
    /** @param {{ users: readonly string[], title: string, message: string, priority: string, id: string }} body */
    notify: (body) => /** @type {Promise<Notified>} */ (call("POST", "v1/notify", body)),
  };
}

/** @param {ListQuery} query */
const listQuery = ({ prefix, active, after }) =>
  new URLSearchParams({
    limit: String(PAGE),
    ...(prefix !== "" && { prefix }),
    ...(active && { active: "true" }),
    ...(after !== undefined && { after }),
  });

/** @param {URL} url @param {RequestInit} init */
const reach = (url, init) => fetch(url, init).catch(lost);

/** There was no answer, or not all of it. @param {unknown} error @returns {never} */
function lost(error) {
  throw new CallError(error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "offline");
}

/** @param {Response} response */
async function refusalIn(response) {
  const { error } = await response.json().catch(() => ({}));
  // What stands between page and server answers in a form of its own.
  if (typeof error?.code !== "string") return new CallError("internal", `status ${response.status}`);
  return new CallError(error.code, String(error.message), error);
}
