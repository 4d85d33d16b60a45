// Web Push: the keys that identify this server to push services, and which services pushes may go to.

import { coversHost, isHostPattern } from "./allowed-urls.ts";
import type { SettingsReader } from "./settings-reader.ts";

export interface Vapid {
  /** An uncompressed point of P-256, and its scalar, both as base64url. */
  readonly publicKey: string;
  readonly privateKey: string;
  /** Contact for push services: a `mailto:` or `https:` URL. */
  readonly subject: string;
}

export interface PushConfig {
  readonly vapid: Vapid;
  /** Names, or `*.` and a name for everything under it. */
  readonly hosts: readonly string[];
}

/** The services of Chrome, Firefox, Edge and Safari. */
const PUSH_SERVICES = [
  "fcm.googleapis.com",
  "*.push.services.mozilla.com",
  "*.notify.windows.com",
  "*.push.apple.com",
  "web.push.apple.com",
];

/** Allowed with `DEV_TOKENS` only, and then without TLS and at any port too. */
const THIS_MACHINE = "localhost";

const MAX_ENDPOINT_LENGTH = 2_048;

export function readPush(read: SettingsReader, devTokens: boolean): PushConfig | undefined {
  const isHost = (host: string) => (host === THIS_MACHINE && devTokens) || isHostPattern(host);
  const hosts = read.list("PUSH_HOSTS", isHost, "hosts such as push.example.com or *.push.example.com");
  const vapid = readVapid(read);
  if (vapid === undefined) return undefined;
  return { vapid, hosts: hosts.length === 0 ? PUSH_SERVICES : hosts.map((host) => host.toLowerCase()) };
}

function readVapid(read: SettingsReader): Vapid | undefined {
  const vapid = {
    publicKey: read.text("VAPID_PUBLIC_KEY"),
    privateKey: read.text("VAPID_PRIVATE_KEY"),
    subject: read.text("VAPID_SUBJECT"),
  };
  const rules = [
    ["VAPID_PUBLIC_KEY", vapid.publicKey, isPublicKey, "must be a key made by npm run vapid"],
    ["VAPID_PRIVATE_KEY", vapid.privateKey, isPrivateKey, "must be a key made by npm run vapid"],
    ["VAPID_SUBJECT", vapid.subject, isSubject, "must be a mailto: or https: address, not of localhost"],
  ] as const;
  if (rules.every(([, value]) => value === "")) return undefined;
  for (const [name, value, fits, what] of rules) {
    if (value === "") read.problem(name, "is required with the other VAPID settings");
    else if (!fits(value)) read.problem(name, what);
  }
  return vapid;
}

/** 65 bytes; the first one says that the point is not compressed. */
export const isPublicKey = (text: string): boolean => /^B[A-Za-z0-9_-]{86}$/.test(text);

/** 32 bytes. */
const isPrivateKey = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text);

/** A contact at a public host: Apple's service answers 403 to one at localhost. */
function isSubject(text: string): boolean {
  const host = /^mailto:[^\s@]+@([^\s@]+)$/.exec(text)?.[1];
  if (host !== undefined) return isPublicHost(host);
  return text.startsWith("https://") && URL.canParse(text) && isPublicHost(new URL(text).hostname);
}

const isPublicHost = (host: string): boolean =>
  /^[^.\s]+(\.[^.\s]+)+$/.test(host) && !/\.localhost$/i.test(host);

/**
 * Whether a push may go to this endpoint. Its subscriber chose it, so it must be a known service by name: no IP
 * address, no port, no credentials.
 */
export function allowsEndpoint(hosts: readonly string[], endpoint: string): boolean {
  if (endpoint.length > MAX_ENDPOINT_LENGTH || !/^https?:\/\/[!-[\]-~]+$/.test(endpoint)) return false;
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname, port, username, password, hash } = new URL(endpoint);
  if (username !== "" || password !== "" || hash !== "") return false;
  if (hostname === THIS_MACHINE) return hosts.includes(THIS_MACHINE);
  return protocol === "https:" && port === "" && coversHost(hosts, hostname);
}
