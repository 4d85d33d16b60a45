#!/usr/bin/env bash
# Run: the mqtt package connects to a broker that answers "server unavailable" (return code 3) once and would accept
# then.
# One would expect: another attempt after `reconnectPeriod` (1 s by default), as after a lost or refused connection.
# What happens: no further attempt, ever: any refusal in CONNACK ends reconnecting, unless `reconnectOnConnackError` is
# set.
# Why it matters: code 3 is what a broker says while it starts or is full, thus just when all clients come back at
# once; those that were early stay away for good.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" mqtt@5.16.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import net from "node:net";
import mqtt from "mqtt";

const run = async (options) => {
  const answers = [];
  const broker = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (data[0] >> 4 !== 1) return;
      answers.push(answers.length === 0 ? 3 : 0);
      socket.write(Buffer.from([0x20, 2, 0, answers.at(-1)]));
    });
  });
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  const client = mqtt.connect(`mqtt://127.0.0.1:${broker.address().port}`, { reconnectPeriod: 100, ...options });
  client.on("error", () => {});
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const result = `connected ${client.connected} after ${answers.length} attempt(s)`;
  client.end(true);
  broker.close();
  return result;
};
console.log("as it comes:", await run({}));
console.log("reconnectOnConnackError:", await run({ reconnectOnConnackError: true }));
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: mqtt@5.16.0, node $(node --version)"
echo "expected: twice: connected true after 2 attempts"
echo "seen: $seen"
recorded='as it comes: connected false after 1 attempt(s)
reconnectOnConnackError: connected true after 2 attempt(s)'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
