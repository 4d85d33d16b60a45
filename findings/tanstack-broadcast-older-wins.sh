#!/usr/bin/env bash
# Run: two query clients (as in two tabs) joined by broadcastQueryClient of TanStack Query. One sets new data; before
# the message of that arrives, the other sets data with an older `updatedAt`. Then, with two other clients, `hydrate`
# brings older data to newer.
# One would expect: both show the newer data; each state carries `dataUpdatedAt`, and `hydrate` passes over what is
# older than its own.
# What happens: what comes over the channel is taken without a look at its age. The two swap: each shows what the other
# has set, one of them the older over its own newer, and nothing brings them together again.
# Why it matters: tabs with a connection each are told of changes within the same milliseconds, and one that is a
# message behind sets back the one that is ahead. Live data has to be compared by a number of its own (a sequence
# number) before it is taken, or has to come from one tab only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @tanstack/query-core@5.108.4 \
  @tanstack/query-broadcast-client-experimental@5.104.0

cat > "$dir/run.mjs" <<'JS'
import { broadcastQueryClient } from "@tanstack/query-broadcast-client-experimental";
import { dehydrate, hydrate, QueryClient } from "@tanstack/query-core";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tab = () => {
  const queryClient = new QueryClient();
  broadcastQueryClient({ queryClient, broadcastChannel: "tabs" });
  return queryClient;
};
const queryKey = ["room"];
const [a, b] = [tab(), tab()];
await wait(300);
a.setQueryData(queryKey, "first");
await wait(300);
const now = Date.now();
a.setQueryData(queryKey, "newer", { updatedAt: now });
b.setQueryData(queryKey, "older", { updatedAt: now - 1000 });
await wait(1000);
console.log(`broadcast: a shows ${a.getQueryData(queryKey)}, b shows ${b.getQueryData(queryKey)}`);

const [c, d] = [new QueryClient(), new QueryClient()];
c.setQueryData(queryKey, "newer", { updatedAt: now });
d.setQueryData(queryKey, "older", { updatedAt: now - 1000 });
hydrate(c, dehydrate(d));
console.log(`hydrate: ${c.getQueryData(queryKey)}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @tanstack/query-core@5.108.4 @tanstack/query-broadcast-client-experimental@5.104.0," \
  "node $(node --version)"
echo "expected: newer everywhere"
echo "seen: $seen"
recorded='broadcast: a shows older, b shows newer
hydrate: newer'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
