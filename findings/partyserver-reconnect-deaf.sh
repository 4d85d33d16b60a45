#!/usr/bin/env bash
# Run: partyserver with its default options (not hibernating); a client reconnects with the id that partysocket keeps,
# and the server learns of the end of its old socket after that. Then the room broadcasts.
# One would expect: the new connection hears it; the old one was another socket.
# What happens: connections are kept by id. The close of the old one removes the new one: it stays open, its messages
# are taken, and no broadcast ever reaches it. With `hibernate: true` it does.
# Why it matters: this is the usual order after a change of network, where the old socket ends by a timeout. The client
# looks connected, its own messages arrive, and it is deaf for as long as it stays.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 partyserver@0.5.10 esbuild@0.28.1
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
  durableObjectNamespaces = [
    (className = "Plain", uniqueKey = "plain", enableSql = true),
    (className = "Hibernating", uniqueKey = "hibernating", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "Plain", durableObjectNamespace = "Plain"),
    (name = "Hibernating", durableObjectNamespace = "Hibernating"),
  ],
);
CAPNP

cat > "$dir/source.js" <<'JS'
import { routePartykitRequest, Server } from "partyserver";

class Room extends Server {
  onMessage(_, message) {
    this.broadcast(message);
  }
}
export class Plain extends Room {}
export class Hibernating extends Room {
  static options = { hibernate: true };
}

const connect = async (env, kind, id) => {
  const url = `https://rooms.example/parties/${kind}/lobby?_pk=${id}`;
  const response = await routePartykitRequest(new Request(url, { headers: { upgrade: "websocket" } }), env);
  const socket = response.webSocket;
  socket.accept();
  const received = [];
  socket.addEventListener("message", (event) => received.push(event.data));
  socket.addEventListener("close", (event) => received.push(`close ${event.code}`));
  return { socket, received };
};

export default {
  async test(_, env) {
    for (const kind of ["plain", "hibernating"]) {
      const old = await connect(env, kind, "ann");
      const reconnected = await connect(env, kind, "ann");
      const other = await connect(env, kind, "bob");
      old.socket.close(1000);
      await scheduler.wait(50);
      other.socket.send("hello");
      await scheduler.wait(50);
      console.log(`${kind}: bob ${other.received}, ann ${reconnected.received.join() || "nothing"}`);
      for (const { socket } of [reconnected, other]) socket.close(1000);
      await scheduler.wait(50);
    }
  },
};
JS

cd "$dir"
node_modules/.bin/esbuild source.js --bundle --format=esm --external:cloudflare:* --external:node:* \
  --outfile=main.js --log-level=error
seen=$(node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: partyserver 0.5.10, $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: twice: bob hello, ann hello"
echo "seen: $seen"
recorded='plain: bob hello, ann nothing
hibernating: bob hello, ann hello'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
