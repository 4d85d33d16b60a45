import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LOG_CATALOGUE } from "../../../src/log/catalogue.ts";
import { log } from "../../../src/log/log.ts";
import { ERRORS } from "../../../src/protocol/index.ts";
import { logPage } from "../../../src/tools/log-page.ts";

const root = join(import.meta.dirname, "../../..");
const source = globSync("src/**/*.ts", { cwd: root })
  .filter((file) => !file.startsWith("src/log/") && !file.startsWith("src/tools/"))
  .map((file) => readFileSync(join(root, file), "utf8"))
  .join("\n");
const events = Object.entries(LOG_CATALOGUE);

describe("the log", () => {
  it("[X17] has a catalogue: each event in it is logged, and each logged event is in it", () => {
    const logged = Array.from(
      source.matchAll(/\b(?:log|reportFailure|writeSampled|new LimitedLog)\(\s*"(\w+)"/g),
      ([, event = ""]) => event,
    );
    expect([...new Set(logged)].sort()).toEqual(Object.keys(LOG_CATALOGUE).sort());
  });

  it("[X17] is written through the catalogue only", () => {
    expect(source).not.toMatch(/\bconsole[.[]/);
  });

  it("[X17] states for each event what it means, what to do and where it comes from", () => {
    for (const [event, { level, means, action, from }] of events) {
      const operations = typeof from === "string" ? [] : from;
      expect([event, means, action]).toEqual([
        event,
        expect.stringMatching(/\.$/),
        expect.stringMatching(/\.$/),
      ]);
      expect(["info", "warn", "error"]).toContain(level);
      expect(from.length).toBeGreaterThan(1);
      for (const operation of operations) expect(source).toContain(`"${operation}"`);
    }
  });

  it("[O25] is a page in the docs, with each event, and filters that a line of it fits", () => {
    const page = readFileSync(join(root, "docs/logs.md"), "utf8");
    expect(page, "run npm run docs").toBe(logPage());
    const filters = Array.from(page.matchAll(/--search '([^']+)'/g), ([, text = ""]) => text);
    expect(filters.length).toBeGreaterThan(5);
    for (const filter of filters) {
      const [, field = "", value = ""] = /^"(\w+)":"(\w*)"?$/.exec(filter) ?? [];
      if (field === "event") expect(Object.keys(LOG_CATALOGUE)).toContain(value);
      else if (field === "level") expect(events.map(([, { level }]) => level)).toContain(value);
      else if (field === "code") expect(Object.keys(ERRORS)).toContain(value);
      else expect(page).toContain(`\`${field}?\``);
    }
  });

  it("[X17] has a line of JSON for each event, with its fields and the text of the error", () => {
    const lines: unknown[] = [];
    const spy = vi.spyOn(console, "error").mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
    log("user_unreachable", { operation: "unfollow", room: "r", user: "ada", error: "gone" });
    log("command_failed", { room: "r", error: new Error("broken") });
    const common = { level: "error", room: "r" };
    expect(lines).toEqual([
      { ...common, event: "user_unreachable", operation: "unfollow", user: "ada", error: "gone" },
      { ...common, event: "command_failed", error: expect.stringMatching(/^Error: broken\n/) },
    ]);
  });

  it("[X17] accepts no unknown event, no unknown field, and no line without its fields", () => {
    const calls = () => {
      // @ts-expect-error: the event does not exist.
      log("no_such_event", {});
      // @ts-expect-error: the field does not exist.
      log("command_failed", { room: "r", error: "x", token: "t" });
      // @ts-expect-error: the operation is missing.
      log("user_unreachable", { room: "r", user: "ada", error: "x" });
      // @ts-expect-error: the operation does not exist.
      log("user_unreachable", { operation: "join", room: "r", user: "ada", error: "x" });
    };
    expect(calls).toBeTypeOf("function");
  });
});
