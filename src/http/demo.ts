import type { AppContext } from "./app-env.ts";

/** The client for a page without a bundler: there also where the demo is switched off. */
const CLIENT_FILES = ["/edge-rooms.js", "/edge-rooms-push.js", "/edge-rooms-sw.js"];

/** Static assets, which know nothing of `BASE_PATH`. Without the binding, or with `DEMO` off, there is no page. */
export async function serveAsset(c: AppContext): Promise<Response> {
  const { ASSETS } = c.env;
  const { demo, basePath } = c.get("config");
  if (ASSETS === undefined || (!demo && !CLIENT_FILES.includes(c.req.path))) return c.notFound();
  const url = new URL(c.req.url);
  // The page's own addresses are relative, so they need the slash.
  if (basePath !== "" && url.pathname === basePath) return c.redirect(`${basePath}/`, 308);
  url.pathname = c.req.path;
  const asset = await ASSETS.fetch(new Request(url, c.req.raw));
  return asset.status === 404 ? c.notFound() : asset;
}
