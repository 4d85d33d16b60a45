import { vapidKeys } from "../../src/tools/vapid-keys.ts";

/** Settings of a server that sends pushes. */
export function pushVars() {
  const { publicKey, privateKey } = vapidKeys();
  return {
    VAPID_PUBLIC_KEY: publicKey,
    VAPID_PRIVATE_KEY: privateKey,
    VAPID_SUBJECT: "mailto:tests@example.com",
  };
}
