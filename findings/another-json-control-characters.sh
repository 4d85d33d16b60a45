#!/usr/bin/env bash
# Run: another-json, the canonical JSON of Matrix (matrix-js-sdk signs with it), writes texts with control characters;
# JSON.parse and canonicalize (RFC 8785) take the same values.
# One would expect: texts that JSON.parse reads back; its documents promise JSON of RFC 7159 with the shortest escapes.
# What happens: line breaks and tabs come out right, but each other control character is written with a capital letter,
# as `\U001B`. That is no JSON: JSON.parse refuses the whole text.
# Why it matters: a message with an escape sequence of a terminal, or with the separator of a bar code, is signed over a
# text that no other implementation writes, and what stores or sends that text cannot read it again.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" another-json@0.2.0 canonicalize@5.1.0

cat > "$dir/run.mjs" <<'JS'
import anotherJson from "another-json";
import canonicalize from "canonicalize";

const read = (text) => {
  try {
    JSON.parse(text);
    return "reads back";
  } catch (error) {
    return error.name;
  }
};
for (const value of ["a\tb\n", "\u001b[1m", "12\u001d34"]) {
  const [own, other] = [anotherJson.stringify(value), canonicalize(value)];
  console.log(`another-json ${own} ${read(own)}; canonicalize ${other} ${read(other)}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: another-json@0.2.0 canonicalize@5.1.0, node $(node --version)"
echo "expected: three lines with the same text twice, which reads back"
echo "seen: $seen"
recorded='another-json "a\tb\n" reads back; canonicalize "a\tb\n" reads back
another-json "\U001B[1m" SyntaxError; canonicalize "\u001b[1m" reads back
another-json "12\U001D34" SyntaxError; canonicalize "12\u001d34" reads back'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
