// The machine-readable contracts. `npm run docs` makes the files from the schemas; here the address of this deployment is put
// into them. Anybody may read them, from any page.

import type { AppContext } from "./app-context.ts";
import { ownHost } from "./cross-origin.ts";

/** How this deployment is called. */
interface Address {
  readonly scheme: string;
  readonly host: string;
  readonly basePath: string;
}

// Imported when they are asked for: evaluated with the Worker they would take 10 ms of each start.

export async function serveOpenApi(c: AppContext): Promise<Response> {
  const { default: document } = await import("./openapi.json");
  const { scheme, host, basePath } = addressOf(c);
  return answer(c, document, [{ url: `${scheme}://${host}${basePath}` }]);
}

export async function serveAsyncApi(c: AppContext): Promise<Response> {
  const { default: document } = await import("./asyncapi.json");
  const { scheme, host, basePath } = addressOf(c);
  const deployment = {
    ...document.servers.deployment,
    host,
    protocol: scheme === "http" ? "ws" : "wss",
    ...(basePath !== "" && { pathname: basePath }),
  };
  return answer(c, document, { deployment });
}

interface Served {
  readonly servers: string;
  readonly text: string;
  readonly etag: string;
}

/** As it was served last: anybody may ask as often as they like, and each has the same address as a rule. */
const served = new WeakMap<object, Served>();

async function withServers(document: object, servers: object): Promise<Served> {
  const known = served.get(document);
  if (known?.servers === JSON.stringify(servers)) return known;
  const text = JSON.stringify({ ...document, servers });
  const made = { servers: JSON.stringify(servers), text, etag: `"${await hashOf(text)}"` };
  served.set(document, made);
  return made;
}

/** A client that has it asks with its `ETag`, and gets 304 until the next deployment. */
async function answer(c: AppContext, document: object, servers: object): Promise<Response> {
  const { text, etag } = await withServers(document, servers);
  const headers = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=0, must-revalidate",
    ETag: etag,
    "X-Content-Type-Options": "nosniff",
  };
  const known = c.req.header("If-None-Match")?.split(",") ?? [];
  if (known.some((tag) => tag.trim().replace(/^W\//, "") === etag)) return c.body(null, 304, headers);
  return c.body(text, 200, { ...headers, "Content-Type": "application/json" });
}

/** Behind a proxy that is trusted, the address of the proxy. */
function addressOf(c: AppContext): Address {
  const { trustProxy, basePath } = c.get("config");
  const { protocol } = new URL(c.req.url);
  const passedOn = trustProxy ? c.req.header("X-Forwarded-Proto")?.split(",")[0]?.trim() : undefined;
  const scheme = passedOn === "http" || passedOn === "https" ? passedOn : protocol.slice(0, -1);
  return { scheme, host: ownHost(c), basePath };
}

async function hashOf(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes).subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
