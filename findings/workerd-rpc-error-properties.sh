#!/usr/bin/env bash
# Run: a Durable Object of workerd throws errors over RPC: one with `name`, `code` and `cause`, and the same with one
# more property that cannot be cloned (a URL, a function).
# One would expect: the second arrives as the first, without the property that cannot travel.
# What happens: it arrives as a plain Error: code and cause are gone too, and the name has moved into the message.
# Why it matters: an error of a validator or an HTTP client carries such properties easily (request, response, parser),
# and code that decides by `error.code` or `error.name` on the other side then decides wrongly, for that error only.
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
  fail(extra) {
    const error = new Error("too long", { cause: new Error("limit") });
    error.name = "RoomError";
    error.code = "too_long";
    if (extra === "url") error.url = new URL("https://rooms.example/");
    if (extra === "function") error.retry = () => {};
    throw error;
  }
}

export default {
  async test(_, env) {
    for (const extra of ["none", "url", "function"]) {
      const error = await env.ROOM.getByName("a").fail(extra).catch((caught) => caught);
      console.log(`${extra}: ${error.name} "${error.message}" code ${error.code} cause ${error.cause?.message}`);
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: three times: RoomError too long, code too_long, cause limit"
echo "seen: $seen"
recorded='none: RoomError "too long" code too_long cause limit
url: Error "RoomError: too long" code undefined cause undefined
function: Error "RoomError: too long" code undefined cause undefined'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
