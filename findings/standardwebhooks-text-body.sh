#!/usr/bin/env bash
# Run: standardwebhooks signs three bodies and verifies them with the headers that belong to them: JSON, the text
# "ping", and JSON with a byte order mark.
# One would expect: three times accepted; a signature is about bytes, of whatever type.
# What happens: for the last two the signature is checked and good, and then `verify` throws a SyntaxError of
# JSON.parse.
# Why it matters: a handler that answers each error of `verify` with 401 tells the sender that its secret is wrong. It
# has to look for WebhookVerificationError, and take other errors for a fault in the body.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" standardwebhooks@1.1.1

cat > "$dir/run.mjs" <<'JS'
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(Buffer.from("a secret of 24 or more bytes").toString("base64"));
for (const body of ['{"event":"joined"}', "ping", '\ufeff{"event":"joined"}']) {
  const at = new Date();
  const headers = {
    "webhook-id": "m1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": webhook.sign("m1", at, body),
  };
  try {
    webhook.verify(body, headers);
    console.log("accepted");
  } catch (error) {
    console.log(error.name);
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: standardwebhooks@1.1.1, node $(node --version)"
echo "expected: accepted, three times"
echo "seen: $seen"
recorded='accepted
SyntaxError
SyntaxError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
