#!/usr/bin/env bash
# Run: `useWebSocket` of VueUse; the server sends "typing" twice, 100 ms apart, then "one" and "two" in one packet.
# Counted are the calls of a `watch` on its `data` and those of its option `onMessage`.
# One would expect: four calls of each: the documents say that `data` "can be watched to respond to incoming messages".
# What happens: `watch` is called for the first "typing" and for "two" only: an equal text is no change for Vue, and
# what comes within one tick counts once. `onMessage` has all four.
# Why it matters: a chat that is built as documented works as long as people write slowly and differently. In a burst,
# and after each reconnect that replays, messages are missing. Take `onMessage`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @vueuse/core@15.0.0 vue@3.5.45 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { effectScope, watch } from "vue";
import { WebSocket, WebSocketServer } from "ws";

const nothing = () => {};
Object.assign(globalThis, { window: globalThis, document: {}, WebSocket });
Object.assign(globalThis, { addEventListener: nothing, removeEventListener: nothing });
const { useWebSocket } = await import("@vueuse/core");

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
server.on("connection", async (peer, { socket }) => {
  for (const text of ["typing", "typing"]) {
    await pause(100);
    peer.send(text);
  }
  await pause(100);
  socket.cork();
  for (const text of ["one", "two"]) peer.send(text);
  socket.uncork();
});

const [watched, heard] = [[], []];
effectScope().run(() => {
  const onMessage = (_, { data }) => heard.push(data);
  const { data } = useWebSocket(`ws://127.0.0.1:${server.address().port}`, { onMessage });
  watch(data, (text) => watched.push(text));
});
await pause(700);
console.log(`watch: ${watched.join(", ")}`);
console.log(`onMessage: ${heard.join(", ")}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @vueuse/core@15.0.0 vue@3.5.45 ws@8.23.0, node $(node --version)"
echo "expected: twice: typing, typing, one, two"
echo "seen: $seen"
recorded='watch: typing, two
onMessage: typing, typing, one, two'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
