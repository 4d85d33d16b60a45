// `npm run vapid`: keys for Web Push. After a change of keys every browser has to subscribe again.

import { vapidKeys } from "./vapid-keys.ts";

const { publicKey, privateKey } = vapidKeys();

console.log(`
On this machine, as lines of .dev.vars:

VAPID_PUBLIC_KEY=${publicKey}
VAPID_PRIVATE_KEY=${privateKey}
VAPID_SUBJECT=mailto:you@example.com

Deployed, under [vars] in wrangler.toml:

VAPID_PUBLIC_KEY = "${publicKey}"
VAPID_SUBJECT = "mailto:you@example.com"

and the secret, by: npx wrangler secret put VAPID_PRIVATE_KEY --env=
Push services write to VAPID_SUBJECT (mailto: or https:) if something is wrong with your pushes.
`);
