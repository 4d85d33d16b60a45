#!/usr/bin/env bash
# Run: a WebSocket of workerd (standard API, current compatibility date) sends back what it received:
# `socket.send(event.data)`, once for a binary and once for a text message.
# One would expect: an echo. Since 2026-03-17 binary messages arrive as Blob, as in browsers, and a browser sends a
# Blob.
# What happens: `send` has no case for a Blob and makes a text of it: a text frame with "[object Blob]" goes out.
# Why it matters: relays, proxies and echo servers written against the standard API lose binary data without an error
# when the compatibility date is raised; `binaryType = "arraybuffer"` or the hibernation API (ArrayBuffer) avoid it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-11-01",
);
CAPNP

cat > "$dir/main.js" <<'JS'
export default {
  async test() {
    const [client, server] = Object.values(new WebSocketPair());
    client.binaryType = "arraybuffer";
    client.accept();
    server.accept();
    server.addEventListener("message", (event) => server.send(event.data));
    client.addEventListener("message", ({ data }) => {
      console.log(typeof data === "string" ? `text ${data}` : `bytes ${new Uint8Array(data)}`);
    });
    client.send("hello");
    client.send(new Uint8Array([1, 2, 3]));
    await scheduler.wait(50);
    client.close(1000);
    server.close(1000);
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: text hello, bytes 1,2,3"
echo "seen: $seen"
recorded='text hello
text [object Blob]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
