#!/usr/bin/env bash
# Run: a server answers 503 with `Retry-After: 3` and is ready after that time; asked by undici (its RetryAgent) and by
# got, both told to wait no longer than 1 s, and by both without such a limit.
# One would expect: with the limit, no second request before the time (got gives up at once and reports the 503);
# without it, one at 3 s.
# What happens: undici shortens the wait to its limit (`maxTimeout`), asks again at 1 s and at 2 s, is refused, and
# fails with all attempts used up. By default the limit is 30 s.
# Why it matters: a busy server that says one minute gets its clients back after half a minute, and those with few
# attempts give up before it is ready. Only with `maxTimeout: Infinity` is the header kept.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" undici@7.30.2 got@14.6.6

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import got from "got";
import { Agent, RetryAgent, request } from "undici";

let start;
let requests = [];
const server = http.createServer((_, response) => {
  const elapsed = Date.now() - start;
  requests.push(Math.round(elapsed / 1000));
  if (elapsed < 2900) response.writeHead(503, { "retry-after": "3" });
  response.end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/`;

const ask = { maxRetries: 2, retryAfter: true };
const ways = {
  "got, 1 s": () => got(url, { retry: { limit: 2, maxRetryAfter: 1000 } }),
  "undici, 1 s": () => request(url, { dispatcher: new RetryAgent(new Agent(), { ...ask, maxTimeout: 1000 }) }),
  "got, no limit": () => got(url, { retry: { limit: 2 } }),
  "undici, no limit": () => request(url, { dispatcher: new RetryAgent(new Agent(), { ...ask, maxTimeout: Infinity }) }),
};
for (const [name, run] of Object.entries(ways)) {
  requests = [];
  start = Date.now();
  const outcome = await run().then(
    (response) => response.statusCode,
    (error) => `error, status ${error.statusCode ?? error.response?.statusCode}`,
  );
  console.log(`${name}: requests at ${requests.join(", ")} s, ${outcome}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: undici@7.30.2 got@14.6.6, node $(node --version)"
echo "expected: no request between 0 and 3 s"
echo "seen: $seen"
recorded='got, 1 s: requests at 0 s, error, status 503
undici, 1 s: requests at 0, 1, 2 s, error, status 503
got, no limit: requests at 0, 3 s, 200
undici, no limit: requests at 0, 3 s, 200'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
