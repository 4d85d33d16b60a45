#!/usr/bin/env bash
# Run: capnweb (RPC over WebSockets and ports) passes an object with the keys "hello", "constructor", "valueOf" and
# "toJSON", all with numbers as values, to a method that returns its keys.
# One would expect: all four, as they are own, enumerable properties with plain values, or an error for those that the
# protocol cannot carry; it refuses a Map with a TypeError.
# What happens: only "hello" arrives, without a word: the receiver guards its objects and leaves out "toJSON" and each
# name that every object inherits.
# Why it matters: objects with keys that people choose (counts by word, votes by name, settings by label) lose entries
# by their name, while structuredClone and JSON keep them; such data has to travel as a list of pairs.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" capnweb@0.12.0

cat > "$dir/run.mjs" <<'JS'
import { newMessagePortRpcSession, RpcTarget } from "capnweb";

class Api extends RpcTarget {
  keys(counts) {
    return Object.keys(counts).join(" ");
  }
}

const { port1, port2 } = new MessageChannel();
newMessagePortRpcSession(port1, new Api());
const api = newMessagePortRpcSession(port2);
const counts = { hello: 1, constructor: 2, valueOf: 3, toJSON: 4 };
console.log(`structuredClone: ${Object.keys(structuredClone(counts)).join(" ")}`);
console.log(`capnweb: ${await api.keys(counts)}`);
const refused = await (async () => api.keys(new Map()))().catch((error) => error.name);
console.log(`capnweb, Map: ${refused}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: capnweb@0.12.0, node $(node --version)"
echo "expected: the same four keys twice, and TypeError for the Map"
echo "seen: $seen"
recorded='structuredClone: hello constructor valueOf toJSON
capnweb: hello
capnweb, Map: TypeError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
