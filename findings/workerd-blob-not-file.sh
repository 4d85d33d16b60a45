#!/usr/bin/env bash
# Run: a Blob and a File as arguments of a call to a Durable Object of workerd.
# One would expect: the same for both, as a File is a Blob with a name.
# What happens: the Blob arrives; the File is refused with DataCloneError ("does not support serialization").
# Why it matters: what `request.formData()` gives for an upload is always a File, so an attachment cannot be passed on
# to its room as it came; `new Blob([file], { type: file.type })` can.
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
  async attach(blob) {
    return `${blob.constructor.name} of ${blob.type}: ${await blob.text()}`;
  }
}

export default {
  async test(_, env) {
    const file = new File(["hello"], "note.txt", { type: "text/plain" });
    const blob = new Blob([file], { type: file.type });
    for (const [name, value] of [["blob", blob], ["file", file]]) {
      try {
        console.log(`${name}: ${await env.ROOM.getByName("a").attach(value)}`);
      } catch (error) {
        console.log(`${name}: ${error.name}`);
      }
    }
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: both arrive"
echo "seen: $seen"
recorded='blob: Blob of text/plain: hello
file: DataCloneError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
