#!/usr/bin/env bash
# Run: a Durable Object of workerd inserts one row with RETURNING and does not read the rows that come back.
# One would expect: the row is stored, as after any other INSERT; the returned rows are simply not used.
# What happens: the method returns its value, then the commit at the end of the event fails because the statement is
# still in progress. The caller gets "internal error", and everything that the event wrote is gone. Reading the cursor
# (`one()`, `toArray()`, a loop) avoids it; an unread SELECT does no harm.
# Why it matters: `INSERT ... RETURNING seq` is how rooms number messages, and the result is easily ignored.
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
  #table() {
    this.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY, body TEXT)");
  }
  insert(returning, read) {
    this.#table();
    const cursor = this.ctx.storage.sql.exec(`INSERT INTO message (body) VALUES ('hello') ${returning}`);
    if (read) cursor.toArray();
    return "stored";
  }
  count() {
    this.#table();
    return this.ctx.storage.sql.exec("SELECT count(*) AS n FROM message").one().n;
  }
}

export default {
  async test(_, env) {
    for (const [name, returning, read] of [
      ["no RETURNING", "", false],
      ["RETURNING read", "RETURNING seq", true],
      ["RETURNING unread", "RETURNING seq", false],
    ]) {
      const room = () => env.ROOM.getByName(name);
      const answer = await room().insert(returning, read).catch((error) => error.message.replace(/;.*/, ""));
      console.log(`${name}: ${answer}, rows ${await room().count()}`);
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: three times: stored, rows 1"
echo "seen: $seen"
recorded='no RETURNING: stored, rows 1
RETURNING read: stored, rows 1
RETURNING unread: internal error, rows 0'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
