#!/usr/bin/env bash
# Run: `setTimeout` in two Workers of workerd that differ by their compatibility date only.
# One would expect: a number in both, as in browsers and in all Workers so far.
# What happens: from 2026-08-04 on, where the Node API is on by default, it is an object.
# Why it matters: raising the date changes a global of the web platform under all libraries of a bundle, those too that
# keep timers by number or tell Node from the web by the type of the handle.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main), (name = "earlier", worker = .earlier)]);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-08-04",
  bindings = [(name = "EARLIER", service = "earlier")],
);
const earlier :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "2026-08-03",
);
CAPNP

cat > "$dir/main.js" <<'JS'
const kind = () => {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return typeof timer;
};

export default {
  fetch: () => new Response(kind()),
  async test(_, env) {
    if (env.EARLIER === undefined) return;
    console.log(`2026-08-03: ${await (await env.EARLIER.fetch("http://earlier/")).text()}`);
    console.log(`2026-08-04: ${kind()}`);
  },
};
JS

seen=$(cd "$dir" && node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version)"
echo "expected: twice: number"
echo "seen: $seen"
recorded='2026-08-03: number
2026-08-04: object'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
