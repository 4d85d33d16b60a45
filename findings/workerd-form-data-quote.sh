#!/usr/bin/env bash
# Run: a form with the field name `a"b` and with a file of the name `plan "final".txt`, written and read again with
# `new Response(form).formData()`, in workerd and in Node; and a Blob without a name as a value.
# One would expect: the same names again, and "blob" as the name of the Blob, as the standard says; in both.
# What happens: workerd writes a quotation mark as %22, as browsers do, and does not turn it back: the names come back
# as `a%22b` and `plan %22final%22.txt`. The Blob gets the name of its field.
# Why it matters: each browser uploads such a file with %22 in its name. A Worker stores and shows it under that name,
# and a field of such a name is not found. A file name with a real "%22" cannot be told from it afterwards.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    (name = "guess.mjs", esModule = embed "guess.mjs"),
  ],
  compatibilityDate = "2026-11-01",
);
CAPNP

cat > "$dir/guess.mjs" <<'JS'
export const guess = async (runtime) => {
  const form = new FormData();
  form.append('a"b', "text");
  form.append("file", new File(["x"], 'plan "final".txt'));
  form.append("blob-field", new Blob(["x"]));
  const back = await new Response(form).formData();
  console.log(`${runtime}: ${[...back].map(([name, value]) => `${name} (${value.name ?? value})`).join(", ")}`);
};
JS

cat > "$dir/main.mjs" <<'JS'
import { guess } from "guess.mjs";

export default { test: () => guess("workerd") };
JS

cat > "$dir/run.mjs" <<'JS'
import { guess } from "./guess.mjs";

await guess("Node");
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log && timeout 60 node run.mjs)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo 'expected: a"b (text), file (plan "final".txt), blob-field (blob) twice'
echo "seen: $seen"
recorded='workerd: a%22b (text), file (plan %22final%22.txt), blob-field (blob-field)
Node: a"b (text), file (plan "final".txt), blob-field (blob)'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
