// A copy of the project for one server, so that builds and changed files do not disturb another one.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
const COPIED = [
  ...["src", "client", "demo", "LICENSE", "package.json"],
  ...["tsconfig.base.json", "tsconfig.json", "wrangler.toml"],
];
/** The variable of the environment that names the folder of what `builtOnce` has built. */
export const BUILT = "BUILT_FOR_TESTS";
const BUILD_SECTION = /^\[build\]\n(?:\S.*\n)+/m;

/** Returns the directory. `more`: further files, relative to the project's directory. */
export function workingCopy(more: readonly string[] = []): string {
  const copy = mkdtempSync(join(tmpdir(), "edge-rooms-"));
  for (const name of [...COPIED, ...more]) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** The same for a server: where this run of the tests has built already, it serves that instead of building it again. */
export function serverCopy(vars: Readonly<Record<string, string | number>>, more: readonly string[]): string {
  const copy = workingCopy(more);
  const lines = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(copy, ".dev.vars"), `${lines.join("\n")}\n`, { mode: 0o600 });
  const built = process.env[BUILT];
  if (built !== undefined) {
    mkdirSync(join(copy, "dist"));
    cpSync(join(built, "dist/public"), join(copy, "dist/public"), { recursive: true });
    const config = readFileSync(join(copy, "wrangler.toml"), "utf8");
    if (!BUILD_SECTION.test(config)) throw new Error("wrangler.toml has no section [build] to leave out.");
    writeFileSync(join(copy, "wrangler.toml"), config.replace(BUILD_SECTION, ""));
  }
  return copy;
}

export const removeCopy = (copy: string): void =>
  rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
