#!/usr/bin/env bash
# Run: one statement with a misspelled column in double quotes, in a Durable Object of workerd and in node:sqlite.
# One would expect: both report that there is no such column; double quotes are for names in SQL.
# What happens: node:sqlite reports it, workerd takes the unknown name as a text value. The comparison below is then
# between two constant texts, so every row passes, and the column holds its own misspelled name.
# Why it matters: with tests in workerd a misspelled name passes as a value; with tests on node:sqlite a statement that
# meant a text in double quotes fails, although workerd runs it.
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
    sql.exec("CREATE TABLE IF NOT EXISTS message (author TEXT)");
    sql.exec("INSERT INTO message VALUES ('ann')");
    return JSON.stringify(sql.exec(query).toArray());
  }
}

export default {
  async test(_, env) {
    const query = `SELECT "auhtor" AS author FROM message WHERE "auhtor" <> 'ann' ORDER BY "auhtor"`;
    console.log("workerd:", await env.ROOM.getByName("a").run(query));
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
import { DatabaseSync } from "node:sqlite";

const db = new DatabaseSync(":memory:");
db.exec("CREATE TABLE message (author TEXT); INSERT INTO message VALUES ('ann')");
try {
  console.log("node:sqlite:", db.prepare(`SELECT "auhtor" AS author FROM message WHERE "auhtor" <> 'ann'`).all());
} catch (error) {
  console.log("node:sqlite:", error.message);
}
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log && node_modules/.bin/node node.mjs 2>>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: twice: no such column"
echo "seen: $seen"
recorded='workerd: [{"author":"auhtor"}]
node:sqlite: no such column: "auhtor" - should this be a string literal in single-quotes?'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
