// How the Worker tells an object who connects and with what: one header on a request that it builds anew. Nothing
// else of the client's request reaches the object.

/** base64url of JSON, so that a name in any script passes. */
export const IDENTITY_HEADER = "Edge-Rooms-Identity";

export function encodeHeader(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Trusts what it reads: an object is reached through the Worker only, which has checked it all. */
export function decodeHeader<Upgrade>(text: string): Upgrade {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
}
