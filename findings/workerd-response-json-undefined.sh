#!/usr/bin/env bash
# Run: `Response.json(undefined)` in workerd and in Node.
# One would expect: a TypeError in both, as the Fetch standard says: undefined has no JSON form.
# What happens: Node throws; workerd answers 200 with the content type of JSON and the nine letters "undefined", which
# no JSON parser takes.
# Why it matters: a lookup that finds nothing then fails in the client that parses the answer, far from its cause, and
# a test of the same handler in Node sees another error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 node@24.21.0

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-11-01",
);
CAPNP

cat > "$dir/main.js" <<'JS'
export default {
  async test() {
    const response = Response.json(undefined);
    const text = await response.text();
    console.log(`workerd: ${response.status} ${response.headers.get("content-type")} ${text}`);
    try {
      JSON.parse(text);
    } catch (error) {
      console.log(`parsed: ${error.name}`);
    }
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
try {
  console.log("node:", await Response.json(undefined).text());
} catch (error) {
  console.log("node:", error.name);
}
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log && node_modules/.bin/node node.mjs 2>>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: workerd and node throw a TypeError"
echo "seen: $seen"
recorded='workerd: 200 application/json undefined
parsed: SyntaxError
node: TypeError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
