#!/usr/bin/env bash
# Run: the package sdp (of webrtc-adapter) and sdp-transform read the parameters of an H.264 stream, whose
# `sprop-parameter-sets` are Base64 (RFC 6184), once with padding and once without.
# One would expect: the value as it stands; only the first equals sign separates name and value.
# What happens: sdp cuts the value at its second equals sign: the padding is gone, and `writeFmtp` writes the shorter
# value. sdp-transform keeps it.
# Why it matters: two of three lengths of Base64 end in padding. A reader that wants the padding refuses the parameter
# sets, for the streams of some cameras and not of others.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" sdp@3.2.2 sdp-transform@3.0.0

cat > "$dir/run.mjs" <<'JS'
import sdp from "sdp";
import { parseParams } from "sdp-transform";

for (const sets of ["Z0LAHtkD,aMuMsg==", "Z0LAHtkD,aMuM"]) {
  const fmtp = `packetization-mode=1;sprop-parameter-sets=${sets}`;
  const one = sdp.parseFmtp(`a=fmtp:96 ${fmtp}`)["sprop-parameter-sets"];
  console.log(`${sets}: sdp ${one}, sdp-transform ${parseParams(fmtp)["sprop-parameter-sets"]}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: sdp@3.2.2 sdp-transform@3.0.0, node $(node --version)"
echo "expected: the same value three times in each line"
echo "seen: $seen"
recorded='Z0LAHtkD,aMuMsg==: sdp Z0LAHtkD,aMuMsg, sdp-transform Z0LAHtkD,aMuMsg==
Z0LAHtkD,aMuM: sdp Z0LAHtkD,aMuM, sdp-transform Z0LAHtkD,aMuM'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
