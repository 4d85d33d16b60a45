import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../../support/connection-memory.ts");

it("[L262] a room that lists its members keeps less than 4 KB for each connection", () => {
  const bytes = Number(execFileSync(process.execPath, ["--expose-gc", PROGRAM], { encoding: "utf8" }));
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThan(4_096);
});
