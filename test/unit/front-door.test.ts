// What a stranger meets first: README and its picture, llms.txt, and what the button to deploy asks for.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const readJson = (file: string) => JSON.parse(read(file));

/** Names of values and types that an index file exports. */
function exportsOf(file: string): string[] {
  const text = read(file);
  const lists = Array.from(text.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, list = ""]) => list);
  const named = lists
    .join(",")
    .replaceAll(/\btype\b/g, "")
    .split(",");
  const declared = Array.from(
    text.matchAll(/^export (?:const|function|class) (\w+)/gm),
    ([, name = ""]) => name,
  );
  const outside = named.map((name) => name.replace(/^.* as /s, "").trim());
  return [...outside.filter((name) => name !== ""), ...declared];
}

const words = (text: string) => new Set(text.match(/\w+/g));

it("[N23] llms.txt names every export of the client, and every entry of the package", () => {
  const text = read("llms.txt");
  const names = exportsOf("client/index.ts");
  expect(names).toEqual(expect.arrayContaining(["createClient", "RoomsError", "Message", "LogOption"]));
  const known = words(text);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  const entries = Object.keys(readJson("client/package.json").exports);
  expect(entries.filter((entry) => !text.includes(`\`edge-rooms${entry.slice(1)}\``))).toEqual([]);
});

it("[N23] llms.txt names the methods of a room, an inbox and the server API as they are", () => {
  const known = words(read("llms.txt"));
  const methods = [
    "client/room/room-handle.ts",
    "client/inbox/inbox.ts",
    "client/server/server-room.ts",
  ].flatMap((file) =>
    Array.from(read(file).matchAll(/^ {2}readonly (\w+)(?: =|: [<(])/gm), ([, name = ""]) => name),
  );
  expect(methods.length).toBeGreaterThan(30);
  expect(methods.filter((name) => !known.has(name))).toEqual([]);
});

it("[N24] the button asks only for secrets, which it describes and whose values are not known to others", () => {
  const secrets = Array.from(read(".dev.vars.example").matchAll(/^([A-Z_]+)=(.*)$/gm), ([, name, value]) => [
    name,
    value,
  ]);
  expect(secrets).toEqual([
    ["JWT_SECRET", ""],
    ["API_KEYS", ""],
  ]);
  const [, vars = ""] = /^\[vars\]\n((?:\w.*\n)+)/m.exec(read("wrangler.toml")) ?? [];
  const asked = [
    ...secrets.map(([name]) => name),
    ...Array.from(vars.matchAll(/^(\w+) = /gm), ([, name]) => name),
  ];
  const { bindings } = readJson("package.json").cloudflare;
  expect(Object.keys(bindings)).toEqual(asked);
});

it("[N24] README shows the page, in less than 150 KB", () => {
  const [, file = ""] = /!\[[^\]]{20,}\]\((docs\/[^)]+)\)/.exec(read("README.md")) ?? [];
  expect(statSync(join(root, file)).size).toBeLessThan(150_000);
});

it("[N28] llms.txt names the options of send as they are", () => {
  const [, given = ""] = /`send\(data, \{ ([^}]+) \}\)`/.exec(read("llms.txt")) ?? [];
  const [, taken = ""] =
    /add\(\s*data: unknown,\s*\{\s+([^}]+?),?\s+\}/.exec(read("client/room/messages/outbox.ts")) ?? [];
  const names = (list: string) => list.split(/,\s+/).map((name) => /\w+/.exec(name)?.[0]);
  expect(names(given).toSorted()).toEqual(names(taken).toSorted());
});
