#!/usr/bin/env bash
# Run: one ReadableStream whose chunks are strings, in workerd: as the body of a Response, and returned over RPC.
# One would expect: the same TypeError in both: what travels is a stream of bytes, and `new Response(stream)` refuses
# strings.
# What happens: the Response refuses them. Over RPC they pass, and arrive as UTF-8 in chunks of Uint8Array, cut at other
# places.
# Why it matters: code that works with the stream of a class in its own Worker (`chunk.split("\n")`) fails after the
# class has moved behind a service binding, where the chunks are of another type. Encode first, and decode in the
# reader.
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

const strings = () =>
  new ReadableStream({
    start(controller) {
      for (const chunk of ["one", "two", "é"]) controller.enqueue(chunk);
      controller.close();
    },
  });

export class Rooms extends WorkerEntrypoint {
  stream() {
    return strings();
  }
}

const chunks = async (stream) => {
  const types = new Set();
  let length = 0;
  for await (const chunk of stream) {
    types.add(chunk.constructor.name);
    length += chunk.length;
  }
  return `${[...types].join(", ")}, length ${length} in all`;
};

export default {
  async test(_, env) {
    const outcome = (promise) => promise.catch(({ name, message }) => `${name} "${message}"`);
    console.log("no wrapper:", await chunks(strings()));
    console.log("Response:", await outcome(new Response(strings()).text()));
    console.log("RPC:", await outcome(env.ROOMS.stream().then(chunks)));
  },
};
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: the same TypeError from Response and RPC"
echo "seen: $seen"
recorded='no wrapper: String, length 7 in all
Response: TypeError "This ReadableStream did not return bytes."
RPC: Uint8Array, length 8 in all'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
