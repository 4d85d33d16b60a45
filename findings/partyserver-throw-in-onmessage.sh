#!/usr/bin/env bash
# Run: partyserver; `onMessage` throws for one message, with and without hibernation, and the client sends another one.
# One would expect: the same in both modes, as the option is about memory: the error is reported, the socket stays.
# What happens: without hibernation (the default) `onError` is called and the socket ends with 1006, so the second
# message is lost. With hibernation `onError` is not called, the error is only logged, and the second message is
# handled.
# Why it matters: switching hibernation on silences the error handler that reported such errors; switching it off lets
# one bad message cut its sender off, who reconnects and may send it again.
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
  errors = 0;
  onMessage(connection, message) {
    if (message === "bad") throw new Error("bad message");
    connection.send(`${message}, errors ${this.errors}`);
  }
  onError() {
    this.errors++;
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
      const { socket, received } = await connect(env, kind, "ann");
      socket.send("bad");
      await scheduler.wait(50);
      try {
        socket.send("good");
      } catch (error) {
        received.push("send failed");
      }
      await scheduler.wait(50);
      const room = await connect(env, kind, "bob");
      room.socket.send("later");
      await scheduler.wait(50);
      console.log(`${kind}: ${received.join(" | ")}; another: ${room.received}`);
      for (const open of [socket, room.socket]) open.close(1000);
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
echo "expected: twice: good, errors 1; another: later, errors 1"
echo "seen: $seen"
recorded='plain: close 1006; another: later, errors 1
hibernating: good, errors 0; another: later, errors 0'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
