// How the Worker tells an object who connects and with which parameters: one header on a new request. Nothing else of the
// client's request reaches the object.

/** base64url of JSON, as a header holds ASCII only. */
export const IDENTITY_HEADER = "Edge-Rooms-Identity";

export function encodeHeader(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Trusts the text: only the Worker calls objects, and it has checked everything. */
export function decodeHeader<Upgrade>(text: string): Upgrade {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
}
