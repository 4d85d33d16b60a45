#!/usr/bin/env bash
# Run: an entrypoint of workerd returns a ReadableStream over RPC that gives one piece and then fails with `new
# TypeError("the log was trimmed")`; the caller reads it. The same stream read without RPC.
# One would expect: the same error at the end of both, as a method that throws this error passes it on.
# What happens: over RPC each failure becomes Error "ReadableStream received over RPC disconnected prematurely.". Class
# and message are gone; they stand only in the log of the Worker that made the stream.
# Why it matters: the reader cannot tell a limit, a failed query and a cut connection apart, and so not whether a retry
# has sense. A stream needs a last line of its own that says how it ended.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "ROOMS", service = (name = "main", entrypoint = "Rooms"))],
);
CAPNP

cat > "$dir/main.js" <<'JS'
import { WorkerEntrypoint } from "cloudflare:workers";

const failing = () =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("half"));
    },
    async pull(controller) {
      await scheduler.wait(20);
      controller.error(new TypeError("the log was trimmed"));
    },
  });

export class Rooms extends WorkerEntrypoint {
  stream() {
    return failing();
  }
  fail() {
    throw new TypeError("the log was trimmed");
  }
}

const read = async (stream) => {
  for await (const piece of stream) if (new TextDecoder().decode(piece) !== "half") throw new Error("another piece");
};

export default {
  async test(_, env) {
    const runs = {
      "without RPC": () => read(failing()),
      "thrown over RPC": () => env.ROOMS.fail(),
      "stream over RPC": async () => read(await env.ROOMS.stream()),
    };
    for (const [name, run] of Object.entries(runs)) {
      const error = await run().catch((caught) => caught);
      console.log(`${name}: ${error?.name} "${error?.message}"`);
    }
  },
};
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: three times TypeError \"the log was trimmed\""
echo "seen: $seen"
recorded='without RPC: TypeError "the log was trimmed"
thrown over RPC: TypeError "the log was trimmed"
stream over RPC: Error "ReadableStream received over RPC disconnected prematurely."'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
