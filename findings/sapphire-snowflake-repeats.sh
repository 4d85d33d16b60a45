#!/usr/bin/env bash
# Run: 5,000 ids from one generator of @sapphire/snowflake within one millisecond (the clock stands still for the test),
# then as many from nodejs-snowflake with the real clock.
# One would expect: 5,000 different ids from each; a snowflake has room for 4,096 per millisecond, so a generator waits
# for the next one, takes it in advance, or throws.
# What happens: nodejs-snowflake goes on to the next millisecond. In @sapphire/snowflake the counter begins again at 0:
# the last 904 ids are the first 904 once more, without an error.
# Why it matters: a loop can make thousands of ids in a millisecond, so an import of old messages
# gets ids twice, and the second message replaces the first where the id is the key.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @sapphire/snowflake@3.5.5 nodejs-snowflake@2.0.1

cat > "$dir/run.mjs" <<'JS'
import { Snowflake as Sapphire } from "@sapphire/snowflake";
import { Snowflake as Other } from "nodejs-snowflake";

const different = (generate) => new Set(Array.from({ length: 5000 }, generate)).size;
const other = new Other();
console.log(`nodejs-snowflake: ${different(() => other.getUniqueID())}`);
const sapphire = new Sapphire(new Date("2020-01-01T00:00:00Z"));
const time = Date.now();
Date.now = () => time;
console.log(`@sapphire/snowflake: ${different(() => sapphire.generate())}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @sapphire/snowflake@3.5.5 nodejs-snowflake@2.0.1, node $(node --version)"
echo "expected: twice: 5000"
echo "seen: $seen"
recorded='nodejs-snowflake: 5000
@sapphire/snowflake: 4096'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
