// The code of the Worker for `edge-rooms/testing`: `src/index.ts` as one function of the globals that it uses.

import { build, type Plugin } from "esbuild";

/** Every global through which that code tells time, waits, reaches out, or meets the runtime. */
export const WORKER_GLOBALS: readonly string[] = [
  ...["AbortSignal", "Blob", "Date", "IdentityTransformStream", "Math", "Request", "Response", "Uint8Array"],
  ...["WebSocket", "WebSocketPair", "WebSocketRequestResponsePair", "cloudflareWorkers", "console", "crypto"],
  ...["clearInterval", "clearTimeout", "fetch", "scheduler", "setInterval", "setTimeout", "withResolvers"],
];

/** The module that an import of this file gets, from wherever it is. */
export const WORKER_CODE = /\/worker-code\.js$/;

const runtimeModule: Plugin = {
  name: "cloudflare-workers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:workers$/ }, ({ path }) => ({ path, namespace: "runtime" }));
    onLoad({ filter: /.*/, namespace: "runtime" }, () => ({
      contents: "export const { DurableObject, RpcTarget, WorkerEntrypoint, waitUntil } = cloudflareWorkers;",
    }));
  },
};

/** A module whose default export is that function. */
export async function bundleWorkerCode(target: string[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["src/index.ts"],
    absWorkingDir: new URL("../..", import.meta.url).pathname,
    bundle: true,
    write: false,
    format: "iife",
    globalName: "workerCode",
    platform: "neutral",
    target,
    minify: true,
    define: { "Promise.withResolvers": "withResolvers" },
    plugins: [runtimeModule],
    mainFields: ["module", "main"],
    logLevel: "warning",
  });
  const [{ text } = { text: "" }] = outputFiles;
  return `export default (globals) => {\nconst { ${WORKER_GLOBALS.join(", ")} } = globals;\n${text}\nreturn workerCode;\n};\n`;
}

/** Leaves the import as it is, of a file that stands beside the entries of the package. */
export const workerCodeBeside: Plugin = {
  name: "worker-code",
  setup({ onResolve }) {
    onResolve({ filter: WORKER_CODE }, () => ({
      path: "./worker-code.js",
      external: true,
      sideEffects: false,
    }));
  },
};
