// Which URLs and hosts settings allow. A host pattern is a name, or `*.` and a name for everything under it.

/** Whether `text` is a URL over TLS, or one of the developer's own machine. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}

const HOST_PATTERN = /^(\*\.)?([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i;

/** Whether it is a host by its name: no IP address, no port. */
export const isHostPattern = (text: string): boolean => HOST_PATTERN.test(text);

/** Whether one of these patterns, in lower case, covers this host. `*.example.com` does not cover `example.com`. */
export const coversHost = (patterns: readonly string[], hostname: string): boolean =>
  patterns.some((pattern) =>
    pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern,
  );

const MAX_PICTURE_LENGTH = 1_024;
/** Without the characters that parsers of other languages may read as the end of the host. */
const PLAIN_HTTPS = /^https:\/\/[^\s\p{Cc}\\]+$/u;

/**
 * The URL of a user's picture if other users may load it, else `undefined`. The server behind a picture learns who
 * looks at a room, and when: so it must be https, on a host that the deployer named, without port or credentials. At
 * most 1,024 characters.
 */
export function allowedPicture(hosts: readonly string[], picture: unknown): string | undefined {
  if (typeof picture !== "string" || picture.length > MAX_PICTURE_LENGTH) return undefined;
  if (!PLAIN_HTTPS.test(picture) || !URL.canParse(picture)) return undefined;
  const { hostname, port, username, password } = new URL(picture);
  if (port !== "" || username !== "" || password !== "") return undefined;
  return coversHost(hosts, hostname) ? picture : undefined;
}
