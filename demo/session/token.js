// @ts-check
// Where tokens come from: on a developer's machine from the server, elsewhere from the person at the page.

import { RoomsError } from "../edge-rooms.js";
import { onDevice } from "./storage.js";

/** A path may lie before the page, so every address is relative to it. */
export const BASE = new URL(".", location.href).href;

const ANSWER_WITHIN_MS = 10_000;

/**
 * Whether this server makes tokens for anybody. Rejects where it cannot be reached.
 */
export async function makesTokens() {
  const { status } = await askToken("probe", "");
  return status !== 404;
}

/**
 * @param {string} user
 * @param {string} name
 * @param {boolean} moderator
 * @returns {() => Promise<string>}
 */
export const tokenFor = (user, name, moderator) => async () => {
  const response = await askToken(user, name, moderator);
  if (response.status === 404)
    throw new RoomsError("unauthorized", "This server makes no tokens for guests any more.");
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const { token } = await response.json();
  return String(token);
};

/**
 * @param {string} user
 * @param {string} name
 * @param {boolean} [moderator]
 */
function askToken(user, name, moderator = false) {
  const query = new URLSearchParams({
    user,
    ...(name !== "" && { name }),
    ...(moderator && { permission: "moderate" }),
  });
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return fetch(new URL(`dev/token?${query}`, BASE), { cache: "no-store", signal });
}

/**
 * The same id for the same name, so that two tabs are one person. A name without Latin letters gets an id at random,
 * which this device remembers.
 *
 * @param {string} name
 */
export function userIdOf(name) {
  const slug = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (slug !== "") return slug.slice(0, 64);
  const key = `id.${name}`;
  const known = onDevice.get(key);
  if (known !== undefined) return known;
  const id = `guest-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
  onDevice.set(key, id);
  return id;
}
