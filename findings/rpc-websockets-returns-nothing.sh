#!/usr/bin/env bash
# Run: server and client of rpc-websockets; the client calls a method that returns null and one that returns nothing.
# One would expect: both calls succeed, with null and with null or undefined; a method without a return value is common.
# What happens: the second call is rejected: "Server response malformed". The method has run; the server then sends an
# answer that has no result, as JSON drops undefined, and the library's own client refuses it.
# Why it matters: commands that only do something (leave, mute, save) fail for the caller after they were carried out,
# so that a retry does them twice; they must return null or true.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" rpc-websockets@10.0.1

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { Client, Server } from "rpc-websockets";

const server = new Server({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
let runs = 0;
server.register("null", () => {
  runs++;
  return null;
});
server.register("nothing", () => {
  runs++;
});

const client = new Client(`ws://127.0.0.1:${server.wss.address().port}`);
await once(client, "open");
for (const method of ["null", "nothing"]) {
  const seen = await client.call(method).then(
    (result) => `result ${result}`,
    (error) => `rejected, ${error.message.slice(0, 25)}`,
  );
  console.log(`${method}: ${seen}`);
}
console.log(`runs: ${runs}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: rpc-websockets@10.0.1, node $(node --version)"
echo "expected: a result of both, two runs"
echo "seen: $seen"
recorded='null: result null
nothing: rejected, Server response malformed
runs: 2'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
