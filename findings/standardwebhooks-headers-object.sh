#!/usr/bin/env bash
# Run: a webhook, signed by standardwebhooks, is verified by standardwebhooks and by svix with its headers as a plain
# object and as a Headers object, which is what `request.headers` is in a Worker, in Deno and in Next.
# One would expect: both are accepted, or an error that names the type.
# What happens: with Headers both say "Missing required headers", though all three headers are there.
# Why it matters: the message sends its reader to the sender and to proxies that drop headers. Pass
# `Object.fromEntries(request.headers)`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" standardwebhooks@1.1.1 svix@2.5.0

cat > "$dir/run.mjs" <<'JS'
import * as standard from "standardwebhooks";
import * as svix from "svix";

const secret = `whsec_${Buffer.from("a secret of 24 or more bytes").toString("base64")}`;
const body = '{"event":"joined"}';
const at = new Date();
const headers = {
  "webhook-id": "m1",
  "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
  "webhook-signature": new standard.Webhook(secret).sign("m1", at, body),
};
const outcome = ({ Webhook }, given) => {
  try {
    new Webhook(secret).verify(body, given);
    return "accepted";
  } catch (error) {
    return error.message;
  }
};
for (const [name, library] of Object.entries({ standardwebhooks: standard, svix }))
  console.log(`${name}: object ${outcome(library, headers)}, Headers ${outcome(library, new Headers(headers))}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: standardwebhooks@1.1.1 svix@2.5.0, node $(node --version)"
echo "expected: accepted, four times"
echo "seen: $seen"
recorded='standardwebhooks: object accepted, Headers Missing required headers
svix: object accepted, Headers Missing required headers'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
