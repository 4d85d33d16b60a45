// (m) A client that holds many messages: what one more takes, and the memory of each. No server: its socket is here.

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { launchChromium } from "../../support/chromium.ts";
import { type ClientModule, heldRoom } from "./held-room.ts";
import { type Figures, type Params, param, type Scenario } from "./scenario.ts";

const optionsOf = ({ keep, topic }: Params) => ({
  ...(keep && { keep }),
  ...(topic && { topics: ["chat"] }),
});

const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

export const held: Scenario = async ({ client = "" }, params) => {
  const module: ClientModule = await import(pathToFileURL(client).href);
  const room = await heldRoom(module, param(params, "messages"), optionsOf(params));
  const before = heap();
  const jsonBytes = room.fill();
  const heldBytes = heap() - before;
  return { ...room.times(), "heap over JSON": heldBytes / jsonBytes };
};

const PAGE = `<!doctype html><script type="module">
  import * as client from "/package/index.js";
  import { heldRoom } from "/held-room.js";
  window.openRoom = async (count, options) => { window.held = await heldRoom(client, count, options); };
  window.isReady = window.crossOriginIsolated;
</script>`;

/** The clock of such a page counts in steps of 5 µs, that of another in steps of 100. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The same in Chromium, whose pointers have half the size. */
export const heldInBrowser: Scenario = async ({ client = "" }, params) => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const script = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, "held-room.ts"), "utf8"));
    await page.route("http://localhost/**", (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === "/") return route.fulfill({ contentType: "text/html", headers: ISOLATED, body: PAGE });
      const body = path.startsWith("/package/")
        ? readFileSync(join(dirname(client), path.slice("/package/".length)), "utf8")
        : script;
      return route.fulfill({ contentType: "text/javascript", headers: ISOLATED, body });
    });
    await page.goto("http://localhost/");
    await page.waitForFunction("window.isReady");
    const devtools = await page.context().newCDPSession(page);
    const usedBytes = async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      return (await devtools.send("Runtime.getHeapUsage")).usedSize;
    };
    await page.evaluate(
      `window.openRoom(${param(params, "messages")}, ${JSON.stringify(optionsOf(params))})`,
    );
    const before = await usedBytes();
    const jsonBytes = await page.evaluate<number>("window.held.fill()");
    const heldBytes = (await usedBytes()) - before;
    return {
      ...(await page.evaluate<Figures>("window.held.times()")),
      "heap over JSON": heldBytes / jsonBytes,
    };
  } finally {
    await browser.close();
  }
};
