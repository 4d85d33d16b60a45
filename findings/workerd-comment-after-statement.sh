#!/usr/bin/env bash
# Run: `sql.exec` in a Durable Object of workerd with a comment, or a second semicolon, behind the last semicolon.
# One would expect: the comment is ignored, as SQLite, node:sqlite and the sqlite3 shell ignore it.
# What happens: an error says that the code holds no statement, although the statement before it has run and its row
# stays. A comment before the statement, or behind it without a semicolon, is fine.
# Why it matters: a migration kept in a .sql file often ends with a comment; it fails after it was carried out, and the
# next start then carries it out again.
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
  run(end) {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE message (body TEXT)");
    let outcome = "ok";
    try {
      sql.exec(`INSERT INTO message VALUES ('hello')${end}`);
    } catch (error) {
      outcome = error.message;
    }
    return `${outcome} rows ${sql.exec("SELECT count(*) AS n FROM message").one().n}`;
  }
}

export default {
  async test(_, env) {
    for (const end of [";\n", " -- note", "; -- note", ";;"]) {
      console.log(`${JSON.stringify(end)}: ${await env.ROOM.getByName(end).run(end)}`);
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: four times: ok rows 1"
echo "seen: $seen"
recorded='";\n": ok rows 1
" -- note": ok rows 1
"; -- note": SQL code did not contain a statement. rows 1
";;": SQL code did not contain a statement. rows 1'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
