// Before the tests of projects that start servers: `npm run build`, once for all of them. It takes twice the CPU of the
// server itself, and every server of a run would do it.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BUILT, removeCopy, workingCopy } from "./working-copy.ts";

/** Returns what removes it. */
export default async function builtOnce(): Promise<() => void> {
  // Another project of this run has done it.
  if (process.env[BUILT] !== undefined) return () => {};
  const copy = workingCopy();
  try {
    // With CI it makes no secrets.
    await promisify(execFile)("npm", ["run", "build"], { cwd: copy, env: { ...process.env, CI: "true" } });
  } catch (error) {
    removeCopy(copy);
    throw error;
  }
  process.env[BUILT] = copy;
  return () => removeCopy(copy);
}
