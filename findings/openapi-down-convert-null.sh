#!/usr/bin/env bash
# Run: openapi-down-convert makes an OpenAPI 3.0 document of a 3.1 document with three ways to name more than one type:
# `["string", "null"]`, `anyOf` of a type and null, and `["string", "number"]`.
# One would expect: three schemas of 3.0 (`nullable`, `anyOf`), or an error for what it cannot convert.
# What happens: only the first is converted. The others stay as they are, in a document that now says 3.0.3, without an
# error or a warning; 3.0 has no type "null" and no list of types.
# Why it matters: generators for 3.0 make wrong models of it or stop, far from the cause. The result needs a validator.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @apiture/openapi-down-convert@0.14.2

cat > "$dir/run.mjs" <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const schemas = {
  list: { type: ["string", "null"] },
  anyOf: { anyOf: [{ type: "integer" }, { type: "null" }] },
  union: { type: ["string", "number"] },
};
const info = { title: "Rooms", version: "1" };
writeFileSync("in.json", JSON.stringify({ openapi: "3.1.0", info, paths: {}, components: { schemas } }));
execFileSync("node_modules/.bin/openapi-down-convert", ["-i", "in.json", "-o", "out.json"], { stdio: "inherit" });
const converted = JSON.parse(readFileSync("out.json", "utf8"));
console.log(converted.openapi);
for (const [name, schema] of Object.entries(converted.components.schemas)) console.log(name, JSON.stringify(schema));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @apiture/openapi-down-convert@0.14.2, node $(node --version)"
echo "expected: no type null and no list of types in a document of 3.0"
echo "seen: $seen"
recorded='3.0.3
list {"type":"string","nullable":true}
anyOf {"anyOf":[{"type":"integer"},{"type":"null"}]}
union {"type":["string","number"]}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
