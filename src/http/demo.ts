import type { AppContext } from "./app-context.ts";

/** The client as `npm run build` makes it: an npm package, and files for pages. Served also if `DEMO` is off. */
const CLIENT_FILE = /^\/edge-rooms(?:-all|-push|-sw|-polling-\w+)?\.(?:js|d\.ts|tgz)$/;

/** Serves static assets, which lie without `BASE_PATH`. Without the binding, or with `DEMO` off, there is no page. */
export async function serveAsset(c: AppContext): Promise<Response> {
  const { ASSETS } = c.env;
  const { demo, basePath } = c.get("config");
  if (ASSETS === undefined || (!demo && !CLIENT_FILE.test(c.req.path))) return c.notFound();
  const url = new URL(c.req.url);
  // The page has relative URLs, which need the slash.
  if (basePath !== "" && url.pathname === basePath) return c.redirect(`${basePath}/`, 308);
  url.pathname = c.req.path;
  const asset = await ASSETS.fetch(new Request(url, c.req.raw));
  if (asset.status === 404) return c.notFound();
  return basePath === "" ? asset : withBasePath(asset, url, basePath);
}

/** Puts `BASE_PATH` before a redirect: the binding redirects `/index.html` to `/`. */
function withBasePath(asset: Response, url: URL, basePath: string): Response {
  const location = asset.headers.get("Location");
  if (location === null) return asset;
  const target = new URL(location, url);
  if (target.origin !== url.origin) return asset;
  const headers = new Headers(asset.headers);
  headers.set("Location", `${basePath}${target.pathname}${target.search}`);
  return new Response(asset.body, { status: asset.status, headers });
}
