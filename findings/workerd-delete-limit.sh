#!/usr/bin/env bash
# Run: `DELETE ... ORDER BY ... LIMIT 2` on four rows, in a Durable Object of workerd and in node:sqlite.
# One would expect: a syntax error in both, as SQLite has this only where it was built with an option that is off.
# What happens: workerd was built with it and deletes two rows; node:sqlite says that LIMIT is a syntax error.
# Why it matters: it is the shortest way to trim a log in steps. It cannot be tested on node:sqlite, and code written
# for node:sqlite takes the long way (a subselect of ids) for a reason that does not hold in workerd.
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
  run(query) {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE message (seq INTEGER PRIMARY KEY); INSERT INTO message VALUES (1), (2), (3), (4)");
    sql.exec(query);
    return sql.exec("SELECT seq FROM message").toArray().map((row) => row.seq).join();
  }
}

export default {
  async test(_, env) {
    const rows = await env.ROOM.getByName("a").run("DELETE FROM message ORDER BY seq LIMIT 2");
    console.log("workerd: rows left", rows);
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
import { DatabaseSync } from "node:sqlite";

const db = new DatabaseSync(":memory:");
db.exec("CREATE TABLE message (seq INTEGER PRIMARY KEY); INSERT INTO message VALUES (1), (2), (3), (4)");
try {
  db.exec("DELETE FROM message ORDER BY seq LIMIT 2");
  console.log("node:sqlite: rows left", db.prepare("SELECT seq FROM message").all().map((row) => row.seq).join());
} catch (error) {
  console.log("node:sqlite:", error.message);
}
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log && node_modules/.bin/node node.mjs 2>>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: twice: syntax error"
echo "seen: $seen"
recorded='workerd: rows left 3,4
node:sqlite: near "ORDER": syntax error'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
