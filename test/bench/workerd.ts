// Runs workerd directly: `wrangler dev` would add a proxy to every frame.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export interface WorkerdOptions {
  /** The folder of the bundled Worker, `main.js`, to which the configuration is written. */
  readonly dir: string;
  readonly port: number;
  /** The class of each binding. */
  readonly objects: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** The memory limit of each isolate. There is none by default. */
  readonly heapMb?: number;
}

const WRANGLER_TOML = join(import.meta.dirname, "../../wrangler.toml");

const text = (value: string) => JSON.stringify(value);

function compatibilityDate(): string {
  const date = /^compatibility_date = "(.+)"$/m.exec(readFileSync(WRANGLER_TOML, "utf8"))?.[1];
  if (date === undefined) throw new Error("wrangler.toml has no compatibility_date");
  return date;
}

/** The workerd of wrangler, which is newer than that of the tests. */
export function workerdBinary(): string {
  const wrangler = createRequire(import.meta.url).resolve("wrangler/package.json");
  return join(createRequire(wrangler).resolve("workerd/package.json"), "..", "bin", "workerd");
}

/** Writes the configuration, and returns its path. */
export function configureWorkerd({
  dir,
  port,
  objects,
  vars = {},
  flags = [],
  heapMb,
}: WorkerdOptions): string {
  const bindings = [
    ...Object.entries(objects).map(
      ([name, type]) => `(name = ${text(name)}, durableObjectNamespace = ${text(type)})`,
    ),
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
  ];
  const namespaces = Object.values(objects).map(
    (type) => `(className = ${text(type)}, uniqueKey = ${text(type)}, enableSql = true)`,
  );
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "storage", disk = (path = ${text(join(dir, "storage"))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
  v8Flags = [${heapMb === undefined ? "" : text(`--max-heap-size=${heapMb}`)}],
);
const worker :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = ${text(compatibilityDate())},
  compatibilityFlags = [${flags.map(text).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage"),
);
`;
  const path = join(dir, "config.capnp");
  writeFileSync(path, config);
  return path;
}
