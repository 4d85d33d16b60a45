// The `package.json` of the client has two forms. In this repository its `exports` name TypeScript files, and they are
// the list of entries. In the package that is shipped they name what the build made of those files.

import { readFileSync } from "node:fs";

/** One file of the package that an app imports. */
export interface ClientEntry {
  /** The name of its files in the package, without an ending. */
  readonly name: string;
  /** The TypeScript file, from the root of the repository. */
  readonly source: string;
  /** It becomes one script without exports: a service worker may be a classic script, which can import nothing. */
  readonly isScript: boolean;
}

const SCRIPTS = ["./service-worker"];

export interface ClientManifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly sideEffects: readonly string[];
}

/** The path from the root, with a dot: rolldown takes a path without one for the name of a package. */
const inClient = (file: string) => file.replace("./", "./client/");

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

export const readClientManifest = (): ClientManifest => readJson("client/package.json");

/** Two subpaths with one source are one entry, with the name of the first. */
export function clientEntries({ exports }: ClientManifest): readonly ClientEntry[] {
  const subpaths = new Map<string, string>();
  for (const [subpath, source] of Object.entries(exports)) {
    if (!subpaths.has(source)) subpaths.set(source, subpath);
  }
  return Array.from(subpaths, ([source, subpath]) => ({
    name: subpath === "." ? "index" : subpath.replace("./", ""),
    source: inClient(source),
    isScript: SCRIPTS.includes(subpath),
  }));
}

/** The manifest of the package. Its version is that of the project, as a server serves the client that fits it. */
export function shippedManifest(manifest: ClientManifest): object {
  const { version } = readJson("package.json");
  const names = new Map(clientEntries(manifest).map(({ name, source }) => [source, name]));
  const fileOf = (source: string, ending: string) => `./dist/${names.get(inClient(source))}${ending}`;
  const exported = Object.entries(manifest.exports).map(([subpath, source]) => [
    subpath,
    // TypeScript takes the first condition that fits.
    { types: fileOf(source, ".d.ts"), default: fileOf(source, ".js") },
  ]);
  return {
    ...manifest,
    // Only what is in the repository must not be published: its entries are TypeScript.
    private: undefined,
    version,
    sideEffects: manifest.sideEffects.map((source) => fileOf(source, ".js")),
    exports: { ...Object.fromEntries(exported), "./package.json": "./package.json" },
    files: ["dist"],
  };
}
