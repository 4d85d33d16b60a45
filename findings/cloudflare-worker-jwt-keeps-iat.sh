#!/usr/bin/env bash
# Run: one object of claims is signed twice, two seconds apart, by @tsndr/cloudflare-worker-jwt, jsonwebtoken, hono and
# fast-jwt; the times of issue in the tokens and the keys of the object afterwards are read.
# One would expect: the object as it was; each token with its own time of issue, or none.
# What happens: @tsndr/cloudflare-worker-jwt writes `iat` into the caller's object, and takes it from there for the
# second token: both tokens are the same text. jsonwebtoken and fast-jwt give each its time.
# Why it matters: a Worker that keeps the claims of a service in a constant issues each token with the time of the first
# one, until it is loaded anew: checks of age (`maxAge`) refuse them, and revoking all tokens before a time hits them
# all.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  @tsndr/cloudflare-worker-jwt@3.2.3 jsonwebtoken@9.0.3 hono@4.13.19 fast-jwt@6.3.6

cat > "$dir/run.mjs" <<'JS'
import { setTimeout as pause } from "node:timers/promises";
import tsndr from "@tsndr/cloudflare-worker-jwt";
import { createSigner } from "fast-jwt";
import { sign } from "hono/jwt";
import jsonwebtoken from "jsonwebtoken";

const secret = "0123456789abcdef0123456789abcdef";
const signers = {
  tsndr: (claims) => tsndr.sign(claims, secret),
  jsonwebtoken: (claims) => jsonwebtoken.sign(claims, secret),
  hono: (claims) => sign(claims, secret, "HS256"),
  "fast-jwt": (claims) => createSigner({ key: secret })(claims),
};
const results = Object.entries(signers).map(async ([name, issue]) => {
  const claims = { sub: "ada" };
  const issuedAt = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).iat;
  const first = issuedAt(await issue(claims));
  await pause(2100);
  const second = issuedAt(await issue(claims));
  const times = first === undefined ? "no iat" : first === second ? "the same iat" : "another iat";
  return `${name}: ${times}, claims ${JSON.stringify(Object.keys(claims))}`;
});
console.log((await Promise.all(results)).join("\n"));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @tsndr/cloudflare-worker-jwt@3.2.3 jsonwebtoken@9.0.3 hono@4.13.19 fast-jwt@6.3.6," \
  "node $(node --version)"
echo "expected: each line \"another iat\" or \"no iat\", and [\"sub\"]"
echo "seen: $seen"
recorded='tsndr: the same iat, claims ["sub","iat"]
jsonwebtoken: another iat, claims ["sub"]
hono: no iat, claims ["sub"]
fast-jwt: another iat, claims ["sub"]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
