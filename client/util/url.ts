import { RoomsError } from "./errors.ts";

/**
 * The address before `/v1`, with the scheme of a socket. `origin` is the page's own, for a relative `url`.
 * Throws `bad_request` where no address comes of it.
 */
export function baseUrl(url: string, origin: string | undefined): string {
  if (!URL.canParse(url, origin)) {
    throw new RoomsError("bad_request", url === "" ? "url is needed outside a page" : "url cannot be read");
  }
  const base = new URL(url, origin);
  const scheme = SOCKET_SCHEMES.get(base.protocol);
  if (scheme === undefined) throw new RoomsError("bad_request", "url must be http(s) or ws(s)");
  return `${scheme}//${base.host}${base.pathname.replace(/\/+$/, "")}`;
}

const SOCKET_SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

export function endpointUrl(base: string, path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? base + path : `${base}${path}?${text}`;
}
