#!/usr/bin/env bash
# Run: hono signs a token with a private JWK that has a `kid`, as Node and Web Crypto export it (without `alg`) and with
# `alg`; its own `verifyWithJwks` checks it against the public key; jose reads the header.
# One would expect: a header with the `kid` both times; `alg` is optional in a JWK, and the algorithm is an argument of
# `sign`.
# What happens: without `alg` in the key its `kid` is left out of the header too. `verifyWithJwks` of the same package
# then refuses the token: it requires a `kid`.
# Why it matters: issuer and verifier are the same library and the key is valid, yet no token passes; the error speaks
# of the token, while the cause is a member that the key does not need.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" hono@4.13.19 jose@6.2.18

cat > "$dir/run.mjs" <<'JS'
import { generateKeyPairSync } from "node:crypto";
import { sign } from "hono/jwt";
import { Jwt } from "hono/utils/jwt";
import { decodeProtectedHeader } from "jose";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
for (const more of [{}, { alg: "ES256" }]) {
  const exported = (key) => ({ ...key.export({ format: "jwk" }), kid: "k1", ...more });
  const [secret, open] = [exported(privateKey), exported(publicKey)];
  const token = await sign({ sub: "ada" }, secret, "ES256");
  const check = Jwt.verifyWithJwks(token, { keys: [open], allowedAlgorithms: ["ES256"] });
  const result = await check.then(() => "accepted", (error) => error.name);
  console.log(`${"alg" in more ? "with" : "without"} alg: kid ${decodeProtectedHeader(token).kid}, ${result}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: hono@4.13.19 jose@6.2.18, node $(node --version)"
echo "expected: twice: kid k1, accepted"
echo "seen: $seen"
recorded='without alg: kid undefined, JwtHeaderRequiresKid
with alg: kid k1, accepted'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
