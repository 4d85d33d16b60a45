import { isEventName } from "../protocol/index.ts";
import type { SettingsReader } from "./settings-reader.ts";
import { MIN_SECRET_LENGTH } from "./token-config.ts";

export interface ApiKey {
  /** Names the server code in log lines. */
  readonly name?: string;
  readonly key: string;
}

/**
 * Each entry is `key` or `name=key`. An `=` at the end is padding of base64 and belongs to the key; the first other one
 * separates name and key.
 */
export function readApiKeys(read: SettingsReader): readonly ApiKey[] {
  const keys = read.list(
    "API_KEYS",
    (entry) => isApiKey(parseApiKey(entry)),
    `keys of at least ${MIN_SECRET_LENGTH} characters, or of name=key with a name of A-Z a-z 0-9 _ . : -`,
  );
  return keys.map(parseApiKey);
}

function parseApiKey(entry: string): ApiKey {
  const at = entry.replace(/=+$/, "").indexOf("=");
  return at < 0 ? { key: entry } : { name: entry.slice(0, at), key: entry.slice(at + 1) };
}

const isApiKey = ({ name, key }: ApiKey): boolean =>
  key.length >= MIN_SECRET_LENGTH && (name === undefined || isEventName(name));
