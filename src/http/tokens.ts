import { Hono } from "hono";
import { SignJWT } from "jose";
import { MAX_TOKEN_LENGTH } from "../auth/token-refusals.ts";
import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import { type Infer, TOKEN_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppEnv } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { refusing } from "./refusal-error.ts";

const DEFAULT_TTL_S = 3_600;

const tokenBody = validator(TOKEN_BODY);

type TokenRequest = Infer<typeof TOKEN_BODY>;

/** Makes tokens for back ends without a JWT library. */
export const tokens = new Hono<AppEnv>().post("/", async (c) => {
  const { key } = await requireServer(c);
  const request = await readBody(c, tokenBody);
  const token = await signToken(c.get("config"), request);
  if (token.token.length > MAX_TOKEN_LENGTH)
    throw refusing(
      "too_large",
      `a token has at most ${MAX_TOKEN_LENGTH} characters, and rooms make it longer`,
      {
        path: ["rooms"],
      },
    );
  log("token_made", { user: request.user, key });
  return c.json(token);
});

/** Signs a token with `JWT_SECRET`. Refused if the tokens come from an issuer (`JWT_JWKS_URL`). */
export async function signToken({ token: { key, ...claims } }: Config, request: TokenRequest) {
  if (key.kind !== "secret")
    throw refusing("bad_request", "here the tokens come from the issuer of JWT_JWKS_URL");
  const { user, name, rooms, ttlSeconds = DEFAULT_TTL_S } = request;
  const issuedAt = Math.floor(Date.now() / 1_000);
  const expiresAt = issuedAt + ttlSeconds;
  const [audience] = claims.audiences;
  const jwt = new SignJWT({
    [claims.userClaim]: user,
    ...(rooms !== undefined && { [claims.roomsClaim]: rooms }),
    ...(audience !== undefined && { [claims.audienceClaim]: audience }),
    ...(name !== undefined && { name }),
  })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt);
  const [issuer] = claims.issuers;
  if (issuer !== undefined) jwt.setIssuer(issuer);
  return { token: await jwt.sign(new TextEncoder().encode(key.secrets[0])), expiresAt: expiresAt * 1_000 };
}
