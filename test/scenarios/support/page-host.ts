// An app of a user, built by Vite with the client that the server of the rooms packed, on a port of its own.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import { build, type PluginOption } from "vite";

const MODULES = join(import.meta.dirname, "../../../node_modules");
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** Builds the app in `source` with `modules` of this repository. Returns the folder of what a web server serves. */
export async function buildPage(
  source: string,
  modules: readonly string[],
  roomsUrl: string,
  plugins: readonly PluginOption[] = [],
): Promise<{ readonly folder: string; readonly remove: () => void }> {
  const app = mkdtempSync(join(tmpdir(), "edge-rooms-app-"));
  cpSync(source, app, { recursive: true });
  const client = join(app, "node_modules/edge-rooms");
  mkdirSync(client, { recursive: true });
  const packed = join(app, "edge-rooms.tgz");
  writeFileSync(packed, Buffer.from(await (await fetch(`${roomsUrl}/edge-rooms.tgz`)).arrayBuffer()));
  await promisify(execFile)("tar", ["-xzf", packed, "-C", client, "--strip-components=1"]);
  for (const name of modules) {
    const place = join(app, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(MODULES, name), place);
  }
  await build({
    root: app,
    configFile: false,
    logLevel: "error",
    plugins: [...plugins],
    oxc: { jsx: { runtime: "automatic" } },
  });
  return { folder: join(app, "dist"), remove: () => rmSync(app, { recursive: true, force: true }) };
}

export interface PageHost {
  readonly url: string;
  /** From now on it serves what is in this folder, and `answer` what is not. */
  serve(folder: string): void;
  close(): void;
}

/** The web server and back end of an app. `answer`: of a path that is no file. */
export async function startPageHost(answer: (path: string) => Promise<string> | string): Promise<PageHost> {
  let folder = "";
  const server: Server = createServer(async ({ url = "" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const file = join(folder, pathname === "/" ? "index.html" : pathname);
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "text/plain");
    response.end(await readFile(file).catch(() => answer(pathname)));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    serve: (built) => {
      folder = built;
    },
    close: () => server.close(),
  };
}
