#!/usr/bin/env bash
# Run: `crypto.subtle.exportKey("jwk", ...)` of a public P-256 key, in workerd and in Node; then `"d" in jwk`, the test
# whether a JWK holds a private key, and the number of its members.
# One would expect: false and six members (kty, crv, x, y, key_ops, ext), as the standard says.
# What happens: so in Node. In workerd the object has every member that any JWK can have, 20 in all, with undefined for
# those that do not apply; "d" is among them. JSON.stringify hides this.
# Why it matters: `"d" in jwk` and `Object.keys(jwk)` are how code tells private keys from public ones or refuses
# unknown members; it takes each key that was exported in a Worker for a private one, and none from a test in Node.
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
export const look = async () => {
  const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", publicKey);
  return `"d" in jwk ${"d" in jwk}, ${Object.keys(jwk).length} members, in JSON ${
    Object.keys(JSON.parse(JSON.stringify(jwk))).length
  }`;
};
JS

cat > "$dir/main.mjs" <<'JS'
import { look } from "look.mjs";

export default {
  async test() {
    console.log(`workerd: ${await look()}`);
  },
};
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./look.mjs").then(async ({ look }) => {
  console.log(`node: ${await look()}`);
})' && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: twice: \"d\" in jwk false, 6 members, in JSON 6"
echo "seen: $seen"
recorded='node: "d" in jwk false, 6 members, in JSON 6
workerd: "d" in jwk true, 20 members, in JSON 6'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
