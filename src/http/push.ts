import { Hono } from "hono";
import * as v from "valibot";
import { datesOf } from "../access/identity.ts";
import { allowsEndpoint, isPublicKey, type PushConfig } from "../config/push-config.ts";
import { instant } from "../validation/ranges.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireUser } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { callAsUser } from "./call-actor.ts";
import { accepted, refusing } from "./refusal-error.ts";

const unpadded = (text: string) => text.replace(/=+$/, "");
const isSecret = (text: string) => /^[A-Za-z0-9_-]{22}$/.test(text);

/** A `PushSubscription` as JSON. */
const subscriptionBody = v.object({
  endpoint: v.string(),
  expirationTime: v.exactOptional(v.nullable(instant)),
  keys: v.object({
    p256dh: v.pipe(
      v.string(),
      v.transform(unpadded),
      v.check(isPublicKey, "must be 65 bytes of base64url, a point of P-256"),
    ),
    auth: v.pipe(v.string(), v.transform(unpadded), v.check(isSecret, "must be 16 bytes of base64url")),
  }),
});

const endpointBody = v.object({ endpoint: v.string() });

/** Under `/v1/push`. */
export const pushKey = new Hono<AppEnv>().get("/key", async (c) => {
  await callAsUser(c);
  return c.json({ key: requirePush(c).vapid.publicKey });
});

/** Under `/v1/me/push`. */
export const push = new Hono<AppEnv>()
  .post("/", async (c) => {
    const { identity } = await requireUser(c);
    const { hosts } = requirePush(c);
    const { endpoint, expirationTime, keys } = await readBody(c, subscriptionBody);
    if (!allowsEndpoint(hosts, endpoint)) {
      throw refusing("bad_request", "endpoint is of no push service that is allowed here (PUSH_HOSTS)", {
        path: ["endpoint"],
      });
    }
    if (!(await isOnCurve(keys.p256dh))) {
      throw refusing("bad_request", "p256dh is no point of P-256", { path: ["keys", "p256dh"] });
    }
    const subscription = { endpoint, ...keys, expiresAt: expirationTime ?? null };
    accepted(await userStub(c, identity.user.id).subscribe(datesOf(identity), subscription));
    // Whose it is now: a browser may have been somebody else's before.
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
  const binary = atob(publicKey.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, []).then(
    () => true,
    () => false,
  );
}
