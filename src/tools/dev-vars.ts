// Creates .dev.vars if there is none: random secrets, for this machine only. Git ignores the file, and it is never
// deployed.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { vapidKeys } from "./vapid-keys.ts";

const FILE = ".dev.vars";

export function ensureDevVars(): void {
  if (existsSync(FILE)) return;
  const secret = () => randomBytes(32).toString("base64url");
  const { publicKey, privateKey } = vapidKeys();
  const lines = [
    "# Made on the first run, for this machine only. Delete it to get another.",
    `JWT_SECRET=${secret()}`,
    `API_KEYS=${secret()}`,
    "ALLOWED_ORIGINS=http://localhost:*,http://127.0.0.1:*",
    `VAPID_PUBLIC_KEY=${publicKey}`,
    `VAPID_PRIVATE_KEY=${privateKey}`,
    // Apple's push service refuses an address at localhost.
    "VAPID_SUBJECT=mailto:developer@example.com",
  ];
  writeFileSync(FILE, `${lines.join("\n")}\n`, { mode: 0o600 });
}

export const devVar = (name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, "m").exec(readFileSync(FILE, "utf8"))?.[1];
