import { RoomsError } from "./errors.ts";

/**
 * The address before `/v1`, with the scheme of a socket. `origin` is that of the page, for a relative `url`.
 * Throws `bad_request` where this gives no address.
 */
export function baseUrl(url: string, origin: string | undefined): string {
  const { protocol, host, pathname } = parse(url, origin);
  if (!/^(http|ws)s?:$/.test(protocol)) throw new RoomsError("bad_request", "url must be http(s) or ws(s)");
  return `${protocol.replace("http", "ws")}//${host}${pathname.replace(/\/+$/, "")}`;
}

function parse(url: string, origin: string | undefined): URL {
  try {
    return new URL(url, origin);
  } catch {
    throw new RoomsError("bad_request", url === "" ? "url is needed outside a page" : "url cannot be read");
  }
}

export function endpointUrl(base: string, path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return base + path + (text && `?${text}`);
}
