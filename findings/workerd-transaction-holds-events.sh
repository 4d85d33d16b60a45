#!/usr/bin/env bash
# Run: a Durable Object of workerd waits 400 ms, once within `storage.transaction(async ...)` and once outside, while
# another call asks the same object for a count.
# One would expect: the second call is answered at once in both cases; an await on a timer or a fetch lets other events
# in, and isolation is a matter of the transaction's rows.
# What happens: with the transaction the other call waits until the callback of the transaction has ended.
# Why it matters: a fetch inside a transaction (a webhook, a push) stops the whole room for as long as the other server
# takes: every other call waits, reads too.
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
  count() {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS message (body TEXT)");
    return sql.exec("SELECT count(*) AS n FROM message").one().n;
  }
  async slow(inTransaction) {
    if (inTransaction) await this.ctx.storage.transaction(() => scheduler.wait(400));
    else await scheduler.wait(400);
  }
}

export default {
  async test(_, env) {
    for (const inTransaction of [false, true]) {
      const room = env.ROOM.getByName(String(inTransaction));
      await room.count();
      const slow = room.slow(inTransaction);
      await scheduler.wait(50);
      const start = Date.now();
      await room.count();
      console.log(`transaction ${inTransaction}: ${Date.now() - start > 200 ? "waited" : "answered at once"}`);
      await slow;
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: twice: answered at once"
echo "seen: $seen"
recorded='transaction false: answered at once
transaction true: waited'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
