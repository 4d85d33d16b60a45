#!/usr/bin/env bash
# Run: a Durable Object of workerd stores ten bytes, as a view of a buffer of 1,000,000 bytes (`storage.put("key",
# bytes.subarray(0, 10))`), and the same ten bytes as a copy (`slice`); after each the size of the database is read. The
# serializer of Node (`v8.serialize`) gets the same two values.
# One would expect: a few bytes each; what is stored is the view.
# What happens: with the view the whole buffer is stored, 1,000,000 bytes for ten, and `get` gives a view of a buffer of
# that size. Node writes ten bytes.
# Why it matters: a piece that was cut out of a larger message fills the storage with all of it, counts against the
# limit of the size of a value, and keeps bytes that nobody meant to store. `slice` makes a copy of the piece.
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
  async store(way) {
    await this.ctx.storage.put("key", new Uint8Array(1_000_000)[way](0, 10));
    const stored = await this.ctx.storage.get("key");
    const large = this.ctx.storage.sql.databaseSize > 1_000_000;
    return `${stored.length} bytes of a buffer of ${stored.buffer.byteLength}, database over 1 MB: ${large}`;
  }
}

export default {
  async test(_, env) {
    for (const way of ["slice", "subarray"]) console.log(`${way}: ${await env.ROOM.getByName(way).store(way)}`);
  },
};
JS

cat > "$dir/run.mjs" <<'JS'
import { serialize } from "node:v8";

const written = serialize(new Uint8Array(1_000_000).subarray(0, 10));
console.log("Node, subarray: under 100 bytes:", written.length < 100);
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log && node run.mjs)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: 10 bytes of a buffer of 10, twice, and a small database"
echo "seen: $seen"
recorded='slice: 10 bytes of a buffer of 10, database over 1 MB: false
subarray: 10 bytes of a buffer of 1000000, database over 1 MB: true
Node, subarray: under 100 bytes: true'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
