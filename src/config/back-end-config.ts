import { isSecureUrl } from "./allowed-urls.ts";
import type { SettingsReader } from "./settings-reader.ts";
import { MIN_SECRET_LENGTH } from "./token-config.ts";

/** The deployer's own server, asked what a user may do if the token does not say. */
export interface BackEnd {
  readonly url: string;
  /** Signs the questions. */
  readonly secret: string;
}

export function readBackEnd(read: SettingsReader): BackEnd | undefined {
  const url = read.text("AUTHORIZE_URL");
  const secret = read.text("WEBHOOK_SECRET");
  if (secret !== "" && secret.length < MIN_SECRET_LENGTH)
    read.problem("WEBHOOK_SECRET", `needs at least ${MIN_SECRET_LENGTH} characters`);
  if (url === "") return undefined;
  if (!isSecureUrl(url)) read.problem("AUTHORIZE_URL", "must be an https URL");
  if (secret === "") read.problem("WEBHOOK_SECRET", "is required with AUTHORIZE_URL");
  return { url, secret };
}
