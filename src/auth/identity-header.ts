// How the Worker tells an object who connects and with which parameters: one header on a new request. Nothing else of
// the client's request reaches the object.

import { base64url } from "jose";

/** base64url of JSON, as a header holds ASCII only. */
export const IDENTITY_HEADER = "Edge-Rooms-Identity";

export const encodeHeader = (value: unknown): string => base64url.encode(JSON.stringify(value));

/** Trusts the text: only the Worker calls objects, and it has checked everything. */
export const decodeHeader = <Upgrade>(text: string): Upgrade =>
  JSON.parse(new TextDecoder().decode(base64url.decode(text)));
