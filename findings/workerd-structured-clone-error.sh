#!/usr/bin/env bash
# Run: `structuredClone` of an Error that has a `code`, in workerd and in Node; and the same error put into storage of
# a Durable Object and read again.
# One would expect: name, message and cause are kept and own properties dropped, as in browsers and in Node.
# What happens: workerd keeps `code` too, and the storage of the object keeps it with the stack (file, line, function).
# Why it matters: code shared by client and Worker sees `error.code` after a clone on one side only; and who stores the
# last error of a job, or puts it into an answer, stores and shows where in the code it was.
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

const clone = (error) => `${error.name} ${error.message} code ${error.code}`;
const make = () => Object.assign(new RangeError("too long"), { code: "too_long" });

export class Room extends DurableObject {
  run() {
    this.ctx.storage.kv.put("error", make());
    const error = this.ctx.storage.kv.get("error");
    return `${clone(error)}, stack with ${error.stack.includes("main.js") ? "file and line" : "nothing"}`;
  }
}

export default {
  async test(_, env) {
    console.log("workerd:", clone(structuredClone(make())));
    console.log("storage:", await env.ROOM.getByName("a").run());
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
const error = structuredClone(Object.assign(new RangeError("too long"), { code: "too_long" }));
console.log(`node: ${error.name} ${error.message} code ${error.code}`);
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log && node_modules/.bin/node node.mjs 2>>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $("$dir/node_modules/.bin/node" --version)"
echo "expected: three times: RangeError too long code undefined"
echo "seen: $seen"
recorded='workerd: RangeError too long code too_long
storage: RangeError too long code too_long, stack with file and line
node: RangeError too long code undefined'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
