import { coversHost } from "./host-patterns.ts";

const MAX_LENGTH = 1_024;
/** What parsers of other languages may read as another host is none. */
const PLAIN = /^https:\/\/[^\s\p{Cc}\\]+$/u;

/**
 * The address of a user's picture as everybody may load it; `undefined`: they shall not. The person who chose an address
 * learns from where, and when, everybody in the room looks at it: so it is https, on a host that the deployer named,
 * without port or credentials. At most 1,024 characters.
 */
export function allowedPicture(hosts: readonly string[], picture: unknown): string | undefined {
  if (typeof picture !== "string" || picture.length > MAX_LENGTH) return undefined;
  if (!PLAIN.test(picture) || !URL.canParse(picture)) return undefined;
  const { hostname, port, username, password } = new URL(picture);
  if (port !== "" || username !== "" || password !== "") return undefined;
  return coversHost(hosts, hostname) ? picture : undefined;
}
