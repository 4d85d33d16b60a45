import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { svelteForTest } from "./bindings/support/svelte-for-test.ts";
import { LongestFirst } from "./support/longest-first.ts";
import { keepTemporaryFilesInMemory } from "./support/memory-folder.ts";
import { relaysUnderHubs } from "./support/relays-under-hubs.ts";
import { workerCodeForTest } from "./support/worker-code-for-test.ts";

const root = import.meta.dirname;
const disk = tmpdir();
keepTemporaryFilesInMemory();

/** Settings of the Worker under test; a test that needs others calls the app with its own environment. */
const bindings = {
  JWT_SECRET: "a-secret-of-the-tests-that-is-long-enough",
  API_KEYS: "an-api-key-of-the-tests-that-is-long-enough",
  ALLOWED_ORIGINS: "https://app.example.com,https://*.example.org",
  ANONYMOUS_ROOMS: "public_*",
  SERVER_EVENTS: "task",
  HISTORY_LIMIT: 50,
  INBOX_LIMIT: 10,
  MAX_MESSAGE_BYTES: 1_000,
  RATE_PER_SECOND: 1_000,
  RATE_BURST: 1_000,
  // Random counts are used only in the tests about them.
  USER_BUDGET_PER_DAY: 0,
  // A line by chance would make a test fail by chance.
  LOG_SAMPLE: 0,
  DEV_TOKENS: "off",
  // The plugin reads `.dev.vars`, where a developer may have named a back end.
  AUTHORIZE_URL: "",
  BEFORE_PUBLISH_URL: "",
  BEFORE_PUBLISH_TOPICS: "",
  WEBHOOK_URL: "",
  WEBHOOK_EVENTS: "",
  WEBHOOK_TOPICS: "",
  WEBHOOK_SECRET: "",
  PICTURE_HOSTS: "p.example,new.example",
  VAPID_PUBLIC_KEY: "BMPVU5KZu5ZObDhzwv7gjvtQ_IfGECsAiNKbsZ3UwqoI7fXYidowZ2Kz08CKSYu3xSnhuNn7J7TeM7QdFH2a4mg",
  VAPID_PRIVATE_KEY: "aF_kVgUjkukMFBu_zAJCCLhBvrBEL6JEd0QonVfH5bM",
  VAPID_SUBJECT: "mailto:push@example.com",
};

const PACKAGE = [
  "package",
  "examples",
  "generated-clients",
  "release",
  "smoke",
  "testing-kit",
  "token-servers",
].map((name) => `e2e/${name}.test.ts`);

/** They start several servers, kill them, or wait for a runtime that falls asleep in its own time. */
const SLOW = [
  "answer-kills",
  "delivery",
  "hibernation",
  "network",
  "origins",
  "people-data",
  "push",
  "restarts",
  "service-binding",
  "sleep",
  "webhook-kills",
  "webhook-page",
].map((name) => `e2e/${name}.test.ts`);

/**
 * What holds for a room holds for one whose sockets are all at relays. Left out: what is about the HTTP API, tokens, users and
 * stored state, whoever has the sockets. A test in these files that is about the room's own sockets is an `itAtRoom`.
 */
const RELAYED = [
  ...["admission", "before-publish", "changed-replays", "changes", "commands", "conformance"],
  ...["conformance-streams", "disconnect", "edge-cases", "expiring-messages", "first-frames", "hibernation"],
  ...["kick", "life", "liveness", "looking", "malformed", "messages", "mixed-ways", "people"],
  ...["permission-lapses", "presence", "purge", "receipts", "replaced", "retention", "retry", "revoked"],
  ...["revoked-at-once", "revoked-tokens", "room-cost", "room-settings", "server-events", "session-rooms"],
  ...["signals-and-topics", "small-frames", "streaming-posts", "streams", "strict-input", "tokens"],
].map((name) => `worker/${name}.test.ts`);

/** For each project: limits that only end a test that hangs, also on a machine that is slow or has much else to do. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 45_000 } } };

/** For rooms whose sockets are all at relays. */
const relayedPool = (more: Readonly<Record<string, string>> = {}) =>
  cloudflareTest({
    wrangler: { configPath: "../wrangler.toml" },
    miniflare: { bindings: { ...bindings, RELAY_ABOVE: 0, ...more } },
  });
const atRelays = { ...patient, root, isolate: false, maxWorkers: 6, sequence: { groupOrder: 1 } };

/** What computes, and waits for nothing. vitest leaves one core to itself, and so of two it would use one only. */
const computing = { ...patient, root, maxWorkers: Math.max(2, availableParallelism() - 1) };

/** For projects that start servers. */
const withServers = { ...patient, root, globalSetup: "support/built-once.ts" };

export default defineConfig({
  test: {
    globalSetup: join(root, "support/memory-folder.ts"),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [workerCodeForTest()],
        test: {
          name: "unit",
          ...computing,
          include: ["unit/**/*.test.ts", "architecture.test.ts"],
          // A few processes for all files: a new one for each would take half a minute.
          isolate: false,
        },
      },
      {
        // The compiler runs them: nothing of them is executed.
        test: {
          name: "types",
          root,
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["types/**/*.test-d.ts"],
            tsconfig: "types/tsconfig.json",
          },
        },
      },
      {
        // Components of React, Vue and Svelte, mounted beside the real client.
        plugins: [svelteForTest(), workerCodeForTest()],
        resolve: { conditions: ["browser", "module", "development"] },
        oxc: { jsx: { runtime: "automatic" } },
        test: {
          name: "bindings",
          ...computing,
          include: ["bindings/**/*.test.{ts,tsx}"],
          environment: "happy-dom",
          server: { deps: { inline: ["svelte"] } },
        },
      },
      {
        test: {
          name: "e2e",
          ...withServers,
          include: ["e2e/**/*.test.ts"],
          exclude: [...PACKAGE, ...SLOW],
          setupFiles: ["e2e/support/checked-contract.ts"],
          // They wait more than they work: six run at once, after the units.
          maxWorkers: 6,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The real client once more, of a server with every socket at a relay: it comes back, is cut off, polls, renews its
        // token, and ends.
        test: {
          name: "relayed-e2e",
          ...withServers,
          include: ["client", "delivery", "endings", "polling", "tokens"].map(
            (name) => `e2e/${name}.test.ts`,
          ),
          setupFiles: ["e2e/support/checked-contract.ts"],
          env: { RELAY_ABOVE: "0" },
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Not part of `npm test`, which shall take less than five minutes.
        test: {
          name: "slow",
          ...withServers,
          include: SLOW,
          setupFiles: ["e2e/support/checked-contract.ts"],
          // They wait even more.
          maxWorkers: 6,
        },
      },
      {
        // They install and build programs of others: not part of `npm test`.
        test: {
          name: "package",
          ...withServers,
          include: PACKAGE,
          // What they install would fill the memory.
          env: { TMPDIR: disk },
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "../wrangler.toml" }, miniflare: { bindings } })],
        test: {
          name: "worker",
          ...patient,
          root,
          include: ["worker/**/*.test.ts"],
          // One runtime for many files, as each takes a second or two to start.
          isolate: false,
          // Beside the e2e tests, which leave it the time in which they wait.
          maxWorkers: 6,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The tests of rooms once more, with every socket at a relay.
        plugins: [relayedPool()],
        test: { name: "relayed", ...atRelays, include: RELAYED },
      },
      {
        // And once more, with a hub between each relay and its room.
        plugins: [relaysUnderHubs(), relayedPool({ UNDER_HUBS: "on" })],
        test: { name: "hubs", ...atRelays, include: RELAYED },
      },
      {
        // Not a test: `npm run fixtures` writes what this code stores.
        plugins: [cloudflareTest({ wrangler: { configPath: "../wrangler.toml" }, miniflare: { bindings } })],
        test: {
          name: "fixtures",
          ...patient,
          root,
          include: ["worker/fixtures/write-fixtures.ts"],
          provide: { fixturesOf: process.env.FIXTURES_OF ?? "" },
        },
      },
      {
        // Whole applications of the first users: not part of `npm test`.
        test: {
          name: "scenarios",
          ...withServers,
          include: ["scenarios/**/*.test.ts"],
          // Each has a server, and one a browser, on two cores.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "browser",
          ...withServers,
          include: ["browser/**/*.test.ts"],
          // Each has a browser and a server, which wait for each other and for timers about half of the time.
          maxWorkers: 3,
          // As the modules that drive a browser take a second or two.
          isolate: false,
        },
      },
    ],
  },
});
