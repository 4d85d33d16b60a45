// Renders Page.svelte as a server does, in a process of its own: there `svelte` is another build than in a browser.
// `node test/bindings/support/render-svelte.ts` prints what a server sends, and fails if the render opened something.

import { join } from "node:path";
import { build } from "esbuild";
import { compile } from "svelte/compiler";

const entry = `
  import { render } from "svelte/server";
  import { clientForTest } from "../../unit/client/support/client-for-test.ts";
  import Page from "../svelte/Page.svelte";
  import Stage from "../svelte/Stage.svelte";
  const { client, clock, sockets } = clientForTest();
  const { body } = render(Stage, { props: { client, first: [[Page, {}]] } });
  await clock.advance(60_000);
  if (sockets.count > 0 || clock.pending > 0) throw new Error("The server opened something.");
  export default body;
`;

const { outputFiles } = await build({
  stdin: { contents: entry, resolveDir: import.meta.dirname, loader: "ts" },
  ...{ bundle: true, format: "esm", platform: "node", write: false },
  // The test support imports the runner's hooks, which a render does not call.
  external: ["vitest"],
  plugins: [
    {
      name: "svelte-on-server",
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /^vitest$/ }, () => ({ path: "vitest", namespace: "none" }));
        onLoad({ filter: /.*/, namespace: "none" }, () => ({
          contents: "export const beforeEach = () => {}; export const describe = { each: () => () => {} };",
        }));
        onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
          const { readFile } = await import("node:fs/promises");
          const source = await readFile(path, "utf8");
          const { js } = compile(source, { filename: path, generate: "server", runes: true });
          return { contents: js.code, resolveDir: join(path, "..") };
        });
      },
    },
  ],
});
const [output] = outputFiles;
const { default: html } = await import(
  `data:text/javascript;base64,${Buffer.from(output?.contents ?? []).toString("base64")}`
);
process.stdout.write(html);
