// Which tokens are accepted: the keys, and the claims that a token must have.

import { isHostPattern, isSecureUrl } from "./allowed-urls.ts";
import type { SettingsReader } from "./settings-reader.ts";

export const MIN_SECRET_LENGTH = 32;

export type TokenKey =
  /** At least one. Tokens of each are accepted; the first one signs. */
  | { readonly kind: "secret"; readonly secrets: readonly [string, ...string[]] }
  | { readonly kind: "jwks"; readonly url: string };

export interface TokenConfig {
  readonly key: TokenKey;
  /** Compared exactly with `iss`. Empty: any issuer, or none. */
  readonly issuers: readonly string[];
  /** Compared exactly with `audienceClaim`, a text or a list. Empty: any audience, or none. */
  readonly audiences: readonly string[];
  /** Names of claims, or dotted paths to them. */
  readonly audienceClaim: string;
  readonly userClaim: string;
  readonly roomsClaim: string;
  /** Hosts, or `*.` and a name, from which users' pictures may be loaded. Pictures of others are left out. */
  readonly pictureHosts: readonly string[];
}

/** There are no patterns here: a `*` in a name would never match. */
const isExact = (name: string): boolean => !name.includes("*");
const ANY = "*";

export function readToken(read: SettingsReader): TokenConfig | undefined {
  const key = readTokenKey(read);
  const issuers = read.list("JWT_ISSUER", isExact, "issuers, each in full (no *)");
  const listed = read.list(
    "JWT_AUDIENCE",
    (name) => name === ANY || isExact(name),
    "audiences, each in full, or be *",
  );
  if (listed.includes(ANY) && listed.length > 1)
    read.problem("JWT_AUDIENCE", "takes * alone, for any audience, or names without it");
  const audiences = listed.filter((audience) => audience !== ANY);
  if (key?.kind === "jwks") {
    if (issuers.length === 0) read.problem("JWT_ISSUER", "is required with JWT_JWKS_URL");
    if (listed.length === 0) read.problem("JWT_AUDIENCE", "is required with JWT_JWKS_URL (* for any)");
  }
  if (read.text("JWT_AUDIENCE_CLAIM") !== "" && audiences.length === 0)
    read.problem("JWT_AUDIENCE_CLAIM", "means nothing without names in JWT_AUDIENCE");
  const claims = {
    audienceClaim: read.text("JWT_AUDIENCE_CLAIM", "aud"),
    userClaim: read.text("JWT_USER_CLAIM", "sub"),
    roomsClaim: read.text("JWT_ROOMS_CLAIM", "rooms"),
  };
  const hosts = read.list("PICTURE_HOSTS", isHostPattern, "hosts such as *.gravatar.com");
  const pictureHosts = hosts.map((host) => host.toLowerCase());
  return key && { key, issuers, audiences, ...claims, pictureHosts };
}

function readTokenKey(read: SettingsReader): TokenKey | undefined {
  const [first, ...others] = readSecrets(read);
  const url = read.text("JWT_JWKS_URL");
  if ((first === undefined) === (url === "")) {
    read.problem("JWT_SECRET", "or JWT_JWKS_URL must be set, and not both");
    return undefined;
  }
  if (first !== undefined) return { kind: "secret", secrets: [first, ...others] };
  if (!isSecureUrl(url)) read.problem("JWT_JWKS_URL", "must be an https URL");
  return { kind: "jwks", url };
}

/** Separated by commas or line breaks, so a secret has neither. */
function readSecrets(read: SettingsReader): readonly string[] {
  const secrets = read
    .text("JWT_SECRET")
    .split(/[,\r\n]/)
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH))
    read.problem(
      "JWT_SECRET",
      `needs at least ${MIN_SECRET_LENGTH} characters (a comma or a line break parts two secrets)`,
    );
  return secrets;
}
