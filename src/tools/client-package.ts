// The npm package `edge-rooms`. Its entries share chunks, so that an app has each class and each WeakMap of the client
// once, whichever entries it imports.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { bundleCode, bundleTypes, FLOOR } from "./bundle-client.ts";
import { type ClientEntry, clientEntries, readClientManifest, shippedManifest } from "./client-manifest.ts";
import { bundleWorkerCode } from "./worker-code.ts";

/** Makes the folder `to`, which is what the package contains. */
export async function buildClientPackage(to: string): Promise<void> {
  const manifest = readClientManifest();
  const entries = clientEntries(manifest);
  await rm(to, { recursive: true, force: true });
  await mkdir(`${to}/dist`, { recursive: true });
  await Promise.all([
    writeFile(`${to}/package.json`, `${JSON.stringify(shippedManifest(manifest), undefined, 2)}\n`),
    cp("LICENSE", `${to}/LICENSE`),
    cp("client/README.md", `${to}/README.md`),
    writeWorkerCode(`${to}/dist/worker-code.js`),
    ...bundleEntries(entries, `${to}/dist`),
  ]);
}

const writeWorkerCode = async (to: string): Promise<void> => writeFile(to, await bundleWorkerCode(FLOOR));

function bundleEntries(entries: readonly ClientEntry[], dir: string): readonly Promise<unknown>[] {
  const inputOf = (some: readonly ClientEntry[]) =>
    Object.fromEntries(some.map(({ name, source }) => [name, source]));
  const modules = inputOf(entries.filter(({ isScript }) => !isScript));
  const scripts = entries.filter(({ isScript }) => isScript);
  const options = { packages: "external", sourcemap: true } as const;
  return [
    bundleCode(modules, dir, { ...options, splitting: true, chunkNames: "chunks/[hash]" }),
    bundleTypes(modules, dir),
    bundleCode(inputOf(scripts), dir, { ...options, format: "iife" }),
    ...scripts.map(({ name }) => writeFile(`${dir}/${name}.d.ts`, "export {};\n")),
  ];
}

/** Packs `folder` as the file `to`. The same content gives the same bytes, as `npm pack` writes no times. */
export async function packClientPackage(folder: string, to: string): Promise<void> {
  const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const into = dirname(to);
  // What the npm that runs this build was called with is passed on to this one, a dry run too.
  const options = ["--pack-destination", into, "--ignore-scripts", "--dry-run=false", "--loglevel=error"];
  // On Windows npm is a script of the shell.
  const shell = process.platform === "win32";
  await promisify(execFile)("npm", ["pack", `./${folder}`, ...options], { shell });
  await rename(`${into}/${name}-${version}.tgz`, to);
}
