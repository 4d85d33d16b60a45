import { Hono } from "hono";
import { SignJWT } from "jose";
import * as v from "valibot";
import { isRoomPattern } from "../auth/room-permission.ts";
import { MAX_TOKEN_LENGTH } from "../auth/verify-token.ts";
import type { Config } from "../config/config.ts";
import { PERMISSIONS } from "../protocol/index.ts";
import { userId } from "../validation/fields.ts";
import type { AppEnv } from "./app-env.ts";
import { requireServer } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { refusing } from "./refusal-error.ts";

const DEFAULT_TTL_S = 3_600;

const tokenBody = v.strictObject({
  user: userId,
  name: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  rooms: v.record(
    v.pipe(v.string(), v.check(isRoomPattern, "must be a room name, or a prefix ending in *")),
    v.picklist(PERMISSIONS),
  ),
  ttlSeconds: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(60), v.maxValue(2_592_000))),
});

type TokenRequest = v.InferOutput<typeof tokenBody>;

/** For back ends without a JWT library. */
export const tokens = new Hono<AppEnv>().post("/", async (c) => {
  await requireServer(c);
  const token = await signToken(c.get("config"), await readBody(c, tokenBody));
  if (token.token.length > MAX_TOKEN_LENGTH)
    throw refusing("too_large", "rooms make the token too long", { path: ["rooms"] });
  return c.json(token);
});

/** A token as this server's key signs it; there is none where an issuer does. */
export async function signToken({ token: { key, ...claims } }: Config, request: TokenRequest) {
  if (key.kind !== "secret")
    throw refusing("bad_request", "here the tokens come from the issuer of JWT_JWKS_URL");
  const { user, name, rooms, ttlSeconds = DEFAULT_TTL_S } = request;
  const issuedAt = Math.floor(Date.now() / 1_000);
  const expiresAt = issuedAt + ttlSeconds;
  const jwt = new SignJWT({
    [claims.userClaim]: user,
    [claims.roomsClaim]: rooms,
    ...(name !== undefined && { name }),
  })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt);
  if (claims.issuer !== undefined) jwt.setIssuer(claims.issuer);
  if (claims.audience !== undefined) jwt.setAudience(claims.audience);
  return { token: await jwt.sign(new TextEncoder().encode(key.secret)), expiresAt: expiresAt * 1_000 };
}
