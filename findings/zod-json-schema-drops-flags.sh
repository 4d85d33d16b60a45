#!/usr/bin/env bash
# Run: a schema with the pattern `/^room$/i` is written as JSON schema by `z.toJSONSchema` of Zod, by ArkType and by
# @valibot/to-json-schema; "Room" is checked by the schema and by the pattern of what was written.
# One would expect: the same answer from both, or an error where JSON schema cannot say it: a pattern has no flags
# there.
# What happens: Zod and ArkType write the pattern without its flag, so that the documented contract refuses what the
# code accepts. Valibot's package throws and names the reason.
# Why it matters: clients that are generated from the document, and gateways that check by it, refuse names that the
# server takes; tests that use the Zod schema on both sides never see it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  zod@4.6.7 arktype@2.2.10 valibot@1.5.0 @valibot/to-json-schema@1.8.0

cat > "$dir/run.mjs" <<'JS'
import { toJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

const pattern = /^room$/i;
const zod = z.string().regex(pattern);
const ark = type(pattern);
const valibot = v.pipe(v.string(), v.regex(pattern));
const kinds = {
  zod: [(text) => zod.safeParse(text).success, () => z.toJSONSchema(zod)],
  arktype: [(text) => ark.allows(text), () => ark.toJsonSchema()],
  valibot: [(text) => v.is(valibot, text), () => toJsonSchema(valibot)],
};
for (const [name, [accepts, write]] of Object.entries(kinds)) {
  let written;
  try {
    const schema = write();
    written = `"${schema.pattern}" accepts it: ${new RegExp(schema.pattern, "u").test("Room")}`;
  } catch (error) {
    written = error.message;
  }
  console.log(`${name} accepts it: ${accepts("Room")}, JSON schema: ${written}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: zod@4.6.7 arktype@2.2.10 valibot@1.5.0 @valibot/to-json-schema@1.8.0, node $(node --version)"
echo "expected: twice true in each line, or an error"
echo "seen: $seen"
recorded='zod accepts it: true, JSON schema: "^room$" accepts it: false
arktype accepts it: true, JSON schema: "^room$" accepts it: false
valibot accepts it: true, JSON schema: RegExp flags are not supported by JSON Schema.'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
