// `edge-rooms/testing` as an app has it: the package in a folder of its own, in each runner that docs/testing.md names.
// Jest is not installed here: it was tried by hand.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildClientPackage } from "../../src/tools/client-package.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { ownNode } from "./support/own-node.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
/** With SQLite beside it, and without. */
const apps = { with: makeApp(), without: makeApp() };

function makeApp(): string {
  const app = mkdtempSync(join(tmpdir(), "edge-rooms-kit-"));
  mkdirSync(join(app, "node_modules"));
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  return app;
}

beforeAll(async () => {
  await buildClientPackage(join(apps.with, "node_modules/edge-rooms"));
  symlinkSync(join(apps.with, "node_modules/edge-rooms"), join(apps.without, "node_modules/edge-rooms"));
  for (const name of ["sql.js", "vitest"])
    symlinkSync(join(root, "node_modules", name), join(apps.with, "node_modules", name));
});
afterAll(() => {
  for (const app of Object.values(apps)) rmSync(app, { recursive: true, force: true });
});

const documented = (): string => {
  const page = readFileSync(join(root, "docs/testing.md"), "utf8");
  return /```js\n(.*?)```/s.exec(page)?.[1] ?? "";
};

const forNode = () =>
  documented().replace(
    /^import .* from "vitest";$/m,
    `import assert from "node:assert/strict";
     import { test } from "node:test";
     const expect = (found) => ({ toMatchObject: (data) => assert.deepEqual(found.map(({ data }) => ({ data })), data) });`,
  );

describe("the first example of docs/testing.md", () => {
  it("[V51] runs in Vitest", async () => {
    writeFileSync(join(apps.with, "first.test.js"), documented());
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const { stdout } = await run(process.execPath, [vitest, "run", "--root", apps.with]);
    expect(stdout).toContain("1 passed");
  });

  it("[V51] runs in Node's runner, with nothing installed beside it", async () => {
    const file = join(apps.without, "first.js");
    writeFileSync(file, forNode());
    const { stdout } = await run(process.execPath, ["--preserve-symlinks", "--test", file]);
    expect(stdout).toMatch(/pass 1\n/);
  });

  it("[V51] runs in the Node of this machine, which may be 20, with sql.js", async () => {
    const file = join(apps.with, "first.js");
    writeFileSync(file, forNode());
    const { node } = await ownNode();
    const { stdout } = await run(node, ["--test", file]);
    expect(stdout).toMatch(/pass 1\n/);
  });

  it("[V52] says what to install where there is no SQLite", async () => {
    const file = join(apps.without, "none.js");
    // As on a Node before 22.13.
    writeFileSync(
      file,
      `process.getBuiltinModule = () => undefined;
       const { createTestRooms } = await import("edge-rooms/testing");
       console.log(await createTestRooms().catch(({ message }) => message));`,
    );
    const { stdout } = await run(process.execPath, ["--preserve-symlinks", file]);
    expect(stdout).toContain("npm i -D sql.js");
  });

  it.skipIf(chromiumPath === undefined)("[V51] runs in a browser", async () => {
    writeFileSync(
      join(apps.with, "page.js"),
      documented().replace(
        /^import .* from "vitest";$/m,
        `const test = (_, run) => run().then(() => { document.title = "passed"; }, (error) => {
           document.title = String(error.stack);
         });
         const expect = (found) => ({
           toMatchObject: (other) => {
             const text = JSON.stringify(found.map(({ data }) => ({ data })));
             if (text !== JSON.stringify(other)) throw new Error(text);
           },
         });`,
      ),
    );
    writeFileSync(join(apps.with, "index.html"), '<script type="module" src="page.js"></script>');
    await build({ root: apps.with, logLevel: "error", build: { chunkSizeWarningLimit: 10_000 } });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      // Served by the test itself. WebCrypto is there, as the page counts as one of this machine.
      await page.route("http://localhost/**", async (route) => {
        const { pathname } = new URL(route.request().url());
        const file = join(apps.with, "dist", pathname === "/" ? "index.html" : pathname);
        await route.fulfill({ body: await readFile(file), contentType: typeOf(file) });
      });
      await page.goto("http://localhost/");
      await expect.poll(() => page.title(), { timeout: 45_000 }).not.toBe("");
      expect(await page.title()).toBe("passed");
    } finally {
      await browser.close();
    }
  });
});

const typeOf = (file: string) => (file.endsWith(".js") ? "text/javascript" : "text/html");
