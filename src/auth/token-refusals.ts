// Why a token is refused: every reason, by its name in logs and in /health. The text goes to the sender of the token,
// and holds neither the token nor the value of a claim.

import { type ErrorCode, type Refusal, refuse } from "../protocol/index.ts";

/** UTF-16 units. The largest known token of an issuer has 11,074: Entra ID, for a user in 200 groups. */
export const MAX_TOKEN_LENGTH = 16_384;

/** `{claim}` is the name of the claim. At most 109 bytes, so that a close frame holds text and code. */
const REASONS = {
  not_bearer: "the Authorization header is not of the form Bearer <token>",
  empty: "the Authorization header ends after Bearer: a variable for the token or API key may be empty",
  too_long: `the token has more than ${MAX_TOKEN_LENGTH} characters`,
  not_a_jwt:
    "this is no API key that counts here, and no signed JWT: three parts of base64url with dots between them",
  key_on_socket: "an API key opens no socket: send a user's token",
  encrypted: "the token is encrypted (a JWE): a signed JWT is needed",
  critical_header: "the token has a crit header, and no extension is known here",
  wrong_type: "the typ of the token says that it is no access token",
  refresh_token: "this is a refresh token: send the access token",
  logout_token: "this is a logout token: send the access token",
  secret_algorithm: "the alg of the token must be HS256, HS384 or HS512, which JWT_SECRET takes",
  issuer_algorithm: "the alg of the token is not allowed: JWT_JWKS_URL takes RS, PS, ES, EdDSA and Ed25519",
  bad_signature: "the signature of the token does not fit: sign it with JWT_SECRET, or a key of JWT_JWKS_URL",
  unknown_kid: "the issuer has no key with the kid and alg of the token",
  no_key: "the issuer has no key for the alg of the token, which names none by kid",
  unusable_key: "the issuer's key for this token is too weak or broken",
  new_key: "the key of the token is not known yet, and the issuer is asked again in a moment",
  keys_unavailable: "the keys of the token issuer cannot be had now",
  wrong_issuer: "the iss of the token is none of JWT_ISSUER (compared exactly, also a / at the end)",
  no_issuer: "the token has no iss, and JWT_ISSUER asks for one",
  wrong_audience: "the {claim} of the token is none of JWT_AUDIENCE (compared exactly)",
  no_audience: "the token has no {claim}, and JWT_AUDIENCE asks for one",
  no_expiry: "the token has no exp: say when it expires, in seconds since 1970",
  bad_time: "the {claim} of the token must be seconds since 1970, as a number",
  expiry_too_far: "the exp of the token is over 10 years ahead: it counts seconds, not milliseconds",
  expired: "the token has expired: get a new one",
  not_yet_valid: "the token is not valid yet: its nbf is ahead, or a clock is wrong",
  issued_ahead: "the iat of the token is ahead: a clock is wrong, or it counts milliseconds",
  no_user: "the token has no {claim}, which names the user",
  bad_user: "the {claim} of the token, its user id, must be text of 1 to 255 printable characters",
  inexact_user: "the {claim} of the token, its user id, is no exact integer: make it text",
  bad_rooms: "the {claim} of the token must be an object of room names and levels",
  bad_rooms_json: "the {claim} of the token is text, and not the JSON of an object",
  bad_room_name: "the {claim} of the token names what is no room and no prefix that ends in *",
  bad_level: "the {claim} of the token has a level other than none, read, write and moderate",
} as const satisfies Record<string, string>;

export type TokenRefusalReason = keyof typeof REASONS;

export const TOKEN_REFUSAL_REASONS = Object.keys(REASONS).filter(
  (name): name is TokenRefusalReason => name in REASONS,
);

export interface TokenRefusal {
  readonly reason: TokenRefusalReason;
  /** Name of the claim that is wrong: if a setting names it, the name in the setting. */
  readonly claim?: string;
  /** How long ago the token expired, in milliseconds. */
  readonly agoMs?: number;
  readonly retryAfterMs?: number;
}

/** Thrown to end the check of a token. */
export class TokenRefused extends Error {
  readonly refusal: TokenRefusal;

  constructor(reason: TokenRefusalReason, more: Omit<TokenRefusal, "reason"> = {}) {
    super(reason);
    this.refusal = { reason, ...more };
  }
}

const CODES: Partial<Record<TokenRefusalReason, ErrorCode>> = {
  expired: "token_expired",
  new_key: "overloaded",
  keys_unavailable: "overloaded",
};

/** What the caller receives: the same over HTTP, as close reason, and as answer to `auth`. */
export function tokenRefusal({ reason, claim = "claim", agoMs, retryAfterMs }: TokenRefusal): Refusal {
  const words =
    agoMs === undefined
      ? REASONS[reason].replace("{claim}", () => claim)
      : `the token expired ${durationOf(agoMs)} ago: get a new one`;
  return refuse(CODES[reason] ?? "unauthorized", words, retryAfterMs === undefined ? {} : { retryAfterMs });
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
] as const;

/** Rounded down to whole units; `over a year` is the longest. */
function durationOf(ms: number): string {
  if (ms >= 365 * UNITS[0][0]) return "over a year";
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? [1_000, "s"];
  return `${Math.floor(ms / size)} ${unit}`;
}
