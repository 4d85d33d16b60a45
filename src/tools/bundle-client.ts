// How files of the client are bundled: code by esbuild, and declarations, which tsc emits file by file, by rolldown.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build } from "esbuild";
import { type Plugin, rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { workerCodeBeside } from "./worker-code.ts";

/**
 * The oldest browsers and Node that the client runs in. Newer syntax is rewritten. A newer function does not compile, as
 * `lib` of `client/tsconfig.json` does not have it, or fails in `test/e2e/package.test.ts`.
 */
export const FLOOR = ["safari16.4", "chrome111", "firefox113", "node20"];

const DECLARATIONS = "dist/types";

/** From the name of a file in the output, without its ending, to the file of the client. */
export type Input = Readonly<Record<string, string>>;

/** Answers the names of the files that it wrote. */
export async function bundleCode(
  input: Input,
  outdir: string,
  options: BuildOptions,
): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: input,
    outdir,
    bundle: true,
    format: "esm",
    target: FLOOR,
    platform: "neutral",
    logLevel: "warning",
    plugins: [workerCodeBeside],
    ...options,
    metafile: true,
  });
  return Object.keys(metafile.outputs).map((file) => relative(outdir, file));
}

/** Writes the declarations of all files, for `bundleTypes`. Checks no types: `npm run typecheck` does. */
export async function emitDeclarations(): Promise<void> {
  await rm(DECLARATIONS, { recursive: true, force: true });
  const tsc = "node_modules/typescript/bin/tsc";
  const emitOnly = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--noCheck"];
  const files = ["-p", "client", "--incremental", "false", "--rootDir", ".", "--outDir", DECLARATIONS];
  await promisify(execFile)(process.execPath, [tsc, ...emitOnly, ...files]);
}

const declarationOf = (file: string) => file.replace(/\.tsx?$/, ".d.ts");

/** In a declaration an import still names the TypeScript file. */
const emitted: Plugin = {
  name: "emitted-declarations",
  resolveId: {
    filter: { id: /^\..*\.tsx?$/ },
    handler: (id, importer) =>
      importer === undefined || id.endsWith(".d.ts") ? null : resolve(dirname(importer), declarationOf(id)),
  },
};

export async function bundleTypes(input: Input, dir: string, plugin?: Plugin): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(
      Object.entries(input).map(([name, file]) => [name, `./${join(DECLARATIONS, declarationOf(file))}`]),
    ),
    // Other packages, such as React: files begin with a dot or a slash.
    external: /^[^./]/,
    // Else rolldown reads every project that tsconfig.json names, and fails if one is missing.
    tsconfig: false,
    // A slow machine is not worth a warning.
    checks: { bundlerTimings: false },
    plugins: [plugin, emitted, dts({ dtsInput: true, tsconfig: false, generator: "oxc" })],
  });
  await bundle.write({ dir, chunkFileNames: "chunks/[name].js", minifyInternalExports: false });
  await bundle.close();
}
