import type { AppContext } from "./app-env.ts";

/** The client for a page without a bundler: there also where the demo is switched off. */
export const CLIENT_PATH = "/edge-rooms.js";

/** Static assets. Without the binding, or with `DEMO` off, there is no page. */
export async function serveAsset(c: AppContext): Promise<Response> {
  const { ASSETS } = c.env;
  const wanted = c.get("config").demo || c.req.path === CLIENT_PATH;
  if (ASSETS === undefined || !wanted) return c.notFound();
  return ASSETS.fetch(c.req.raw);
}
