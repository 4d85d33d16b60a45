// The public keys of a token issuer, and which of them may have signed a token.

import { waitUntil } from "cloudflare:workers";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from "jose";
import { log } from "../log/log.ts";
import { JwksCache } from "./jwks-cache.ts";
import { requestJson } from "./request-json.ts";

/** Some issuers list certificate chains as well. */
const MAX_BYTES = 262_144;

/** Some of these may have signed; `none`: no key is for that name and algorithm. */
export type Candidates = readonly CryptoKey[] | "none";

export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

/** Those of an issuer that fit what the header of a token says. Keys that cannot be used are left out. */
export type IssuerKeys = (hint: KeyHint) => Promise<Candidates>;

/** What was fetched serves all requests of an isolate, and its objects. */
const known = new Map<string, JwksCache<IssuerKeys>>();

export function issuerKeys(url: string): JwksCache<IssuerKeys> {
  let keys = known.get(url);
  if (keys === undefined) {
    keys = keysAt(url);
    known.set(url, keys);
  }
  return keys;
}

const keysAt = (url: string): JwksCache<IssuerKeys> =>
  new JwksCache({
    fetchKeys: async () =>
      readKeys(await requestJson(url, { headers: { Accept: "application/json" } }, MAX_BYTES)),
    now: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    goOn: waitUntil,
    failed: (error) => log("jwks_unavailable", { error }),
  });

function readKeys(answer: unknown): IssuerKeys {
  if (!isObject(answer) || !("keys" in answer) || !Array.isArray(answer.keys))
    throw new Error("answered no key set");
  // One entry that is broken must not take the others with it.
  const keys = answer.keys.filter(isKey).map(withoutOldName);
  if (keys.length === 0 && answer.keys.length > 0) throw new Error("answered no key set");
  const keySet: JSONWebKeySet = { keys };
  const find = createLocalJWKSet(keySet);
  return (hint) => candidatesIn(find, hint);
}

type FindKey = ReturnType<typeof createLocalJWKSet>;

async function candidatesIn(find: FindKey, hint: KeyHint): Promise<Candidates> {
  try {
    return [await find({ ...hint })];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return "none";
    // Where tokens name no key, or one name is that of two keys.
    return error instanceof errors.JWKSMultipleMatchingKeys ? usableOf(error) : [];
  }
}

async function usableOf(keys: AsyncIterable<CryptoKey>): Promise<CryptoKey[]> {
  const usable: CryptoKey[] = [];
  for await (const key of keys) usable.push(key);
  return usable;
}

/** `EdDSA` on a key of Ed25519 means what `Ed25519` means, so such a key is for tokens of either name. */
function withoutOldName({ alg, ...key }: JWK): JWK {
  const isEither = key.crv === "Ed25519" && (alg === "EdDSA" || alg === "Ed25519");
  return alg === undefined || isEither ? key : { ...key, alg };
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const isKey = (value: unknown): value is JWK =>
  isObject(value) && "kty" in value && typeof value.kty === "string";
