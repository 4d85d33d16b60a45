import type { Hono, MiddlewareHandler } from "hono";
import { allowsOrigin } from "../config/origins.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { methodsOf } from "./not-found.ts";
import { refusing } from "./refusal-error.ts";
import { isForAll, PRIVATE } from "./responses.ts";

/** Refuses pages of other origins before any token is read. For sockets too, as CORS does not protect them. */
export function requireOrigin(c: AppContext): void {
  const origin = foreignOrigin(c);
  if (origin !== undefined) throw originRefused(origin);
}

/** The origin that may not call, printable. */
function foreignOrigin(c: AppContext): string | undefined {
  const origin = c.req.header("Origin");
  return allowsOrigin(c.get("config").allowedOrigins, ownHost(c), origin) ? undefined : printable(origin);
}

const originRefused = (origin: string) =>
  refusing(
    "forbidden",
    `the origin ${origin} may not call here: it is neither this host nor in ALLOWED_ORIGINS`,
  );

/**
 * The host, with a port that is not the default, by which the Worker is called. In a list the first entry is that of
 * the proxy nearest to the client. A page cannot set this header itself: no preflight allows it.
 */
export function ownHost(c: AppContext): string {
  const { host } = new URL(c.req.url);
  if (!c.get("config").trustProxy) return host;
  return c.req.header("X-Forwarded-Host")?.split(",")[0]?.trim() || host;
}

const MAX_SHOWN = 200;

/** What the caller sent, quoted and cut, so that its developer finds the fault. */
const printable = (text = ""): string =>
  `"${text.slice(0, MAX_SHOWN).replace(/[^!-~]|["\\]/g, "?")}${text.length > MAX_SHOWN ? "…" : ""}"`;

/** Of a path that is none, so that the page learns that, and not that its method is not allowed. */
const ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Admits pages of allowed origins, and answers their preflights with the methods that the path has. Marks every answer
 * of the API as not for caches, but those that everybody gets.
 */
export const crossOrigin =
  (app: Hono<AppEnv>): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const foreign = foreignOrigin(c);
    if (foreign !== undefined) throw originRefused(foreign);
    const origin = c.req.header("Origin");
    if (c.req.method === "OPTIONS" && c.req.header("Access-Control-Request-Method") !== undefined) {
      const methods = methodsOf(app, c.req.path);
      c.res = new Response(null, {
        status: 204,
        headers: {
          "Access-Control-Allow-Methods": (methods.length > 0 ? methods : ALL_METHODS).join(", "),
          "Access-Control-Allow-Headers": "authorization, content-type",
          "Access-Control-Max-Age": "86400",
        },
      });
    } else await next();
    const isShared = isForAll(c.res);
    if (!isShared) for (const [name, value] of Object.entries(PRIVATE)) c.res.headers.set(name, value);
    if (origin === undefined) return;
    c.res.headers.set("Access-Control-Allow-Origin", origin);
    if (!isShared) c.res.headers.append("Vary", "Origin");
  };
