#!/usr/bin/env bash
# Run: @block65/webcrypto-web-push, @pushforge/builder and web-push build a push request with a TTL of 0, 1 and 30
# seconds.
# One would expect: the header `TTL` as given; 0 is a value of its own in RFC 8030: deliver now or not at all.
# What happens: the first makes 60 of 0 and the second 86400, a whole day; 1 and 30 are kept. web-push keeps all three.
# Why it matters: a ringing call or "ada is typing" is sent with 0, as it is worth nothing later. The push service may
# now keep it for a minute, or for a day, and show it after it is over.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  @block65/webcrypto-web-push@2.0.0 @pushforge/builder@2.0.5 web-push@3.6.7

cat > "$dir/run.mjs" <<'JS'
import { createECDH, randomBytes } from "node:crypto";
import { buildPushPayload } from "@block65/webcrypto-web-push";
import { buildPushHTTPRequest } from "@pushforge/builder";
import webPush from "web-push";

const device = createECDH("prime256v1");
const keys = { p256dh: device.generateKeys("base64url"), auth: randomBytes(16).toString("base64url") };
const subscription = { endpoint: "https://push.example.com/device", expirationTime: null, keys };
const vapid = webPush.generateVAPIDKeys();
const subject = "mailto:ada@example.com";
const point = Buffer.from(vapid.publicKey, "base64url");
const [x, y] = [1, 33].map((at) => point.subarray(at, at + 32).toString("base64url"));
const privateJWK = { kty: "EC", crv: "P-256", alg: "ES256", x, y, d: vapid.privateKey };

const builders = {
  block65: (ttl) => buildPushPayload({ data: "call", options: { ttl } }, subscription, { subject, ...vapid }),
  pushforge: (ttl) => {
    const message = { payload: "call", adminContact: subject, options: { ttl } };
    return buildPushHTTPRequest({ privateJWK, subscription, message });
  },
  "web-push": (ttl) =>
    webPush.generateRequestDetails(subscription, "call", { TTL: ttl, vapidDetails: { subject, ...vapid } }),
};
for (const [name, build] of Object.entries(builders)) {
  const seen = [];
  for (const ttl of [0, 1, 30]) {
    const { headers } = await build(ttl);
    seen.push(`${ttl} -> ${new Headers(headers).get("ttl")}`);
  }
  console.log(`${name}: ${seen.join(", ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @block65/webcrypto-web-push@2.0.0 @pushforge/builder@2.0.5 web-push@3.6.7, node $(node --version)"
echo "expected: 0 -> 0, 1 -> 1, 30 -> 30 in each line"
echo "seen: $seen"
recorded='block65: 0 -> 60, 1 -> 1, 30 -> 30
pushforge: 0 -> 86400, 1 -> 1, 30 -> 30
web-push: 0 -> 0, 1 -> 1, 30 -> 30'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
