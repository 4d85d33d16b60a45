// A token issuer: it signs with its own keys and serves them at a URL that nothing else uses. To make it fail in a new
// way, give another answer to `answerWith`.

import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { onTestFinished, vi } from "vitest";
import { uniqueName } from "./worker.ts";

export type Answer = (signal: AbortSignal) => Response | Promise<Response>;

/** Never answers; like the network it stops when the caller aborts. */
export const silence: Answer = (signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** `algorithms` by key id. All keys are published at first. */
export async function startIssuer(algorithms: Readonly<Record<string, string>>) {
  const url = `https://${uniqueName("issuer").replaceAll("_", "-")}.example/jwks.json`;
  const privateKeys = new Map<string, CryptoKey>();
  const publicKeys = new Map<string, JWK>();
  for (const [kid, alg] of Object.entries(algorithms)) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    privateKeys.set(kid, privateKey);
    publicKeys.set(kid, { ...(await exportJWK(publicKey)), alg, kid, use: "sig" });
  }
  const published = (kids: readonly string[], withIds = true): Answer => {
    const keys = kids.flatMap((kid) => publicKeys.get(kid) ?? []);
    return () => Response.json({ keys: withIds ? keys : keys.map(({ kid: _, ...key }) => key) });
  };
  let answer = published(Object.keys(algorithms));
  const fetches: RequestInit[] = [];
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    if (String(input) !== url || !init.signal) throw new Error(`unexpected request to ${String(input)}`);
    fetches.push(init);
    return answer(init.signal);
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  /** Claims that are `undefined` are left out, and so is the key id if `kid` is `null`. */
  const sign = (
    key: string,
    claims: Record<string, unknown> = {},
    kid: string | null = key,
    header: Record<string, unknown> = {},
  ) => {
    const privateKey = privateKeys.get(key);
    const alg = algorithms[key];
    if (privateKey === undefined || alg === undefined) throw new Error(key);
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    return new SignJWT({ sub: "ada", exp, iss: "me", aud: "rooms", ...claims })
      .setProtectedHeader({ alg, ...(kid !== null && { kid }), ...header })
      .sign(privateKey);
  };

  return {
    url,
    settings: { JWT_SECRET: undefined, JWT_JWKS_URL: url, JWT_ISSUER: "me", JWT_AUDIENCE: "rooms" },
    sign,
    publicKeys: [...publicKeys.values()],
    /** The requests for the keys, the oldest first. */
    fetches,
    publish: (...kids: string[]) => {
      answer = published(kids);
    },
    publishWithoutIds: (...kids: string[]) => {
      answer = published(kids, false);
    },
    answerWith: (other: Answer) => {
      answer = other;
    },
  };
}
