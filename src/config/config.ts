// The deployer's settings, parsed and checked once. A wrong value is reported, never replaced by a guess.

import type { RoomAccess } from "../access/room-permission.ts";
import { isEventName, isRoomPattern, PERMISSIONS } from "../protocol/index.ts";
import { type ApiKey, readApiKeys } from "./api-keys.ts";
import { type BackEnd, readBackEnd } from "./back-end-config.ts";
import { type BeforePublishConfig, readBeforePublish } from "./before-publish-config.ts";
import { type LimitsConfig, readLimits } from "./limits-config.ts";
import { type LogsConfig, readLogs } from "./logs-config.ts";
import { isOriginPattern } from "./origins.ts";
import { type PushConfig, readPush } from "./push-config.ts";
import { type RelaysConfig, readRelays } from "./relays-config.ts";
import { SettingsReader } from "./settings-reader.ts";
import { readToken, type TokenConfig } from "./token-config.ts";
import { readWebhooks, type WebhooksConfig } from "./webhooks-config.ts";

export interface Config {
  readonly token: TokenConfig;
  readonly apiKeys: readonly ApiKey[];
  readonly allowedOrigins: readonly string[];
  /** Whether `X-Forwarded-Host` comes from a proxy in front of the Worker, and cannot come from a client. */
  readonly trustProxy: boolean;
  readonly access: RoomAccess;
  readonly backEnd?: BackEnd;
  /** Left out: nobody is asked before a message is stored. */
  readonly beforePublish?: BeforePublishConfig;
  readonly serverEvents: readonly string[];
  /** Left out: there are no pushes. */
  readonly push?: PushConfig;
  /** Left out: the back end is told nothing. */
  readonly webhooks?: WebhooksConfig;
  readonly limits: LimitsConfig;
  readonly relays: RelaysConfig;
  readonly logs: LogsConfig;
  /** Whether counters are reported to the registry, for those who scrape. */
  readonly counters: boolean;
  readonly basePath: string;
  readonly demo: boolean;
  /** Whether the admin page is served. Its calls need an API key, with or without it. */
  readonly admin: boolean;
  /** Tokens for anybody. `on`: for callers on this machine; `share`: for its network too. */
  readonly devTokens: "off" | "on" | "share";
  /** Where objects are created. A hint counts on first use only; a jurisdiction is part of an object's identity. */
  readonly placement: {
    readonly locationHint?: DurableObjectLocationHint;
    readonly jurisdiction?: DurableObjectJurisdiction;
  };
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  /** What is wrong with which setting, without its value. */
  | { readonly ok: false; readonly problems: readonly string[]; readonly basePath: string };

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
  const beforePublish = readBeforePublish(read);
  const devTokens = read.oneOf("DEV_TOKENS", ["on", "share", "off"], "off");
  const push = readPush(read, devTokens !== "off");
  const webhooks = readWebhooks(read, devTokens !== "off");
  const config = {
    apiKeys: readApiKeys(read),
    allowedOrigins: read.list("ALLOWED_ORIGINS", isOriginPattern, "origins such as https://app.example.com"),
    trustProxy: read.oneOf("TRUST_PROXY", ["on", "off"], "off") === "on",
    access: { defaultAccess: permission, anonymousRooms: readRoomPatterns(read) },
    ...(backEnd !== undefined && { backEnd }),
    ...(beforePublish !== undefined && { beforePublish }),
    ...(push !== undefined && { push }),
    ...(webhooks !== undefined && { webhooks }),
    serverEvents: read.list("SERVER_EVENTS", isEventName, "topics"),
    limits: readLimits(read),
    relays: readRelays(read),
    logs: readLogs(read),
    counters: read.oneOf("COUNTERS", ["on", "off"], "off") === "on",
    basePath: readBasePath(read),
    demo: read.oneOf("DEMO", ["on", "off"], "on") === "on",
    admin: read.oneOf("ADMIN", ["on", "off"], "off") === "on",
    devTokens,
    placement: readPlacement(read),
  };
  if (token === undefined || read.problems.length > 0) {
    return { ok: false, problems: read.problems, basePath: config.basePath };
  }
  return { ok: true, config: { ...config, token } };
}

/** The results by environment, as settings only change with a deployment: many objects of an isolate start with one. */
const parsed = new WeakMap<object, ConfigResult>();

/** As `parseConfig`, once for each environment. */
export function configOf(env: object): ConfigResult {
  const known = parsed.get(env) ?? parseConfig({ ...env });
  parsed.set(env, known);
  return known;
}

/** For objects. It throws on a wrong setting, with which the Worker calls no object. */
export function requireConfig(env: object): Config {
  const result = configOf(env);
  if (!result.ok) throw new Error(`wrong settings: ${result.problems.join("; ")}`);
  return result.config;
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
