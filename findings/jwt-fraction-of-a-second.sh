#!/usr/bin/env bash
# Run: a token whose `iat` lies 0.3 s in the past, and one whose `nbf` does, with a fraction as RFC 7519 allows for
# both; each is checked at once by five libraries.
# One would expect: all accept both; the times are past.
# What happens: hono refuses the first, and hono, jose, jsonwebtoken and @tsndr/cloudflare-worker-jwt refuse the second
# as "not yet valid" until the next whole second: they cut the fraction off the clock, but not off the claim. Only
# fast-jwt accepts both.
# Why it matters: an issuer that writes `Date.now() / 1000` makes tokens that fail for the rest of their first second: a
# client that connects at once with a fresh token is refused, one that is slow or tries again gets in.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  hono@4.13.19 jose@6.2.18 jsonwebtoken@9.0.3 fast-jwt@6.3.6 @tsndr/cloudflare-worker-jwt@3.2.3

cat > "$dir/run.mjs" <<'JS'
import { createHmac } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import tsndr from "@tsndr/cloudflare-worker-jwt";
import { createVerifier } from "fast-jwt";
import { verify as honoVerify } from "hono/jwt";
import { jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";

const secret = "0123456789abcdef0123456789abcdef";
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const issue = (claims) => {
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
};
const checks = {
  hono: (token) => honoVerify(token, secret, "HS256"),
  jose: (token) => jwtVerify(token, Buffer.from(secret)),
  jsonwebtoken: (token) => jsonwebtoken.verify(token, secret),
  tsndr: (token) => tsndr.verify(token, secret, { throwError: true }),
  "fast-jwt": (token) => createVerifier({ key: secret })(token),
};
const second = () => Math.floor(Date.now() / 1000);

for (const claim of ["iat", "nbf"]) {
  const seen = [];
  for (const [name, check] of Object.entries(checks)) {
    for (;;) {
      await pause((1400 - (Date.now() % 1000)) % 1000);
      const time = Date.now() / 1000 - 0.3;
      const before = second();
      const result = await (async () => check(issue({ [claim]: time })))().then(() => "accepts", () => "refuses");
      if (second() !== before || Math.floor(time) !== before) continue;
      seen.push(`${name} ${result}`);
      break;
    }
  }
  console.log(`${claim}: ${seen.join(", ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: hono@4.13.19 jose@6.2.18 jsonwebtoken@9.0.3 fast-jwt@6.3.6 @tsndr/cloudflare-worker-jwt@3.2.3," \
  "node $(node --version)"
echo "expected: twice: all accept"
echo "seen: $seen"
recorded='iat: hono refuses, jose accepts, jsonwebtoken accepts, tsndr accepts, fast-jwt accepts
nbf: hono refuses, jose refuses, jsonwebtoken refuses, tsndr refuses, fast-jwt accepts'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
