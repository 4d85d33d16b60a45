import { compile } from "svelte/compiler";
import type { Plugin } from "vite";

/** Components of Svelte are compiled for the browser; with `?server` in the path, for a server. */
export const svelteForTest = (): Plugin => ({
  name: "svelte-for-test",
  transform(source, id) {
    const [file = "", query] = id.split("?");
    if (!file.endsWith(".svelte")) return undefined;
    const generate = query === "server" ? "server" : "client";
    const { js } = compile(source, { filename: file, generate, runes: true });
    return { code: js.code, map: js.map };
  },
});
