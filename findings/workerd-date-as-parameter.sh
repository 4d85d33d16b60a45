#!/usr/bin/env bash
# Run: a Date as a parameter of an SQL statement, in a Durable Object of workerd and in node:sqlite.
# One would expect: a TypeError in both, as for other values that SQLite does not know, or a number of milliseconds.
# What happens: workerd stores the English text of the date with its time zone, which sorts by the name of the weekday.
# node:sqlite takes the Date as an (empty) set of named parameters, so the column is NULL. Neither says a word.
# Why it matters: `sentAt: new Date()` reaches the database in both, in two wrong ways, and the tests on the one do not
# show what happens on the other. Bind `Date.now()`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 node@24.21.0
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
  run() {
    return JSON.stringify(this.ctx.storage.sql.exec("SELECT ? AS at", new Date(1e12)).one());
  }
}

export default {
  async test(_, env) {
    console.log("workerd:", await env.ROOM.getByName("a").run());
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
import { DatabaseSync } from "node:sqlite";

const row = new DatabaseSync(":memory:").prepare("SELECT ? AS at").get(new Date(1e12));
console.log("node:sqlite:", JSON.stringify(row));
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log && node_modules/.bin/node node.mjs 2>>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: twice: TypeError, or 1000000000000"
echo "seen: $seen"
recorded='workerd: {"at":"Sun Sep 09 2001 01:46:40 GMT+0000 (Coordinated Universal Time)"}
node:sqlite: {"at":null}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
