// Production and staging of wrangler.toml. Wrangler inherits no binding and no variable from the top level, and only
// warns: a binding that was added to one of them would be missing in the other.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { unstable_readConfig } from "wrangler";

const ENVIRONMENTS = { production: "", staging: "staging" } as const;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What has to be another in each environment, as otherwise both would count or write into the same place. */
const OWN = ["namespace_id", "dataset"];
/** Addresses, and settings whose values a deployer chooses. */
const CHOSEN = ["name", "targetEnvironment", "route", "routes", "workers_dev", "preview_urls"];

/** The configuration without what may differ: variables are reduced to their names. */
function shared(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => shared(item));
  if (!isRecord(value)) return value;
  if (key === "vars") return Object.keys(value).sort();
  const fields = Object.entries(value).filter(([name]) => !OWN.includes(name));
  return Object.fromEntries(fields.map(([name, field]) => [name, shared(field, name)]));
}

function ownValues(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(ownValues);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    OWN.includes(name) ? [`${name} ${String(field)}`] : ownValues(field),
  );
}

const read = (config: string, env: string) => unstable_readConfig({ config, env }, { hideWarnings: true });

/** The names of the parts in which the two environments of a file differ. */
function differencesIn(config: string): string[] {
  const [production, staging] = [read(config, ""), read(config, "staging")];
  const ofBoth = [production, staging].map((one): Record<string, unknown> => ({ ...one }));
  const names = new Set(ofBoth.flatMap((one) => Object.keys(one)).filter((name) => !CHOSEN.includes(name)));
  return Array.from(names).filter((name) => {
    const [first, second] = ofBoth.map((one) => JSON.stringify(shared(one[name], name)));
    return first !== second;
  });
}

/** wrangler.toml in a folder of its own, without the build, which would empty dist/ under other tests. */
async function copyOf(change: (toml: string) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "environments-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const toml = (await readFile("wrangler.toml", "utf8"))
    .replace(/^\[build\]\n(?:.+\n)+/m, "")
    .replace(/^(main|directory) = "(.*)"/gm, (_, key, path) => `${key} = ${JSON.stringify(resolve(path))}`);
  const file = join(folder, "wrangler.toml");
  await writeFile(file, change(toml));
  return file;
}

async function dryRun(config: string, env: string): Promise<string> {
  const wrangler = resolve("node_modules/wrangler/bin/wrangler.js");
  const options = ["deploy", "--dry-run", "--config", config, `--env=${env}`];
  const quiet = { ...process.env, CI: "true", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [wrangler, ...options], {
    env: quiet,
  });
  return `${stderr}${stdout}`;
}

describe("the environments of wrangler.toml", () => {
  it("[O41] are two Workers of the same code, flags, migrations, assets, bindings and variables", () => {
    expect(differencesIn("wrangler.toml")).toEqual([]);
    const configs = Object.values(ENVIRONMENTS).map((env) => read("wrangler.toml", env));
    expect(configs.map(({ name }) => name)).toEqual(["edge-rooms", "edge-rooms-staging"]);
    const own = configs.map(ownValues);
    expect(own[0]).not.toHaveLength(0);
    expect(own[0]?.filter((value) => own[1]?.includes(value))).toEqual([]);
  });

  it.each([
    ["durable_objects", "", '\n[[durable_objects.bindings]]\nname = "MORE"\nclass_name = "MoreObject"\n'],
    ["vars", 'DEMO = "on"\n', 'DEMO = "on"\nMORE = "on"\n'],
    [
      "analytics_engine_datasets",
      "",
      '\n[[analytics_engine_datasets]]\nbinding = "MORE"\ndataset = "more"\n',
    ],
    ["ratelimits", "limit = 600", "limit = 700"],
    ["observability", "", "\n[env.staging.observability]\nenabled = true\n"],
  ])("[O41] differ in %s if only one of them is changed", async (part, before, after) => {
    // The first place is that of production. Nothing to replace: it is added at the end.
    const file = await copyOf((toml) => (before === "" ? toml + after : toml.replace(before, after)));
    expect(differencesIn(file)).toEqual([part]);
  });

  it("[O50] are the same with the lines that are off, each with a data set of its own", async () => {
    const isOff = /^# (?=\[|(?:binding|dataset|cpu_ms|required) = )/gm;
    const file = await copyOf((toml) => toml.replace(isOff, ""));
    expect(differencesIn(file)).toEqual([]);
    const [production, staging] = Object.values(ENVIRONMENTS).map((env) => read(file, env));
    const parts = { limits: { cpu_ms: 30_000 }, secrets: { required: ["JWT_SECRET", "API_KEYS"] } };
    for (const config of [production, staging]) {
      expect(config).toMatchObject(parts);
      expect(config?.observability).toMatchObject({
        redact_query_string: true,
        logs: { invocation_logs: false },
      });
    }
    const datasets = [production, staging].flatMap((config) => config?.analytics_engine_datasets ?? []);
    expect(datasets).toEqual([
      { binding: "METRICS", dataset: "edge_rooms" },
      { binding: "METRICS", dataset: "edge_rooms_staging" },
    ]);
  });

  it("[O41] deploy complete, as dry runs of both show", async () => {
    const file = await copyOf((toml) => toml);
    const [production = "", staging = ""] = await Promise.all(
      Object.values(ENVIRONMENTS).map((env) => dryRun(file, env)),
    );
    for (const output of [production, staging]) expect(output).not.toContain("WARNING");
    const names = (output: string) => Array.from(output.matchAll(/^env\.(\w+)/gm), ([, name]) => name);
    expect(names(production)).toEqual(
      expect.arrayContaining(["ROOMS", "USERS", "REGISTRY", "RATE_LIMITER", "ASSETS", "ALLOWED_ORIGINS"]),
    );
    expect(names(staging)).toEqual(names(production));
    expect(staging.match(/^Total Upload.*$/m)).toEqual(production.match(/^Total Upload.*$/m));
  });
});
