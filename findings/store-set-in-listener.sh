#!/usr/bin/env bash
# Run: a store with two listeners, of which the first answers the value 1 by setting 2; then 1 is set. With a
# BehaviorSubject of RxJS, and the stores of TanStack Store, zustand, nanostores and Svelte.
# One would expect: the last value that each listener is told is 2, the one that the store holds.
# What happens: Svelte tells both 1 and 2, zustand and nanostores tell the second one 2 twice. With RxJS the second is
# told 2 and then 1, and stays there. With TanStack Store the first is told 1 only: not of what it has set itself.
# Why it matters: such answers are everyday in rooms (clamp a cursor, mark a message as read when it comes). A view then
# shows an older state than the store's until something else changes, and the order of subscribing decides which view.
# Listeners should read the store instead of the value they are told (the snapshots of this project pass none), or set
# in a microtask.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" rxjs@7.8.2 @tanstack/store@0.11.2 zustand@5.1.0 \
  nanostores@1.5.5 svelte@5.57.3

cat > "$dir/run.mjs" <<'JS'
import { Store } from "@tanstack/store";
import { atom } from "nanostores";
import { BehaviorSubject } from "rxjs";
import { writable } from "svelte/store";
import { createStore } from "zustand/vanilla";

const run = (name, subscribe, set) => {
  const told = [[], []];
  subscribe((value) => {
    told[0].push(value);
    if (value === 1) set(2);
  });
  subscribe((value) => told[1].push(value));
  for (const values of told) values.length = 0;
  set(1);
  console.log(`${name}: first ${told[0].join(", ")}; second ${told[1].join(", ")}`);
};
const subject = new BehaviorSubject(0);
run("rxjs", (listener) => subject.subscribe(listener), (value) => subject.next(value));
const tanstack = new Store(0);
run("tanstack", (listener) => tanstack.subscribe(listener), (value) => tanstack.setState(() => value));
const zustand = createStore(() => 0);
run("zustand", (listener) => zustand.subscribe(listener), (value) => zustand.setState(value, true));
const nano = atom(0);
run("nanostores", (listener) => nano.listen(listener), (value) => nano.set(value));
const svelte = writable(0);
run("svelte", svelte.subscribe, svelte.set);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: rxjs@7.8.2 @tanstack/store@0.11.2 zustand@5.1.0 nanostores@1.5.5 svelte@5.57.3, node $(node --version)"
echo "expected: each list ends with 2"
echo "seen: $seen"
recorded='rxjs: first 1, 2; second 2, 1
tanstack: first 1; second 2
zustand: first 1, 2; second 2, 2
nanostores: first 1, 2; second 2, 2
svelte: first 1, 2; second 1, 2'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
