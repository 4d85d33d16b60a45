#!/usr/bin/env bash
# Run: a document of AsyncAPI 3.0 with `discriminator` in a schema, as a text (the name of the property, as AsyncAPI
# says) and as an object with `propertyName` (as OpenAPI says); checked by the parser of AsyncAPI and by @redocly/cli.
# One would expect: both accept the text and refuse the object.
# What happens: the parser does. Redocly refuses the text and accepts the object.
# Why it matters: no document with a discriminator passes both checks, and who mends it as Redocly says breaks it for
# the tools of AsyncAPI. `const` in the alternatives of a `oneOf` says the same without it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @redocly/cli@2.77.0 @asyncapi/parser@3.6.6

cat > "$dir/run.mjs" <<'JS'
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

for (const discriminator of ["type", { propertyName: "type" }]) {
  const payload = { type: "object", discriminator, required: ["type"], properties: { type: { type: "string" } } };
  const document = JSON.stringify({
    asyncapi: "3.0.0",
    info: { title: "Rooms", version: "1" },
    channels: { room: { address: "room", messages: { said: { payload } } } },
    operations: { say: { action: "send", channel: { $ref: "#/channels/room" } } },
  });
  writeFileSync("document.json", document);
  const { diagnostics } = await new Parser().parse(document);
  const parser = diagnostics.some(({ severity }) => severity === 0) ? "refused" : "accepted";
  const lint = ["lint", "document.json", "--extends=spec", "--format=json"];
  const options = { env: { ...process.env, REDOCLY_TELEMETRY: "off" }, encoding: "utf8" };
  const { status, stdout } = spawnSync("node_modules/.bin/redocly", lint, options);
  const redocly = status === 0 ? "accepted" : `refused, ${JSON.parse(stdout).problems[0].message}`;
  console.log(`${typeof discriminator}: parser ${parser}; redocly ${redocly}`);
}
JS

seen=$(cd "$dir" && timeout 120 node run.mjs 2>err.log)
echo "versions: @redocly/cli@2.77.0 @asyncapi/parser@3.6.6, node $(node --version)"
echo "expected: text accepted and object refused, by both"
echo "seen: $seen"
recorded='string: parser accepted; redocly refused, Expected type `Discriminator` (object) but got `string`
object: parser refused; redocly accepted'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
