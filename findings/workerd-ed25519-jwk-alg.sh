#!/usr/bin/env bash
# Run: an Ed25519 key made and exported as JWK by the Web Crypto of Node 24, imported by the one of workerd and by Node;
# and the same key with its "alg" changed to "EdDSA".
# One would expect: both read both. "Ed25519" is the name that RFC 9864 gives the algorithm, "EdDSA" the older one.
# What happens: Node exports "Ed25519" and reads both. workerd refuses "Ed25519" with a DataError; without "alg" or with
# "EdDSA" it takes the same key.
# Why it matters: a key pair made by a script in Node (for tokens signed with Ed25519) does not load in the Worker that
# is to verify with it, until the one member that was meant to make things clear is removed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 node@24.21.0

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    (name = "read.mjs", esModule = embed "read.mjs"),
    (name = "key.json", json = embed "key.json"),
  ],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/read.mjs" <<'JS'
export const read = async (name, key) => {
  for (const alg of [key.alg, "EdDSA"]) {
    const seen = await crypto.subtle.importKey("jwk", { ...key, alg }, "Ed25519", true, ["verify"]).then(
      () => "read",
      (error) => error.name,
    );
    console.log(`${name}, alg ${alg}: ${seen}`);
  }
};
JS

cat > "$dir/node.mjs" <<'JS'
import { writeFileSync } from "node:fs";
import { read } from "./read.mjs";

const { publicKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
const key = await crypto.subtle.exportKey("jwk", publicKey);
writeFileSync("key.json", JSON.stringify(key));
await read("node", key);
JS

cat > "$dir/main.mjs" <<'JS'
import { read } from "read.mjs";
import key from "key.json";

export default { test: () => read("workerd", key) };
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/node node.mjs &&
  timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: four times: read"
echo "seen: $seen"
recorded='node, alg Ed25519: read
node, alg EdDSA: read
workerd, alg Ed25519: DataError
workerd, alg EdDSA: read'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
