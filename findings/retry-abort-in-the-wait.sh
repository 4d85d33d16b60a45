#!/usr/bin/env bash
# Run: an attempt fails, the next one is due 3 s later, and the caller's AbortSignal fires after 300 ms. With p-retry,
# with `retry` of cockatiel, and with the RetryAgent of undici, the latter under `fetch` and under `request`.
# One would expect: the promise is rejected with the signal's reason at that moment; all four take a signal.
# What happens: so in p-retry and in undici under `fetch`. cockatiel and undici under `request` wait the 3 s first, and
# cockatiel then rejects with the error of the last attempt, as if nobody had aborted.
# Why it matters: leaving a room or stopping a process hangs for as long as the back-off is (30 s and more after some
# attempts), and with cockatiel the failure is logged as one of the server. The wait has to race with the signal.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" cockatiel@3.2.1 p-retry@7.1.1 undici@7.30.2

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import { ConstantBackoff, handleAll, retry } from "cockatiel";
import pRetry from "p-retry";
import { Agent, fetch, RetryAgent, request } from "undici";

const server = http.createServer((_, response) => response.writeHead(503, { "retry-after": "3" }).end());
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/`;
const fail = () => {
  throw new Error("attempt");
};
const dispatcher = new RetryAgent(new Agent());
const policy = retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(3000) });
const ways = {
  "p-retry": (signal) => pRetry(fail, { retries: 1, minTimeout: 3000, signal }),
  cockatiel: (signal) => policy.execute(fail, signal),
  "undici fetch": (signal) => fetch(url, { dispatcher, signal }),
  "undici request": (signal) => request(url, { dispatcher, signal }),
};
await fetch(url);
for (const [name, run] of Object.entries(ways)) {
  const controller = new AbortController();
  const reason = new Error("the reason");
  const start = Date.now();
  setTimeout(() => controller.abort(reason), 300);
  const error = await run(controller.signal).catch((thrown) => thrown);
  const when = Date.now() - start < 2500 ? "at once" : "after the wait";
  console.log(`${name}: ${when}, ${error === reason ? "the reason" : `"${error.message}"`}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: cockatiel@3.2.1 p-retry@7.1.1 undici@7.30.2, node $(node --version)"
echo "expected: four times: at once, the reason"
echo "seen: $seen"
recorded='p-retry: at once, the reason
cockatiel: after the wait, "attempt"
undici fetch: at once, the reason
undici request: after the wait, the reason'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
