import { isCommandId, isUserId } from "../../src/protocol/index.ts";
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

/** The id of a user, as a part of a path. Throws `bad_request` for anything else. */
export function userPath(user: string): string {
  // An id such as `..` would make another path. In JavaScript it may be a list, which `encodeURIComponent` takes.
  if (typeof user === "string" && isUserId(user)) return encodeURIComponent(user);
  throw new RoomsError("bad_request", "This is no id of a user.", { path: ["user"] });
}

/** The id of a scheduled message, as a part of a path. Throws `bad_request` for anything else. */
export function scheduledPath(id: string): string {
  // Of `..` even the encoded form makes another path, which is that of the room itself.
  if (typeof id === "string" && isCommandId(id) && !/^\.\.?$/.test(id))
    return `/scheduled/${encodeURIComponent(id)}`;
  throw new RoomsError("bad_request", "This is no id of a scheduled message.", { path: ["id"] });
}

/** `?name=value…` of the fields that have one, or nothing. Lists are joined by commas. */
export function query(
  fields: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const given = Object.entries(fields).flatMap(([name, value]) => {
    const text = String(value ?? "");
    return text === "" ? [] : [[name, text]];
  });
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
