// The public keys of a token issuer, as jose asks for them.

import { waitUntil } from "cloudflare:workers";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { describeError, log } from "../platform/log.ts";
import { KeySet } from "./key-set.ts";
import { requestJson } from "./request-json.ts";

/** Some issuers list certificate chains as well. */
const MAX_BYTES = 262_144;

/** Whether a key of the issuer fits cannot be said now. */
export class KeysUnavailable extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super("the keys of the token issuer cannot be had now");
    this.retryAfterMs = retryAfterMs;
  }
}

/** What was fetched serves all requests of an isolate, and its objects. */
const known = new Map<string, JWTVerifyGetKey>();

/** Rejects with `KeysUnavailable`, or as jose does where no key or more than one fits. */
export function issuerKeys(url: string): JWTVerifyGetKey {
  let keys = known.get(url);
  if (keys === undefined) {
    keys = keysAt(url);
    known.set(url, keys);
  }
  return keys;
}

function keysAt(url: string): JWTVerifyGetKey {
  const keySet = new KeySet({
    fetchKeys: async () =>
      readKeys(await requestJson(url, { headers: { Accept: "application/json" } }, MAX_BYTES)),
    now: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    goOn: waitUntil,
    failed: (error) => log("error", "jwks_unavailable", { error: describeError(error) }),
  });
  return async (header, token) => {
    const found = await keySet.find((keys) => keys(header, token).catch(unlessNoneFits));
    if (found.kind === "found") return found.key;
    throw found.kind === "unknown"
      ? new errors.JWKSNoMatchingKey()
      : new KeysUnavailable(Math.ceil(found.retryAfterMs));
  };
}

function unlessNoneFits(error: unknown): undefined {
  if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
}

function readKeys(answer: unknown) {
  if (!isKeySet(answer)) throw new Error("answered no key set");
  return createLocalJWKSet(answer);
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  isObject(value) && "keys" in value && Array.isArray(value.keys) && value.keys.every(isObject);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
