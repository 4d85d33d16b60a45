// The deployer's settings, parsed and checked once. A wrong value is named, never guessed around.

import { isRoomPattern, type RoomAccess } from "../auth/room-permission.ts";
import { isEventName, PERMISSIONS } from "../protocol/index.ts";
import { isHostPattern } from "./host-patterns.ts";
import { type LimitsConfig, readLimits } from "./limits-config.ts";
import { isOriginPattern } from "./origins.ts";
import { type PushConfig, readPush } from "./push-config.ts";
import { SettingsReader } from "./settings-reader.ts";

export type TokenKey =
  | { readonly kind: "secret"; readonly secret: string }
  | { readonly kind: "jwks"; readonly url: string };

export interface TokenConfig {
  readonly key: TokenKey;
  readonly issuer?: string;
  /** Left out where any audience will do. */
  readonly audience?: string;
  readonly userClaim: string;
  readonly roomsClaim: string;
  /** Hosts, or `*.` and a name, from which users' pictures may be loaded; of others none is told. */
  readonly pictureHosts: readonly string[];
}

/** The deployer's own server, asked what a user may do where the token does not say. */
export interface BackEnd {
  readonly url: string;
  readonly secret: string;
}

export interface Config {
  readonly token: TokenConfig;
  readonly apiKeys: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Whether `X-Forwarded-Host` is set by a proxy in front of the Worker, and by nobody else. */
  readonly trustProxy: boolean;
  readonly access: RoomAccess;
  readonly backEnd?: BackEnd;
  readonly serverEvents: readonly string[];
  /** Left out: there are no pushes. */
  readonly push?: PushConfig;
  readonly limits: LimitsConfig;
  readonly basePath: string;
  readonly demo: boolean;
  /** Tokens for anybody. `on`: anybody on this machine; `share`: on its network too. */
  readonly devTokens: "off" | "on" | "share";
  /** Where objects are made. A hint counts on first use only, a jurisdiction is part of an object's identity. */
  readonly placement: {
    readonly locationHint?: DurableObjectLocationHint;
    readonly jurisdiction?: DurableObjectJurisdiction;
  };
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  /** What is wrong with which setting, without its value. */
  | { readonly ok: false; readonly problems: readonly string[]; readonly basePath: string };

const MIN_SECRET_LENGTH = 32;
const LOCATION_HINTS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;
const JURISDICTIONS = ["eu", "us", "fedramp", "fedramp-high"] as const;

export function parseConfig(settings: Readonly<Record<string, unknown>>): ConfigResult {
  const read = new SettingsReader(settings);
  const token = readToken(read);
  const permission = read.oneOf("DEFAULT_ROOM_ACCESS", PERMISSIONS, "none");
  const backEnd = readBackEnd(read);
  const devTokens = read.oneOf("DEV_TOKENS", ["on", "share", "off"], "off");
  const push = readPush(read, devTokens !== "off");
  const config = {
    apiKeys: read.list(
      "API_KEYS",
      (key) => key.length >= MIN_SECRET_LENGTH,
      `keys of at least ${MIN_SECRET_LENGTH} characters`,
    ),
    allowedOrigins: read.list("ALLOWED_ORIGINS", isOriginPattern, "origins such as https://app.example.com"),
    trustProxy: read.oneOf("TRUST_PROXY", ["on", "off"], "off") === "on",
    access: { defaultAccess: permission, anonymousRooms: readRoomPatterns(read) },
    ...(backEnd !== undefined && { backEnd }),
    ...(push !== undefined && { push }),
    serverEvents: read.list("SERVER_EVENTS", isEventName, "topics"),
    limits: readLimits(read),
    basePath: readBasePath(read),
    demo: read.oneOf("DEMO", ["on", "off"], "on") === "on",
    devTokens,
    placement: readPlacement(read),
  };
  if (token === undefined || read.problems.length > 0) {
    return { ok: false, problems: read.problems, basePath: config.basePath };
  }
  return { ok: true, config: { ...config, token } };
}

/** For objects: no Worker with a wrong setting ever lets anything through to them. */
export function requireConfig(settings: object): Config {
  const result = parseConfig({ ...settings });
  if (!result.ok) throw new Error(`wrong settings: ${result.problems.join("; ")}`);
  return result.config;
}

function readToken(read: SettingsReader): TokenConfig | undefined {
  const key = readTokenKey(read);
  const issuer = read.text("JWT_ISSUER");
  const audience = read.text("JWT_AUDIENCE");
  if (key?.kind === "jwks") {
    if (issuer === "") read.problem("JWT_ISSUER", "is required with JWT_JWKS_URL");
    if (audience === "") read.problem("JWT_AUDIENCE", "is required with JWT_JWKS_URL (* for any)");
  }
  const userClaim = read.text("JWT_USER_CLAIM", "sub");
  const roomsClaim = read.text("JWT_ROOMS_CLAIM", "rooms");
  const pictureHosts = read.list("PICTURE_HOSTS", isHostPattern, "hosts such as *.gravatar.com");
  if (key === undefined) return undefined;
  return {
    key,
    ...(issuer !== "" && { issuer }),
    ...(audience !== "" && audience !== "*" && { audience }),
    userClaim,
    roomsClaim,
    pictureHosts: pictureHosts.map((host) => host.toLowerCase()),
  };
}

function readTokenKey(read: SettingsReader): TokenKey | undefined {
  const secret = read.text("JWT_SECRET");
  const url = read.text("JWT_JWKS_URL");
  if ((secret === "") === (url === "")) {
    read.problem("JWT_SECRET", "or JWT_JWKS_URL must be set, and not both");
    return undefined;
  }
  if (secret !== "") {
    if (secret.length < MIN_SECRET_LENGTH)
      read.problem("JWT_SECRET", `needs at least ${MIN_SECRET_LENGTH} characters`);
    return { kind: "secret", secret };
  }
  if (!isSecureUrl(url)) read.problem("JWT_JWKS_URL", "must be an https URL");
  return { kind: "jwks", url };
}

function readBackEnd(read: SettingsReader): BackEnd | undefined {
  const url = read.text("AUTHORIZE_URL");
  const secret = read.text("WEBHOOK_SECRET");
  if (secret !== "" && secret.length < MIN_SECRET_LENGTH)
    read.problem("WEBHOOK_SECRET", `needs at least ${MIN_SECRET_LENGTH} characters`);
  if (url === "") return undefined;
  if (!isSecureUrl(url)) read.problem("AUTHORIZE_URL", "must be an https URL");
  if (secret === "") read.problem("WEBHOOK_SECRET", "is required with AUTHORIZE_URL");
  return { url, secret };
}

/** Or one of the developer's own machine. */
function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}

function readPlacement(read: SettingsReader): Config["placement"] {
  const locationHint = read.oneOf("LOCATION_HINT", ["", ...LOCATION_HINTS], "");
  const jurisdiction = read.oneOf("JURISDICTION", ["", ...JURISDICTIONS], "");
  return { ...(locationHint !== "" && { locationHint }), ...(jurisdiction !== "" && { jurisdiction }) };
}

function readRoomPatterns(read: SettingsReader): readonly string[] {
  return read.list("ANONYMOUS_ROOMS", isRoomPattern, "room names or prefixes ending in *");
}

function readBasePath(read: SettingsReader): string {
  const path = read.text("BASE_PATH");
  if (path === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(path)) return path;
  read.problem("BASE_PATH", "must look like /rooms, without a slash at its end");
  return "";
}
