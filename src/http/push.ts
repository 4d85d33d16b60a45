import { Hono } from "hono";
import { base64url } from "jose";
import * as v from "valibot";
import { datesOf } from "../access/identity.ts";
import { allowsEndpoint, isPublicKey, type PushConfig } from "../config/push-config.ts";
import { ENDPOINT_BODY, SUBSCRIPTION_BODY } from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { callAsUser } from "./call-actor.ts";
import { accepted, refusing } from "./refusal-error.ts";

/** Padding is at most two: a search for more would take quadratic time in an engine that backtracks. */
const unpadded = (text: unknown) => String(text).replace(/={1,2}$/, "");
const isSecret = (text: string) => /^[A-Za-z0-9_-]{22}$/.test(text);

const subscriptionBody = ({ hosts }: PushConfig) =>
  v.pipe(
    validator(SUBSCRIPTION_BODY, {
      endpoint: [
        (url) => allowsEndpoint(hosts, String(url)),
        "is of no push service that is allowed here (PUSH_HOSTS)",
      ],
      keys: {
        p256dh: [(key) => isPublicKey(unpadded(key)), "must be 65 bytes of base64url, a point of P-256"],
        auth: [(secret) => isSecret(unpadded(secret)), "must be 16 bytes of base64url"],
      },
    }),
    v.transform(({ keys, ...body }) => ({
      ...body,
      keys: { p256dh: unpadded(keys.p256dh), auth: unpadded(keys.auth) },
    })),
  );

const endpointBody = validator(ENDPOINT_BODY);

/** Under `/v1/push`. */
export const pushKey = new Hono<AppEnv>().get("/key", async (c) => {
  await callAsUser(c);
  return c.json({ key: c.get("config").push?.vapid.publicKey ?? null });
});

/** Under `/v1/me/push`. */
export const push = new Hono<AppEnv>()
  .post("/", async (c) => {
    const { identity } = await requireUser(c);
    const { endpoint, expirationTime, keys } = await readBody(c, subscriptionBody(requirePush(c)));
    if (!(await isOnCurve(keys.p256dh))) {
      throw refusing("bad_request", "keys.p256dh: is no point of P-256", { path: ["keys", "p256dh"] });
    }
    const subscription = { endpoint, ...keys, expiresAt: expirationTime ?? null };
    accepted(await userStub(c, identity.user.id).subscribe(datesOf(identity), subscription));
    // Whose device it is now: another user may have used this browser before.
    return c.json({ user: identity.user.id });
  })
  .delete("/", async (c) => {
    const { identity } = await requireUser(c);
    requirePush(c);
    const { endpoint } = await readBody(c, endpointBody);
    accepted(await userStub(c, identity.user.id).unsubscribe(datesOf(identity), endpoint));
    return c.json({});
  });

function requirePush(c: AppContext): PushConfig {
  const config = c.get("config").push;
  if (config === undefined) throw refusing("not_found", "there are no pushes here (VAPID_PUBLIC_KEY)");
  return config;
}

async function isOnCurve(publicKey: string): Promise<boolean> {
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  return crypto.subtle.importKey("raw", base64url.decode(publicKey), algorithm, false, []).then(
    () => true,
    () => false,
  );
}
