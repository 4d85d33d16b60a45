// Tokens: a developer's own server makes them for everybody, elsewhere the user enters one.

import { RoomsError } from "../edge-rooms.js";
import { onDevice } from "./storage.js";

/** The page may be served below a path, so every address is relative to it. */
export const BASE = new URL(".", location.href).href;

const ANSWER_WITHIN_MS = 10_000;

/** Whether this server makes tokens for guests. Rejects if it cannot be reached. */
export async function makesTokens() {
  const { devTokens } = await (await ask("health")).json();
  return devTokens === true;
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
    throw new RoomsError("unauthorized", "This server no longer makes tokens for guests.");
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
  return ask(`dev/token?${query}`);
}

/** @param {string} path */
const ask = (path) =>
  fetch(new URL(path, BASE), { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });

/**
 * The same id for the same name, so that two tabs are one user. For a name without Latin letters or digits the id is
 * random, and kept on this device.
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
  const id = onDevice.get(key) ?? `guest-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
  onDevice.set(key, id);
  return id;
}
