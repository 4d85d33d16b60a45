import type { Config } from "../config/config.ts";
import type { AppContext } from "./app-context.ts";
import { isDecodable } from "./request-url.ts";
import { PRIVATE } from "./responses.ts";

/** The client as `npm run build` makes it: an npm package, and files for pages. Served also if `DEMO` is off. */
const CLIENT_FILE = /^\/edge-rooms(?:-all|-push|-sw|-(?:polling|watching)-\w+)?\.(?:js|d\.ts|tgz)$/;

/** What the admin page consists of, and what it shares with the chat page. The binding serves `/admin` as `/admin.html`. */
const ADMIN_FILE = /^\/(?:admin(?:\.html)?\/?|favicon\.svg|(?:admin|ui|styles)\/[\w-]+\.(?:js|css))$/;
const OF_ADMIN_ALONE = /^\/+admin(?:[./]|$)/;

/** Serves static assets, which lie without `BASE_PATH`. Without the binding there is none, and each page has a setting. */
export async function serveAsset(c: AppContext): Promise<Response> {
  const { ASSETS } = c.env;
  const { basePath } = c.get("config");
  if (ASSETS === undefined || !isServed(c.req.path, c.get("config"))) return c.notFound();
  const url = new URL(c.req.url);
  // The page has relative URLs, which need the slash.
  if (basePath !== "" && url.pathname === basePath)
    return new Response(null, { status: 308, headers: { Location: `${basePath}/`, ...PRIVATE } });
  url.pathname = c.req.path;
  const asset = await ASSETS.fetch(new Request(url, c.req.raw));
  if (asset.status === 404) return c.notFound();
  return asset.headers.has("Cache-Control") ? asset : notKept(asset, url, basePath);
}

function isServed(path: string, { demo, admin }: Config): boolean {
  if (CLIENT_FILE.test(path)) return true;
  // The binding decodes a path before it looks for a file.
  if (!isDecodable(path)) return false;
  if (!demo || OF_ADMIN_ALONE.test(decodeURIComponent(path))) return admin && ADMIN_FILE.test(path);
  return true;
}

/**
 * What the binding says nothing of, a cache may keep for hours: a redirect, as of `/index.html` to `/`, which gets
 * `BASE_PATH` here, and a file to a request that has `Range` or `Authorization`.
 */
function notKept(asset: Response, url: URL, basePath: string): Response {
  const headers = new Headers(asset.headers);
  for (const [name, value] of Object.entries(PRIVATE)) headers.set(name, value);
  const location = asset.headers.get("Location");
  const target = location === null ? undefined : new URL(location, url);
  if (basePath !== "" && target?.origin === url.origin)
    headers.set("Location", `${basePath}${target.pathname}${target.search}`);
  return new Response(asset.body, { status: asset.status, headers });
}
