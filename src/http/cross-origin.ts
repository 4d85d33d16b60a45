import type { Hono, MiddlewareHandler } from "hono";
import { allowsOrigin } from "../config/origins.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { refusing } from "./refusal-error.ts";
import { PRIVATE } from "./responses.ts";

/** Refuses pages of other origins before any token is read. For sockets too, as CORS does not protect them. */
export function requireOrigin(c: AppContext): void {
  const origin = c.req.header("Origin");
  if (allowsOrigin(c.get("config").allowedOrigins, ownHost(c), origin)) return;
  throw refusing(
    "forbidden",
    `the origin ${printable(origin)} may not call here: it is neither this host nor in ALLOWED_ORIGINS`,
  );
}

/**
 * The host, with a port that is not the default, by which the Worker is called. In a list the first entry is that of
 * the proxy nearest to the client. A page cannot set this header itself: no preflight allows it.
 */
function ownHost(c: AppContext): string {
  const { host } = new URL(c.req.url);
  if (!c.get("config").trustProxy) return host;
  return c.req.header("X-Forwarded-Host")?.split(",")[0]?.trim() || host;
}

const MAX_SHOWN = 200;

/** What the caller sent, quoted and cut, so that its developer finds the fault. */
const printable = (text = ""): string =>
  `"${text.slice(0, MAX_SHOWN).replace(/[^!-~]|["\\]/g, "?")}${text.length > MAX_SHOWN ? "…" : ""}"`;

/**
 * Admits pages of allowed origins, and answers their preflights with the methods that the path has. Marks every answer
 * of the API as not for caches.
 */
export const crossOrigin =
  (app: Hono<AppEnv>): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    requireOrigin(c);
    const origin = c.req.header("Origin");
    if (c.req.method === "OPTIONS" && c.req.header("Access-Control-Request-Method") !== undefined) {
      c.res = new Response(null, {
        status: 204,
        headers: {
          "Access-Control-Allow-Methods": methodsOf(app, c.req.path).join(", "),
          "Access-Control-Allow-Headers": "authorization, content-type",
          "Access-Control-Max-Age": "86400",
        },
      });
    } else await next();
    for (const [name, value] of Object.entries(PRIVATE)) c.res.headers.set(name, value);
    if (origin === undefined) return;
    c.res.headers.set("Access-Control-Allow-Origin", origin);
    c.res.headers.append("Vary", "Origin");
  };

function methodsOf(app: Hono<AppEnv>, path: string): string[] {
  const segments = path.split("/");
  const fits = (pattern: string) => {
    const parts = pattern.split("/");
    return (
      parts.length === segments.length &&
      parts.every((part, at) => part.startsWith(":") || part === segments[at])
    );
  };
  const methods = app.routes
    .filter((route) => route.method !== "ALL" && fits(route.path))
    .map(({ method }) => method);
  return [...new Set(methods)];
}
