#!/usr/bin/env bash
# Run: `sign` of node:crypto with an EC private key (a KeyObject) as `key`, and as `{ key, dsaEncoding: "ieee-p1363" }`,
# the form that tokens with ES256 need; in Node and in workerd.
# One would expect: signatures from both; the second of 64 bytes, as documented: `key` may be a KeyObject there too.
# What happens: workerd takes the KeyObject alone and refuses the same object as `key` of the options with a TypeError.
# Why it matters: there is no other place for the encoding. JWT code for Node that signs with ES256 stops with an error
# about the key, though the key is good and signs without the option.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs"), (name = "look.mjs", esModule = embed "look.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/look.mjs" <<'JS'
import { generateKeyPairSync, sign } from "node:crypto";

export const look = async (name) => {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const data = new TextEncoder().encode("token");
  const tell = (make) => {
    try {
      return make();
    } catch (error) {
      return error.name;
    }
  };
  console.log(`${name}, key: ${tell(() => (sign("sha256", data, key).length > 64 ? "signed" : "short"))}`);
  console.log(`${name}, options: ${tell(() => sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }).length)}`);
};
JS

cat > "$dir/main.mjs" <<'JS'
import { look } from "look.mjs";

export default { test: () => look("workerd") };
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./look.mjs").then(({ look }) => look("node"))' &&
  timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: signed and 64, twice"
echo "seen: $seen"
recorded='node, key: signed
node, options: 64
workerd, key: signed
workerd, options: TypeError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
