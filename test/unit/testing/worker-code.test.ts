// What the code of the Worker sees in the test kit.

import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { Settling } from "../../../client/testing/time/settling.ts";
import { openNodeDatabase } from "../../../client/testing/worker/node-database.ts";
import {
  type SqlDatabase,
  type StoredValue,
  transactionIn,
} from "../../../client/testing/worker/sql-database.ts";
import { openSqlJsDatabase } from "../../../client/testing/worker/sql-js-database.ts";
import { workerGlobals } from "../../../client/testing/worker/worker-globals.ts";
import { FLOOR } from "../../../src/tools/bundle-client.ts";
import { clientEntries, readClientManifest } from "../../../src/tools/client-manifest.ts";
import { bundleWorkerCode, WORKER_GLOBALS, workerCodeBeside } from "../../../src/tools/worker-code.ts";

describe("the code of the Worker", () => {
  it("[V53] is in no other entry of the package", async () => {
    const entries = clientEntries(readClientManifest());
    const others = entries.filter(({ name }) => name !== "testing");
    expect(others.length).toBe(entries.length - 1);
    const { metafile } = await build({
      entryPoints: others.map(({ source }) => source),
      ...{ bundle: true, write: false, metafile: true, format: "esm", platform: "neutral", outdir: "dist" },
      packages: "external",
      plugins: [workerCodeBeside],
    });
    const files = Object.keys(metafile.inputs);
    expect(files.filter((file) => /^client\/testing\/|^src\/(?!protocol\/)/.test(file))).toEqual([]);
    expect(files).toContain("client/core/client.ts");
  });

  it("[V54] gets every global by which it tells time, waits, reaches out or meets the runtime", async () => {
    const globals = workerGlobals({ settling: new Settling(0), random: Math.random });
    expect(Object.keys(globals)).toEqual(expect.arrayContaining([...WORKER_GLOBALS]));
    const code = await bundleWorkerCode(FLOOR);
    const others =
      /\b(?:performance|queueMicrotask|setImmediate|requestIdleCallback|navigator|caches|XMLHttpRequest|process|globalThis|Worker|MessageChannel)\b[.(]/g;
    expect(code.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, "").match(others) ?? []).toEqual([]);
  });

  it("[V54] lives in the time of the clock", async () => {
    const settling = new Settling(1_790_000_000_000);
    const { Date: TheirDate, ...globals } = workerGlobals({ settling, random: () => 0.25 });
    const heard: string[] = [];
    globals.setTimeout(() => heard.push("timeout"), 1_000);
    const interval = globals.setInterval(() => heard.push("interval"), 400);
    void globals.scheduler.wait(500).then(() => heard.push("wait"));
    const signal = globals.AbortSignal.timeout(600);
    await settling.clock.advance(1_000);
    expect(heard).toEqual(["interval", "wait", "interval", "timeout"]);
    expect([signal.aborted, globals.Math.random(), globals.Math.max(1, 2)]).toEqual([true, 0.25, 2]);
    expect([TheirDate.now(), new TheirDate().getTime(), new TheirDate(5).getTime()]).toEqual([
      ...[1_790_000_001_000, 1_790_000_001_000, 5],
    ]);
    globals.clearInterval(interval);
    globals.timers.stop();
    await expect(globals.fetch()).rejects.toThrow("reach no other server");
  });
});

const SQLITES = [
  ["Node", async () => openNodeDatabase()],
  ["sql.js", openSqlJsDatabase],
] as const;

describe.each(SQLITES)("SQLite of %s", (_, find) => {
  const made = async (): Promise<SqlDatabase> => {
    const database = (await find())?.();
    if (database === undefined) throw new Error("there is none");
    database.exec("CREATE TABLE kept (id INTEGER PRIMARY KEY, value ANY)", []);
    return database;
  };
  const valuesIn = (database: SqlDatabase) =>
    database.exec("SELECT value FROM kept ORDER BY id", []).map(({ value }) => value);

  it("[V52] gives back what was stored", async () => {
    const database = await made();
    const values: StoredValue[] = ["text 👍", 7, 1.5, null, 2 ** 52, new Uint8Array([0, 255]).buffer];
    for (const value of values) database.exec("INSERT INTO kept (value) VALUES (?)", [value]);
    expect(valuesIn(database)).toEqual(values);
    expect(database.exec("DELETE FROM kept WHERE id < 3 RETURNING id", [])).toEqual([{ id: 1 }, { id: 2 }]);
    expect(() => database.exec("SELECT nothing", [])).toThrow(/nothing/);
    database.close();
  });

  it("[V52] undoes a transaction that throws, and one inside of another alone", async () => {
    const database = await made();
    const insert = (value: string) => database.exec("INSERT INTO kept (value) VALUES (?)", [value]);
    const failing = () =>
      transactionIn(database, () => {
        insert("undone");
        throw new Error("no");
      });
    transactionIn(database, () => {
      insert("kept");
      expect(failing).toThrow("no");
    });
    expect(failing).toThrow("no");
    expect(valuesIn(database)).toEqual(["kept"]);
    database.close();
  });
});
