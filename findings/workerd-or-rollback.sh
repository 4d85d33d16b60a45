#!/usr/bin/env bash
# Run: in one call, a Durable Object of workerd stores a row and then tries `INSERT OR ROLLBACK` with a row that
# exists, catching the error; the same with `OR ABORT`.
# One would expect: the caught statement has failed, what was stored before it stays, as with `OR ABORT`; there is no
# transaction of one's own that could be rolled back.
# What happens: the transaction that is rolled back is the one that the runtime keeps around the event. The statement's
# error is caught, then the commit fails: the caller gets "internal error" and the earlier row is gone.
# Why it matters: schemas brought from elsewhere use ON CONFLICT ROLLBACK or RAISE(ROLLBACK) in triggers, and one
# refused row then takes with it everything that the event wrote.
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
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS member (name TEXT UNIQUE)");
  }
  join(conflict) {
    const { sql } = this.ctx.storage;
    sql.exec("INSERT INTO member VALUES ('ann')");
    try {
      sql.exec(`INSERT OR ${conflict} INTO member VALUES ('ann')`);
    } catch {
      return "refused and caught";
    }
  }
  count() {
    return this.ctx.storage.sql.exec("SELECT count(*) AS n FROM member").one().n;
  }
}

export default {
  async test(_, env) {
    for (const conflict of ["ABORT", "ROLLBACK"]) {
      const room = () => env.ROOM.getByName(conflict);
      const answer = await room().join(conflict).catch((error) => error.message.replace(/;.*/, ""));
      console.log(`OR ${conflict}: ${answer}, rows ${await room().count()}`);
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: twice: refused and caught, rows 1"
echo "seen: $seen"
recorded='OR ABORT: refused and caught, rows 1
OR ROLLBACK: internal error, rows 0'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
