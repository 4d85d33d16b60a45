#!/usr/bin/env bash
# Run: mqtt-packet (the codec of MQTT.js and aedes) writes a CONNECT packet with a password and no user name, for MQTT
# 3.1.1 and for MQTT 5; the same packet of MQTT 5, made by hand, is parsed.
# One would expect: an error for 3.1.1; a packet for 5, whose specification (3.1.2.9) says that it allows a password
# without a user name where 3.1.1 did not.
# What happens: both are refused with "Username is required to use password". The parser of the same package reads the
# packet.
# Why it matters: a token as the password needs no name beside it. A client has to make up a user name for a broker that
# wants none.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" mqtt-packet@9.0.2

cat > "$dir/run.mjs" <<'JS'
import mqtt from "mqtt-packet";

const connect = { cmd: "connect", protocolId: "MQTT", clientId: "ada", clean: true, keepalive: 0, password: "token" };
for (const protocolVersion of [4, 5]) {
  try {
    console.log(`version ${protocolVersion}: ${mqtt.generate({ ...connect, protocolVersion }).length} bytes`);
  } catch (error) {
    console.log(`version ${protocolVersion}: ${error.message}`);
  }
}
const body = [0, 4, ..."MQTT"].map((byte) => (typeof byte === "string" ? byte.charCodeAt(0) : byte));
body.push(5, 0b01000010, 0, 0, 0, 0, 3, 97, 100, 97, 0, 5, 116, 111, 107, 101, 110);
const parser = mqtt.parser();
parser.on("packet", ({ clientId, username, password }) => console.log(`parsed: ${clientId} ${username} ${password}`));
parser.on("error", (error) => console.log(`parser: ${error.message}`));
parser.parse(Buffer.from([0x10, body.length, ...body]));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: mqtt-packet@9.0.2, node $(node --version)"
echo "expected: version 4: Username is required to use password; version 5: 24 bytes; parsed: ada undefined token"
echo "seen: $seen"
recorded='version 4: Username is required to use password
version 5: Username is required to use password
parsed: ada undefined token'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
