import type { Hono, MiddlewareHandler } from "hono";
import { allowsOrigin } from "../config/origins.ts";
import type { AppContext, AppEnv } from "./app-env.ts";
import { refusing } from "./refusal-error.ts";

/** CORS does not protect sockets, so this comes first for them too: before any token is looked at. */
export function requireOrigin(c: AppContext): void {
  const own = new URL(c.req.url).origin;
  if (!allowsOrigin(c.get("config").allowedOrigins, own, c.req.header("Origin"))) {
    throw refusing("forbidden", "pages of this origin may not call here (ALLOWED_ORIGINS)");
  }
}

/**
 * Lets pages of allowed origins in, and answers their preflights with the methods that the path has. No answer of the
 * API is for a cache.
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
    c.res.headers.set("Cache-Control", "no-store");
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
