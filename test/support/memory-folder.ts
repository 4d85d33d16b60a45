// The folder of temporary files of a run: one in memory, where the machine has one with enough room. An object of a test
// syncs its database to the disk several times, and there are thousands of objects.

import { mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { basename, join } from "node:path";

/** Linux has it; the default of a container, 64 MB, is too small. */
const MEMORY = "/dev/shm";
const ENOUGH_BYTES = 2 * 1024 ** 3;
const NAME = /^edge-rooms-tests-(\d+)$/;

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It runs, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** A run that is killed leaves its folder behind: the next one removes it. */
function removeAbandoned(): void {
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
}

/** From here on this process and those that it starts put temporary files there. */
export function keepTemporaryFilesInMemory(): void {
  if (!hasRoom()) return;
  removeAbandoned();
  process.env.TMPDIR = join(MEMORY, `edge-rooms-tests-${process.pid}`);
  mkdirSync(process.env.TMPDIR, { recursive: true });
}

/** A global set-up. Returns what removes the folder. */
export default function removedAtEnd(): () => void {
  const { TMPDIR: folder = "" } = process.env;
  return () => {
    if (!NAME.test(basename(folder))) return;
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // A server that ends too late still writes: the next run removes it.
    }
  };
}
