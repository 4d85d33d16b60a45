import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The Node that runs npm on this machine, or the project's where that one is older than 20. */
export async function ownNode(): Promise<{ node: string; options: readonly string[] }> {
  const folders =
    process.env.PATH?.split(delimiter).filter((folder) => !folder.includes("node_modules")) ?? [];
  const node = folders.map((folder) => join(folder, "node")).find((file) => existsSync(file));
  const { stdout } = await run(node ?? process.execPath, ["--version"]);
  const major = Number.parseInt(stdout.slice(1), 10);
  return {
    node: node === undefined || major < 20 ? process.execPath : node,
    options: major === 20 || major === 21 ? ["--experimental-websocket"] : [],
  };
}
