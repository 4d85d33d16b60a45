// The page beside the client that it shows.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const COMMENT = /^\s*(?:\/\/|\/?\*|$)/;
/** Other packages than what the page imports. */
const OTHERS = /^client\/(?:examples|react|vue|svelte|ai|tanstack-query|bindings|server)\//;

/** Another page. */
const ADMIN = /^demo\/admin\//;

const linesOf = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .filter((file) => !OTHERS.test(file) && !ADMIN.test(file))
    .flatMap((file) => readFileSync(join(root, file), "utf8").split("\n"))
    .filter((line) => !COMMENT.test(line)).length;

const callersIn = (pattern: string) =>
  globSync(pattern, { cwd: root }).filter((file) =>
    /\bfetch\(|XMLHttpRequest|EventSource/.test(readFileSync(join(root, file), "utf8")),
  );

describe("the scripts of the page", () => {
  it("[W56] have fewer lines than the client", () => {
    expect(linesOf("demo/**/*.js")).toBeLessThan(linesOf("client/**/*.ts"));
  });

  it("[W56] call the API through the client only", () => {
    const callers = callersIn("demo/**/*.js").filter((file) => !ADMIN.test(file));
    // What a server can do, and a token of a development server, are asked for before there is a client.
    expect(callers).toEqual([join("demo", "session", "token.js")]);
  });
});

describe("the scripts of the admin page", () => {
  it("[W85] call the server in one file", () => {
    expect(callersIn("demo/admin/**/*.js")).toEqual([join("demo", "admin", "api.js")]);
  });
});
