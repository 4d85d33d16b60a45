// Which pages may call. `ALLOWED_ORIGINS`: exact origins, `https://*.example.com` for one label, `http://localhost:*`
// for any port, or `*`. Pages from the Worker's own host always may.

const PATTERN = /^(\*|[a-z][a-z0-9+.-]*:\/\/(\*\.)?([a-z0-9.-]+|\[[0-9a-f:]+\])(:(\d{1,5}|\*))?\/?)$/i;
const OWN_SCHEMES = /^(?:https?|wss?):\/\/([^/?#@]+)$/;
/** Of http and https, as a client may name the one and connect by the other. */
const DEFAULT_PORT = /:(80|443)?$/;

export const isOriginPattern = (text: string): boolean => PATTERN.test(text);

/**
 * `ownHost`: host and port by which the Worker is called. Its own pages pass with any scheme, as clients other than
 * browsers name `http` or `wss` on a secure connection too. A request without `Origin` is not from a page, and passes.
 */
export function allowsOrigin(
  patterns: readonly string[],
  ownHost: string,
  origin: string | null | undefined,
): boolean {
  if (origin === null || origin === undefined) return true;
  const plain = plainOrigin(origin);
  const [, host] = OWN_SCHEMES.exec(plain) ?? [];
  if (host !== undefined && withoutDefaultPort(host) === withoutDefaultPort(ownHost.toLowerCase()))
    return true;
  return patterns.some((pattern) => matchesOrigin(pattern, plain));
}

/** Lower case, and without the slash that some clients, and some settings, end an origin with. */
const plainOrigin = (origin: string): string => origin.toLowerCase().replace(/\/$/, "");

const withoutDefaultPort = (host: string): string => host.replace(DEFAULT_PORT, "");

function matchesOrigin(pattern: string, origin: string): boolean {
  if (pattern === "*") return true;
  const source = plainOrigin(pattern)
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace("://*\\.", "://[a-z0-9-]+\\.")
    .replace(/:\*$/, "(:\\d+)?");
  return new RegExp(`^${source}$`).test(origin);
}
