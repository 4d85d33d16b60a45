#!/usr/bin/env bash
# Run: openapi-generator 4.3.1 and 5.0.0-beta2 (the npm package that carries its jar; needs Java) make a Go client of
# one document with two schemas that its only operation uses.
# One would expect: a file for each of the two models from both.
# What happens: 4.3.1 writes model_message.go and model_stored.go. 5.0.0-beta2 writes neither, but an api_default.go
# that names both types, and their pages of documentation; it ends with 0.
# Why it matters: the newest version of the package's line 1 makes a client that cannot be compiled, and a build that
# only asks whether the generator succeeded goes on. What is generated has to be compiled in the same step.
set -euo pipefail
command -v java >/dev/null || { echo "cannot run: needs Java"; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  version4@npm:@openapitools/openapi-generator-cli@1.0.18-4.3.1 \
  version5@npm:@openapitools/openapi-generator-cli@1.0.18-5.0.0-beta2

cat > "$dir/document.json" <<'JSON'
{
  "openapi": "3.0.3",
  "info": { "title": "Rooms", "version": "1" },
  "paths": {
    "/messages": {
      "post": {
        "operationId": "send",
        "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } } },
        "responses": {
          "200": {
            "description": "stored",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Stored" } } }
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "Message": { "type": "object", "properties": { "text": { "type": "string" } } },
      "Stored": { "type": "object", "properties": { "seq": { "type": "integer" } } }
    }
  }
}
JSON

made() {
  local jar="$dir/node_modules/$1/bin/openapi-generator.jar" code=0
  timeout 120 java -jar "$jar" generate -g go -i "$dir/document.json" -o "$dir/$1" >"$dir/$1.log" 2>&1 || code=$?
  local models
  models=$(cd "$dir/$1" && find . -name 'model_*.go' | sort | xargs)
  echo "$1: ends with $code, models: ${models:-none}, types in api_default.go: $(grep -oE '\b(Message|Stored)\b' \
    "$dir/$1/api_default.go" | sort -u | xargs)"
}

seen="$(made version4)
$(made version5)"
echo "versions: openapi-generator 4.3.1 and 5.0.0-beta2"
echo "expected: model_message.go and model_stored.go, twice"
echo "seen: $seen"
recorded='version4: ends with 0, models: ./model_message.go ./model_stored.go, types in api_default.go: Message Stored
version5: ends with 0, models: none, types in api_default.go: Message Stored'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
