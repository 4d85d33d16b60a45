// `npm run release` in a clone of this repository, as it is committed.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
/** One that has no tag yet. */
const VERSION = "99.0.0-beta";

const NOTHING = "# Changelog\n\n## Unreleased\n\n";

let clone = "";

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), "release-"));
  await run("git", ["clone", "--quiet", "--local", ".", clone]);
  // A link: git ignores it as little as a file, unless it is told to.
  await symlink(resolve("node_modules"), join(clone, "node_modules"));
  await writeFile(join(clone, ".git/info/exclude"), "node_modules\n");
  for (const [name, value] of [
    ["user.name", "A Releaser"],
    ["user.email", "releaser@example.com"],
  ] as const)
    await run("git", ["config", name, value], { cwd: clone });
  // Right after a release the real one says nothing of what is unreleased.
  await writeFile(join(clone, "CHANGELOG.md"), `${NOTHING}- Something.\n`);
  await commit("Something is said");
});

afterAll(async () => {
  await rm(clone, { recursive: true });
});

const git = async (...options: string[]) => (await run("git", options, { cwd: clone })).stdout.trim();

function environment(): NodeJS.ProcessEnv {
  const path = `${resolve("node_modules/.bin")}${delimiter}${process.env.PATH}`;
  return { ...process.env, PATH: path, CI: "true", FORCE_COLOR: "0" };
}

/** Runs a script of the clone; answers all that it printed, and its exit code. */
async function npmRun(script: string, ...options: string[]): Promise<{ code: number; output: string }> {
  const command = [`src/tools/${script}.ts`, ...options];
  return run(process.execPath, command, { cwd: clone, env: environment() }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, output: stdout + stderr }),
  );
}

const release = (...options: string[]) => npmRun("release", VERSION, "--ci-passed", ...options);

async function commit(message: string): Promise<void> {
  await git("add", "--all");
  await git("commit", "--quiet", "--message", message);
}

/** As Ctrl-C does it, to all processes of a terminal. */
async function interruptWhileFixturesAreWritten(): Promise<void> {
  const folder = watch(join(clone, "test/fixtures"));
  const gone = once(folder, "change");
  const child = spawn(process.execPath, ["src/tools/release.ts", VERSION, "--ci-passed"], {
    cwd: clone,
    env: environment(),
    detached: true,
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  await gone;
  folder.close();
  if (child.pid === undefined) throw new Error("it did not start");
  process.kill(-child.pid, "SIGINT");
  expect(await ended).toEqual([1, null]);
}

const changelog = () => readFile(join(clone, "CHANGELOG.md"), "utf8");

describe("npm run release", () => {
  it("[O42] refuses a version without fixtures, a tree with changes, and an empty section of the changelog", async () => {
    const noFixtures = await release();
    expect(noFixtures).toMatchObject({ code: 1, output: expect.stringContaining("There are no fixtures") });
    await writeFile(join(clone, "CHANGELOG.md"), NOTHING);
    const changed = await release();
    expect(changed).toMatchObject({
      code: 1,
      output: expect.stringContaining("not committed:\nM CHANGELOG.md"),
    });
    await commit("Nothing is said");
    const empty = await release();
    expect(empty).toMatchObject({
      code: 1,
      output: expect.stringContaining('nothing under "## Unreleased"'),
    });
    await git("revert", "--no-edit", "HEAD");
  });

  it("[O42] checks, sets the version, packs and tags; a dry run, a failure and Ctrl-C leave all as it was", async () => {
    expect(await npmRun("fixtures", VERSION)).toMatchObject({ code: 0 });
    await commit("Fixtures");
    const before = await git("rev-parse", "HEAD");
    const dry = await release("--dry-run");
    expect(dry.output).toContain("This was a dry run");
    expect(dry.code).toBe(0);
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("tag", "--list", `v${VERSION}`)).toBe("");
    expect(await git("rev-parse", "HEAD")).toBe(before);

    // The commit is made then, and the tag is not.
    await git("config", "tag.gpgSign", "true");
    await git("config", "gpg.program", "no-such-program");
    const untagged = await release();
    expect(untagged).toMatchObject({
      code: 1,
      output: expect.stringContaining("The release is tagged: no."),
    });
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("rev-parse", "HEAD")).toBe(before);
    await git("config", "tag.gpgSign", "false");

    await interruptWhileFixturesAreWritten();
    expect(await git("status", "--porcelain")).toBe("");

    const real = await release();
    expect(real.output).toContain(`npm publish dist/release/edge-rooms-${VERSION}.tgz --tag beta`);
    expect(real.code).toBe(0);
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("cat-file", "-t", `v${VERSION}`)).toBe("tag");
    expect(await git("rev-parse", `v${VERSION}^{commit}`)).toBe(await git("rev-parse", "HEAD"));
    for (const file of ["package.json", "package-lock.json", "dist/package/package.json"])
      expect(JSON.parse(await readFile(join(clone, file), "utf8")).version).toBe(VERSION);
    expect(await changelog()).toMatch(new RegExp(`^## ${VERSION}, \\d{4}-\\d\\d-\\d\\d$`, "m"));

    const again = await release();
    expect(again).toMatchObject({ code: 1, output: expect.stringContaining("is there already") });
    const overwritten = await npmRun("fixtures", VERSION);
    expect(overwritten).toMatchObject({ code: 1, output: expect.stringContaining("never written again") });
  }, 300_000);
});
