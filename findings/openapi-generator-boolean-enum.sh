#!/usr/bin/env bash
# Run: openapi-generator 4.3.1 and 5.0.0-beta2 (the npm package that carries its jar; needs Java and Python) make a
# Python client of a document in which a property is `{ "type": "boolean", "enum": [true] }`. Its model is compiled, and
# the line of the model that lists the allowed values is run.
# One would expect: a list with the one value True.
# What happens: NameError "name 'true' is not defined": the value is written as JSON writes it. The generator ends with
# 0, and the model compiles: the line stands in the setter of the property and runs when a message is made.
# Why it matters: a boolean with one value is how documents tell the shapes of a union apart. That a client was
# generated and can be imported says little; a test has to make each model.
set -euo pipefail
command -v java >/dev/null || { echo "cannot run: needs Java"; exit 1; }
command -v python3 >/dev/null || { echo "cannot run: needs Python"; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  version4@npm:@openapitools/openapi-generator-cli@1.0.18-4.3.1 \
  version5@npm:@openapitools/openapi-generator-cli@1.0.18-5.0.0-beta2

cat > "$dir/document.json" <<'JSON'
{
  "openapi": "3.0.3",
  "info": { "title": "Rooms", "version": "1" },
  "paths": {},
  "components": {
    "schemas": {
      "Message": { "type": "object", "properties": { "silent": { "type": "boolean", "enum": [true] } } }
    }
  }
}
JSON

cat > "$dir/run.py" <<'PY'
import re
import sys

text = open(sys.argv[1]).read()
compile(text, "message.py", "exec")
try:
    print("compiles,", eval(re.search(r"allowed_values = (.*?)  #", text)[1]))
except NameError as error:
    print("compiles, NameError", error)
PY

made() {
  local jar="$dir/node_modules/$1/bin/openapi-generator.jar" code=0
  timeout 120 java -jar "$jar" generate -g python -i "$dir/document.json" -o "$dir/$1" >"$dir/$1.log" 2>&1 || code=$?
  echo "$1: generator ends with $code, $(python3 "$dir/run.py" "$dir/$1/openapi_client/models/message.py")"
}

seen="$(made version4)
$(made version5)"
echo "versions: openapi-generator 4.3.1 and 5.0.0-beta2, $(python3 --version)"
echo "expected: compiles, [True]; twice"
echo "seen: $seen"
recorded="version4: generator ends with 0, compiles, NameError name 'true' is not defined
version5: generator ends with 0, compiles, NameError name 'true' is not defined"
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
