#!/usr/bin/env bash
# Run: `EventSource.from(stream)` of workerd, on a stream that makes an event every 20 ms; the handler closes the source
# with the second event. Some time later it is counted how far the stream went.
# One would expect: the stream is cancelled, so that its source can stop, as it is for a source that was opened by its
# address; or at least not read any further.
# What happens: no more events are dispatched, but the stream is read on and on, and `cancel` is never called.
# Why it matters: what makes the events (a request to a model, a subscription, a timer) runs on for as long as the
# Worker does, and is paid for, after the code that wanted it has closed it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/main.mjs" <<'JS'
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

export default {
  async test() {
    const encoder = new TextEncoder();
    let made = 0;
    let cancelled = false;
    const stream = new ReadableStream({
      async pull(controller) {
        await pause(20);
        controller.enqueue(encoder.encode(`data: ${++made}\n\n`));
      },
      cancel() {
        cancelled = true;
      },
    });
    const source = EventSource.from(stream);
    const seen = [];
    source.addEventListener("message", (event) => {
      seen.push(event.data);
      if (event.data === "2") source.close();
    });
    await pause(2000);
    console.log(`dispatched: ${seen.join(" ")}, closed: ${source.readyState === EventSource.CLOSED}`);
    console.log(`made more than ten: ${made > 10}, cancelled: ${cancelled}`);
  },
};
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: dispatched 1 2, closed; made more than ten: false, cancelled: true"
echo "seen: $seen"
recorded='dispatched: 1 2, closed: true
made more than ten: true, cancelled: false'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
