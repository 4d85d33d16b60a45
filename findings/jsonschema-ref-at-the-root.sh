#!/usr/bin/env bash
# Run: jsonschema checks "ada" and 5 against one schema of a text, with its definition under `definitions` and `$ref` at
# the root, with `$ref` in a property, and at the root with an `$id`; Ajv checks the same.
# One would expect: valid and not valid in each; a schema needs no `$id`.
# What happens: at the root without an `$id` it throws "Invalid URL" for each value. In a property, or with an `$id`, it
# works.
# Why it matters: this is the form that generators write for a named type (`{ "$ref": "#/definitions/Message",
# "definitions": ... }`), so that valid values fail, with a message about an address that the schema does not have.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" jsonschema@1.5.0 ajv@8.20.0

cat > "$dir/run.mjs" <<'JS'
import { Ajv } from "ajv";
import { Validator } from "jsonschema";

const $ref = "#/definitions/name";
const definitions = { name: { type: "string" } };
const schemas = {
  "at the root": [{ $ref, definitions }, (value) => value],
  "in a property": [{ properties: { name: { $ref } }, definitions }, (name) => ({ name })],
  "with an $id": [{ $id: "https://example.com/name", $ref, definitions }, (value) => value],
};
const seen = (check) => {
  try {
    return check() ? "valid" : "not valid";
  } catch (error) {
    return error.message;
  }
};
for (const [name, [schema, make]] of Object.entries(schemas)) {
  const own = ["ada", 5].map((value) => seen(() => new Validator().validate(make(value), schema).valid));
  const ajv = ["ada", 5].map((value) => seen(() => new Ajv().validate(schema, make(value))));
  console.log(`${name}: jsonschema ${own.join(", ")}; ajv ${ajv.join(", ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: jsonschema@1.5.0 ajv@8.20.0, node $(node --version)"
echo "expected: valid, not valid twice in each line"
echo "seen: $seen"
recorded='at the root: jsonschema Invalid URL, Invalid URL; ajv valid, not valid
in a property: jsonschema valid, not valid; ajv valid, not valid
with an $id: jsonschema valid, not valid; ajv valid, not valid'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
