import { isRecord, type JsonObject, parseJson } from "../../src/protocol/index.ts";
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
 * Whether claims may be those of this user. Which claim names the user is a setting of the server, so each of them, at
 * whatever depth, is looked at.
 */
export function mayBeOf(claims: unknown, user: string): boolean {
  if (typeof claims === "string" || typeof claims === "number") return String(claims) === user;
  return typeof claims === "object" && claims !== null
    ? Object.values(claims).some((claim) => mayBeOf(claim, user))
    : false;
}
