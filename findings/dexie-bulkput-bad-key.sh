#!/usr/bin/env bash
# Run: `bulkPut` of Dexie, outside a transaction, with three rows, the second of which has null as its key; then with
# `bulkAdd` three rows, the second of which exists already.
# One would expect: the same way for both: the good rows are stored, and a BulkError names the bad one, as documented.
# What happens: a key that exists is such a BulkError. A key that is none stops in the middle: the rows before it are
# stored, those behind it are not tried, and the DataError does not say which row it was.
# Why it matters: an outbox filled from a page of messages loses all after the first bad one, and looks half right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" dexie@4.4.7 fake-indexeddb@6.2.8

cat > "$dir/run.mjs" <<'JS'
import "fake-indexeddb/auto";
import Dexie from "dexie";

const db = new Dexie("rooms");
db.version(1).stores({ put: "id", add: "id" });
const attempt = async (name, table, run) => {
  const error = await run().then(
    () => ({ name: "no error" }),
    (caught) => caught,
  );
  const keys = await table.orderBy("id").primaryKeys();
  console.log(`${name}: ${error.name}, failures ${error.failures?.length ?? "unknown"}, stored ${keys}`);
};
await db.add.put({ id: 2 });
await attempt("key exists", db.add, () => db.add.bulkAdd([{ id: 1 }, { id: 2 }, { id: 3 }]));
await attempt("key is null", db.put, () => db.put.bulkPut([{ id: 1 }, { id: null }, { id: 3 }]));
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: dexie@4.4.7 fake-indexeddb@6.2.8, node $(node --version)"
echo "expected: twice BulkError, failures 1, the good rows stored"
echo "seen: $seen"
recorded='key exists: BulkError, failures 1, stored 1,2,3
key is null: DataError, failures unknown, stored 1'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
