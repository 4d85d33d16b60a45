// The token by which a push service knows this server (RFC 8292).

import { base64url, importJWK, SignJWT } from "jose";
import type { Vapid } from "../../../config/push-config.ts";

/** Services refuse a token that lives longer than a day. */
const LIVES_FOR_S = 12 * 3_600;
const ALGORITHM = "ES256";

/** The `Authorization` header for one endpoint. */
export async function authorizationOf(vapid: Vapid, endpoint: string, now: number): Promise<string> {
  const nowS = Math.floor(now / 1_000);
  const token = await new SignJWT()
    .setProtectedHeader({ typ: "JWT", alg: ALGORITHM })
    .setAudience(new URL(endpoint).origin)
    .setSubject(vapid.subject)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + LIVES_FOR_S)
    .sign(await signingKey(vapid));
  return `vapid t=${token}, k=${vapid.publicKey}`;
}

function signingKey({ publicKey, privateKey }: Vapid) {
  const point = base64url.decode(publicKey);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: base64url.encode(point.subarray(1, 33)),
    y: base64url.encode(point.subarray(33, 65)),
    d: privateKey,
  };
  return importJWK(jwk, ALGORITHM);
}
