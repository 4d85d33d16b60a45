// Lists of hosts in settings: names, or `*.` and a name for everything under it.

const PATTERN = /^(\*\.)?([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i;

/** Whether it is a host by its name: no address, no port. */
export const isHostPattern = (text: string): boolean => PATTERN.test(text);

/** Whether one of these patterns, in lower case, covers this host. `*.example.com` does not cover `example.com`. */
export const coversHost = (patterns: readonly string[], hostname: string): boolean =>
  patterns.some((pattern) =>
    pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern,
  );
