#!/usr/bin/env bash
# Run: undefined written to the storage of a Durable Object of workerd in three ways: `storage.put(key, undefined)`,
# `storage.put({ key: undefined })` and `storage.kv.put(key, undefined)`; then all keys are listed.
# One would expect: one rule for all three, and a TypeError, which the first gives.
# What happens: the first throws, the second leaves the key out without a word, the third stores it: `get` then says
# undefined as for a key that is not there, but `list` shows the key.
# Why it matters: code moved from the async to the sync API, or from single puts to one object, changes what an
# optional value does: an error before, a key that counts and is listed, or nothing, after.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1
mkdir "$dir/data"

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = .main),
  (name = "disk", disk = (path = "data", writable = true)),
]);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [(className = "Room", uniqueKey = "room", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
);
CAPNP

cat > "$dir/main.js" <<'JS'
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {
  async run() {
    const { storage } = this.ctx;
    const attempt = async (name, put) => {
      const outcome = await Promise.resolve().then(put).then(
        () => "no error",
        (error) => error.name,
      );
      const stored = [...(await storage.list()).keys()].includes(name);
      return `${name}: ${outcome}, ${stored ? "stored" : "not stored"}`;
    };
    return [
      await attempt("put", () => storage.put("put", undefined)),
      await attempt("put object", () => storage.put({ "put object": undefined })),
      await attempt("kv.put", () => storage.kv.put("kv.put", undefined)),
    ].join("\n");
  }
}

export default {
  async test(_, env) {
    console.log(await env.ROOM.getByName("a").run());
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: three times: TypeError, not stored"
echo "seen: $seen"
recorded='put: TypeError, not stored
put object: no error, not stored
kv.put: no error, stored'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
