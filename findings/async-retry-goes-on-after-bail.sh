#!/usr/bin/env bash
# Run: async-retry, with an async function that calls `bail` and then returns, or throws the same error.
# One would expect: one call in each case: `bail` is there to abort the retrying, and the promise is rejected.
# What happens: the promise is rejected at once, but if the function throws after `bail`, it is called again until the
# retries are used up, with nobody who waits for it.
# Why it matters: `bail(error); throw error;` is natural where the function must return a value, above all in
# TypeScript. A refused payment or message is sent again, behind the back of a caller who has been told that it failed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" async-retry@1.3.3

cat > "$dir/run.mjs" <<'JS'
import { setTimeout as pause } from "node:timers/promises";
import retry from "async-retry";

const ends = {
  returns: () => {},
  throws: () => {
    throw new Error("refused");
  },
};
for (const [name, end] of Object.entries(ends)) {
  let calls = 0;
  const attempt = async (bail) => {
    calls += 1;
    bail(new Error("refused"));
    end();
  };
  const result = await retry(attempt, { retries: 3, minTimeout: 10 }).then(() => "resolved", () => "rejected");
  const before = calls;
  await pause(500);
  console.log(`${name}: ${result} after ${before} call, ${calls} in the end`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: async-retry@1.3.3, node $(node --version)"
echo "expected: rejected after 1 call, 1 in the end, twice"
echo "seen: $seen"
recorded='returns: rejected after 1 call, 1 in the end
throws: rejected after 1 call, 4 in the end'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
