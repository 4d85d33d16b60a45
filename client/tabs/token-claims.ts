import { isRecord, type JsonObject, PERMISSIONS, parseJson } from "../../src/protocol/index.ts";
import type { Token } from "../connection/transport/token-answer.ts";

/** The claims of a JWT, unchecked; `undefined` where they cannot be read. */
export function claimsIn(token: Token): JsonObject | undefined {
  try {
    const binary = atob(String(token?.split(".")[1]).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims = parseJson(new TextDecoder().decode(bytes));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The places at which claims have this user's id. Which claim names the user is a setting of the server. It is among the
 * places in the token that the server took, so another token with the same places is one of that user.
 */
export function placesOf(user: string, claims: unknown, path: readonly string[] = []): readonly string[][] {
  if (isRecord(claims))
    return Object.keys(claims)
      .sort()
      .flatMap((key) => placesOf(user, claims[key], [...path, key]));
  const isHere = (typeof claims === "string" || typeof claims === "number") && String(claims) === user;
  return isHere ? [[...path]] : [];
}

/**
 * What claims say of rooms. Which claim does is a setting too: it is known by its form, a permission for each name, as an
 * object or as its JSON.
 */
export function roomsIn(claims: unknown): readonly unknown[] {
  const record = typeof claims === "string" ? parseJson(claims) : claims;
  if (!isRecord(record)) return [];
  const entries = Object.entries(record).sort();
  return entries.every(([, level]) => PERMISSIONS.some((known) => known === level))
    ? [entries]
    : entries.flatMap(([, claim]) => roomsIn(claim));
}
