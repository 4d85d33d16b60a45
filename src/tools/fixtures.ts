// `npm run fixtures -- 1.0.0-beta`: writes what the code of today stores, as fixtures of that version, which every later
// version must read. Those of a version that has a tag are never written again.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { isReleased, isVersion } from "./versions.ts";

const version = process.argv[2] ?? "";
if (!isVersion(version)) {
  console.error("Say the version: npm run fixtures -- 1.0.0-beta");
  process.exit(1);
}
if (isReleased(version)) {
  console.error(`${version} is released: what it stored is never written again.`);
  process.exit(1);
}
rmSync(`test/fixtures/${version}`, { recursive: true, force: true });
const command = ["run", "--config", "test/vitest.config.ts", "--project", "fixtures", "--update"];
const { status } = spawnSync("vitest", command, {
  stdio: "inherit",
  env: { ...process.env, FIXTURES_OF: version },
  shell: process.platform === "win32",
});
process.exitCode = status ?? 1;
