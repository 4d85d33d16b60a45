// Whether a token was signed with a trusted key. Its claims are not read here.

import { compactVerify, errors } from "jose";
import type { TokenKey } from "../config/token-config.ts";
import { issuerKeys, type KeyHint } from "./jwks.ts";
import { TokenRefused } from "./token-refusals.ts";

/**
 * Each kind of key has its own algorithms, so that a public key is never used as a secret. A secret has at least 32
 * characters for all three HS algorithms; the signer must see to longer ones for HS384 and HS512.
 */
const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"];
const ISSUER_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface Unchecked {
  readonly jwt: string;
  readonly alg: unknown;
  readonly kid: unknown;
  /** `iat` of the token, in milliseconds. */
  readonly signedAt: number | undefined;
}

/** Throws `TokenRefused`. */
export async function verifyJwtSignature(
  key: TokenKey,
  { jwt, alg, kid, signedAt }: Unchecked,
): Promise<void> {
  const allowed = key.kind === "secret" ? SECRET_ALGORITHMS : ISSUER_ALGORITHMS;
  if (typeof alg !== "string" || !allowed.includes(alg))
    throw new TokenRefused(key.kind === "secret" ? "secret_algorithm" : "issuer_algorithm");
  if (key.kind === "jwks") return verifyByIssuer(key.url, jwt, { alg, ...nameOf(kid) }, signedAt);
  for (const secret of key.secrets) {
    if ((await check(jwt, await secretKey(secret, alg), alg)) === "fits") return;
  }
  throw new TokenRefused("bad_signature");
}

/** Imported once each: there are a few secrets, and three algorithms. */
const secretKeys = new Map<string, CryptoKey>();

async function secretKey(secret: string, alg: string): Promise<CryptoKey> {
  const name = `${alg} ${secret}`;
  const known = secretKeys.get(name);
  if (known !== undefined) return known;
  const algorithm = { name: "HMAC", hash: `SHA-${alg.slice(2)}` };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "verify",
  ]);
  secretKeys.set(name, key);
  return key;
}

/** A `kid` that is no text fits no key, but must not count as absent. */
function nameOf(kid: unknown): Pick<KeyHint, "kid"> {
  if (kid === undefined || kid === null) return {};
  return { kid: typeof kid === "string" ? kid : JSON.stringify(kid) };
}

const MAX_NAME_LENGTH = 200;

async function verifyByIssuer(
  url: string,
  jwt: string,
  hint: KeyHint,
  signedAt: number | undefined,
): Promise<void> {
  const { kid, alg } = hint;
  let mismatch: "unknown_kid" | "no_key" | "bad_signature" | "unusable_key" =
    kid === undefined ? "no_key" : "unknown_kid";
  const name = kid === undefined ? `any ${alg}` : `kid ${kid.slice(0, MAX_NAME_LENGTH)}`;
  const found = await issuerKeys(url).find({ name, signedAt }, async (keys) => {
    const candidates = await keys(hint);
    if (candidates === "none") return undefined;
    const verdict = await checkWithAny(jwt, candidates, alg);
    if (verdict !== "fits") mismatch = verdict;
    // A token without a kid may be signed with a key that is not known yet.
    return verdict === "bad_signature" && kid === undefined ? undefined : verdict;
  });
  switch (found.kind) {
    case "found":
      if (found.key !== "fits") throw new TokenRefused(found.key);
      return;
    case "unknown":
      throw new TokenRefused(mismatch);
    case "awaited":
      throw new TokenRefused("new_key", { retryAfterMs: Math.ceil(found.retryAfterMs) });
    case "unavailable":
      throw new TokenRefused("keys_unavailable", { retryAfterMs: Math.ceil(found.retryAfterMs) });
  }
}

type Verdict = "fits" | "bad_signature" | "unusable_key";

/** Tries all keys: one that is too weak must not end the search. */
async function checkWithAny(jwt: string, keys: readonly CryptoKey[], alg: string): Promise<Verdict> {
  let verdict: Verdict = "unusable_key";
  for (const key of keys) {
    const own = await check(jwt, key, alg);
    if (own === "fits") return own;
    if (own === "bad_signature") verdict = own;
  }
  return verdict;
}

/** jose also refuses a key of another algorithm, and an RSA key of less than 2,048 bits. */
async function check(jwt: string, key: CryptoKey, alg: string): Promise<Verdict> {
  try {
    await compactVerify(jwt, key, { algorithms: [alg] });
    return "fits";
  } catch (error) {
    return error instanceof errors.JOSEError ? "bad_signature" : "unusable_key";
  }
}
