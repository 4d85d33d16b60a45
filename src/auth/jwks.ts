// The public keys of a token issuer, and which of them may have signed a token.

import { waitUntil } from "cloudflare:workers";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from "jose";
import { log } from "../log/log.ts";
import { isRecord } from "../protocol/index.ts";
import { JwksCache } from "./jwks-cache.ts";
import { requestJson } from "./request-json.ts";

/** Some issuers list certificate chains too. */
const MAX_BYTES = 262_144;

/** Keys that may have signed a token; `none`: no key has its name and algorithm. */
export type Candidates = readonly CryptoKey[] | "none";

export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

/** Finds the keys of an issuer that fit the header of a token. Keys that cannot be used are left out. */
export type IssuerKeys = (hint: KeyHint) => Promise<Candidates>;

/** By URL: all requests and objects of an isolate share the keys. */
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
  if (!isRecord(answer) || !Array.isArray(answer.keys)) throw new Error("answered no key set");
  // A broken entry is skipped, so that the other keys still count.
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
    // The token names no key, or two keys have one name.
    return error instanceof errors.JWKSMultipleMatchingKeys ? usableOf(error) : [];
  }
}

async function usableOf(keys: AsyncIterable<CryptoKey>): Promise<CryptoKey[]> {
  const usable: CryptoKey[] = [];
  for await (const key of keys) usable.push(key);
  return usable;
}

/** Drops `alg` from an Ed25519 key: `EdDSA` and `Ed25519` name the same, and tokens use either. */
function withoutOldName({ alg, ...key }: JWK): JWK {
  const isEither = key.crv === "Ed25519" && (alg === "EdDSA" || alg === "Ed25519");
  return alg === undefined || isEither ? key : { ...key, alg };
}

const isKey = (value: unknown): value is JWK => isRecord(value) && typeof value.kty === "string";
