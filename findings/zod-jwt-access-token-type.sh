#!/usr/bin/env bash
# Run: `z.jwt()` of Zod on four good tokens that differ by the type in their header: none, "JWT", "at+jwt" (which RFC
# 9068 demands of OAuth access tokens) and "jwt" (types are compared without regard to case).
# One would expect: all pass; the check is about the form of the text, and each of them has it.
# What happens: the last two are "Invalid JWT". The header's type is compared with the three letters "JWT", and there is
# an option for the algorithm, but none for the type.
# Why it matters: a schema for the message that brings a client's token refuses every token of an identity service with
# that profile, before anything that could verify it has seen it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" zod@4.6.7 jose@6.2.18

cat > "$dir/run.mjs" <<'JS'
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

const key = Buffer.from("0123456789abcdef0123456789abcdef");
for (const typ of [undefined, "JWT", "at+jwt", "jwt"]) {
  const header = typ === undefined ? { alg: "HS256" } : { alg: "HS256", typ };
  const token = await new SignJWT({ sub: "ada" }).setProtectedHeader(header).sign(key);
  const verified = await jwtVerify(token, key).then(() => "verifies", (error) => error.name);
  console.log(`${typ ?? "none"}: jose ${verified}, zod ${z.jwt().safeParse(token).success ? "passes" : "refuses"}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: zod@4.6.7 jose@6.2.18, node $(node --version)"
echo "expected: four times: jose verifies, zod passes"
echo "seen: $seen"
recorded='none: jose verifies, zod passes
JWT: jose verifies, zod passes
at+jwt: jose verifies, zod refuses
jwt: jose verifies, zod refuses'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
