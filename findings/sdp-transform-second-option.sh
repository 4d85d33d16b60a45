#!/usr/bin/env bash
# Run: sdp-transform reads and writes three lines of session descriptions: ICE options as WebRTC stacks send them (RFC
# 8839 allows several), a candidate with its user fragment, and a port with a count (RFC 8866).
# One would expect: the same lines; the library is for changing a description and handing it on.
# What happens: of several ICE options only the first is kept, the user fragment and the network of a candidate are
# dropped, and the line with a port count is lost and written back as `m=undefined NaN undefined`.
# Why it matters: who changes one line of a description (a codec, a bandwidth) also switches off "renomination", and
# candidates can no longer be told apart after an ICE restart, where the fragment says which they belong to.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" sdp-transform@3.0.0

cat > "$dir/run.mjs" <<'JS'
import { parse, write } from "sdp-transform";

const candidate = "a=candidate:1 1 udp 2122260223 192.0.2.1 9 typ host generation 0 ufrag abcd network-id 1";
const descriptions = [
  ["m=audio 9 RTP/AVP 0", "a=ice-options:trickle renomination"],
  ["m=audio 9 RTP/AVP 0", candidate],
  ["m=video 49170/2 RTP/AVP 31"],
];
for (const lines of descriptions) {
  const back = write(parse(`v=0\r\n${lines.join("\r\n")}\r\n`));
  console.log(`${lines.at(-1)}\n  ${back.trim().split("\r\n").at(-1).trim()}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: sdp-transform@3.0.0, node $(node --version)"
echo "expected: each line twice"
echo "seen: $seen"
recorded='a=ice-options:trickle renomination
  a=ice-options:trickle
a=candidate:1 1 udp 2122260223 192.0.2.1 9 typ host generation 0 ufrag abcd network-id 1
  a=candidate:1 1 udp 2122260223 192.0.2.1 9 typ host generation 0
m=video 49170/2 RTP/AVP 31
  m=undefined NaN undefined'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
