// The size of the client as a bundler ships it to a page that imports only a part of it, minified and gzipped. A bound
// is lowered with each step that makes the client smaller, and never raised without a reason. Raised for: refusals that
// name their cause (240); wakes, without which a page shows a dead connection for half a minute after a sleep (250);
// lists of messages that no event copies, `keep`, `trim` and `latest` (530; with the inbox, whose snapshot is made in the
// same way, 590; Vue 20); the hooks of `keepOffline` (285); signals of which only the last goes, and the hooks of tabs that
// share (120); joins that wait in line (230); tabs whose topics change, and take-overs with a token that ran out (320);
// tabs that ask whose they are (28; with tabs 530); sockets that are swallowed, found in ten seconds in place of thirty,
// and another network as a wake (210; what polls 300); lists that are freed as soon as nobody holds them, and wakes that
// are found in time by one timer (190); a reactive number of the latest messages (Vue 40); what a kick tells the
// user (10); sockets that something holds before they open (20); outboxes that are longer than the log of their room, and
// nothing that is shown as kept without being so (with `keepOffline` 85); what waits as the same objects, and the present
// token at `reconnect` (190; with tabs, whose holder may be refused alone, 390); lists that are compared from their
// end (a binding 30); answers that stream: their contract (210), how readers fold them (370), and what a room has to write
// them (710; the rest of it is a file of its own, as most pages only read); messages with a key of the app (170); messages that expire,
// hidden in time where no room says so, with their contract (490), erased from what was read (with `keepOffline` 430 more);
// messages that are sent later (all 350); batches that say a sender once for many messages, and frames of bytes (170); rooms that are
// watched: when, and what they become (380).

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

interface Page {
  readonly does: string;
  readonly script: string;
  readonly maxBytes: number;
  /** The bundle must not contain these folders and files. `client/events` is types alone. */
  readonly without: RegExp;
}

// When WebSockets fail, rooms poll: the decision is in every page (350 bytes), what polls is a file of its own. So is what
// writes answers, and what watches.
const PAGES: readonly Page[] = [
  {
    does: "uses rooms",
    script: `import { createClient } from "./client/index.ts"; createClient({ url: "" }).room("lobby");`,
    maxBytes: 22_950,
    without: /client\/(events|http|inbox|offline|push|session|tabs)\/|\/session-|\/join-queue/,
  },
  {
    does: "uses rooms and the inbox",
    script: `import { createClient, inboxOf } from "./client/index.ts";
      const client = createClient({ url: "" });
      client.room("lobby");
      inboxOf(client).on("state", () => {});`,
    maxBytes: 24_550,
    without: /client\/(events|http|offline|push|tabs)\/|\/session-|\/join-queue/,
  },
  {
    does: "uses everything",
    script: `export * from "./client/index.ts";`,
    maxBytes: 29_150,
    without: /client\/(events|offline|push|tabs)\//,
  },
  {
    does: "polls, beside what it has already",
    script: `export { Polling } from "./client/connection/transport/polling.ts";`,
    maxBytes: 3_770,
    without: /client\/(http|inbox|push|session|room|core)\//,
  },
  {
    does: "watches, beside what it has already",
    script: `export { WatchLink } from "./client/connection/transport/watch-link.ts";`,
    maxBytes: 4_200,
    without: /client\/(http|inbox|push|session|room|core)\//,
  },
  {
    does: "writes answers and takes them over, beside what it has already",
    script: `export * from "./client/room/streams/answer.ts";`,
    maxBytes: 4_940,
    without: /client\/(http|inbox|push|session|core|tabs|offline)\/|room-engine/,
  },
  {
    does: "uses rooms in tabs that share",
    script: `import { createClient } from "./client/index.ts"; import { shareTabs } from "./client/tabs/share-tabs.ts";
      createClient({ url: "", tabs: shareTabs() }).room("lobby");`,
    maxBytes: 34_240,
    without: /client\/(events|http|push|session)\//,
  },
  {
    does: "uses rooms and keeps what waits and what was read",
    script: `import { createClient } from "./client/index.ts";
      import { clientOutbox, keepOffline } from "./client/offline/index.ts";
      const client = createClient({ url: "", offline: keepOffline({ cache: true }) });
      client.room("lobby");
      clientOutbox(client).retryAll();`,
    maxBytes: 34_200,
    without: /client\/(events|http|inbox|push|session|tabs)\//,
  },
  {
    does: "takes pushes, beside what the client is",
    script: `export * from "./client/push/push.ts";`,
    maxBytes: 1_700,
    without: /client\/(?!push\/)/,
  },
  {
    does: "chats by the AI SDK, beside what the client and the AI SDK are",
    script: `export { RoomChatTransport, roomMessageOf, toUIMessages } from "./client/ai/index.ts";`,
    maxBytes: 4_300,
    without: /client\/(?!ai\/|events\/declared)/,
  },
];

/** What a binding adds to the client and the framework that the page has anyway. */
const BINDINGS = [
  { name: "react", maxBytes: 2_360 },
  { name: "vue", maxBytes: 2_490 },
  { name: "svelte", maxBytes: 2_420 },
  { name: "tanstack-query", maxBytes: 1_050 },
] as const;

/** What is imported when it is needed is a file of its own, which most pages never load. */
const asked: Plugin = {
  name: "asked",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

async function bundle({ script }: Pick<Page, "script">) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: script, resolveDir: root, loader: "ts" },
    ...{ bundle: true, minify: true, format: "esm", target: "es2022", write: false, metafile: true },
    plugins: [asked],
    // The push module uses the client that the page has, as `npm run build` makes it.
    external: ["../index.ts", "ai", "react", "vue", "svelte", "svelte/*", "@tanstack/query-core"],
  });
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file);
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { files, bytes: gzipSync(code, { level: 9 }).length };
}

describe("the bundle of a page", () => {
  const sizes: string[] = [];
  afterAll(() => console.log(["Gzipped bytes, and the bound of each:", ...sizes].join("\n")));

  it.each(PAGES)("[C90][C124] that $does is small and contains nothing else", async (page) => {
    const { files, bytes } = await bundle(page);
    sizes.push(`${String(bytes).padStart(7)} ≤ ${String(page.maxBytes).padStart(6)}  ${page.does}`);
    expect(files.filter((file) => page.without.test(file))).toEqual([]);
    expect(files.length).toBeGreaterThan(1);
    expect(bytes).toBeLessThanOrEqual(page.maxBytes);
  });

  it.each(BINDINGS)("[V20] of $name is small, and holds no other framework", async ({ name, maxBytes }) => {
    const { files, bytes } = await bundle({ script: `export * from "./client/${name}/index.ts";` });
    sizes.push(`${String(bytes).padStart(7)} ≤ ${String(maxBytes).padStart(6)}  the binding to ${name}`);
    expect(
      files.filter((file) => !/^client\/(bindings|<stdin>)/.test(file) && !file.includes(`/${name}/`)),
    ).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
  });
});
