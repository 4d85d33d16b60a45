#!/usr/bin/env bash
# Run: the encoder and decoder of socket.io-msgpack-parser and of socket.io-parser (the default) carry an event with a
# Uint8Array that is a part of a larger buffer: two bytes of six.
# One would expect: the two bytes, from both; the one is a drop-in replacement of the other.
# What happens: with socket.io-msgpack-parser all six bytes arrive: it takes the buffer below the view. A Buffer and a
# copy (`slice`) of the two bytes are sent right.
# Why it matters: to cut a piece out of a frame with `subarray` is usual, above all in a browser, where there is no
# Buffer. The reader gets other bytes, and more of them, without an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" socket.io-msgpack-parser@3.0.2 socket.io-parser@4.2.7

cat > "$dir/run.mjs" <<'JS'
import msgpackParser from "socket.io-msgpack-parser";
import * as ownParser from "socket.io-parser";

const bytes = new Uint8Array([1, 2, 3, 4, 5, 6]);
const forms = {
  subarray: bytes.subarray(2, 4),
  slice: bytes.slice(2, 4),
  Buffer: Buffer.from(bytes.buffer, 2, 2),
};
for (const [name, parser] of Object.entries({ "socket.io-parser": ownParser, msgpack: msgpackParser })) {
  for (const [form, part] of Object.entries(forms)) {
    const decoder = new parser.Decoder();
    decoder.on("decoded", ({ data }) => console.log(`${name}, ${form}: ${[...new Uint8Array(data[1])].join(" ")}`));
    for (const frame of new parser.Encoder().encode({ type: 2, nsp: "/", data: ["piece", part] })) decoder.add(frame);
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: socket.io-msgpack-parser@3.0.2 socket.io-parser@4.2.7, node $(node --version)"
echo "expected: 3 4 in each line"
echo "seen: $seen"
recorded='socket.io-parser, subarray: 3 4
socket.io-parser, slice: 3 4
socket.io-parser, Buffer: 3 4
msgpack, subarray: 1 2 3 4 5 6
msgpack, slice: 3 4
msgpack, Buffer: 3 4'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
