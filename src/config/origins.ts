// `ALLOWED_ORIGINS`: exact origins, `https://*.example.com` for one label, `http://localhost:*` for any port, or `*`.

const PATTERN = /^(\*|[a-z][a-z0-9+.-]*:\/\/(\*\.)?([a-z0-9.-]+|\[[0-9a-f:]+\])(:(\d{1,5}|\*))?)$/i;

export const isOriginPattern = (text: string): boolean => PATTERN.test(text);

/** `own`: the Worker's own origin, which always passes. A request without `Origin` is no browser, and passes. */
export function allowsOrigin(
  patterns: readonly string[],
  own: string,
  origin: string | null | undefined,
): boolean {
  if (origin === null || origin === undefined || origin === own) return true;
  return patterns.some((pattern) => matchesOrigin(pattern, origin));
}

function matchesOrigin(pattern: string, origin: string): boolean {
  if (pattern === "*") return true;
  const source = pattern
    .toLowerCase()
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace("://*\\.", "://[a-z0-9-]+\\.")
    .replace(/:\*$/, "(:\\d+)?");
  return new RegExp(`^${source}$`).test(origin.toLowerCase());
}
