// `npm run release -- 1.0.0-beta`: checks, sets the version, packs the client, commits and tags. It publishes, pushes and
// deploys nothing: a person does. Whatever fails, the files and the commits are as they were.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { releaseChangelog } from "./changelog.ts";
import { packClientPackage } from "./client-package.ts";
import { parseReleaseOptions } from "./release-options.ts";
import { git, isReleased, tagOf } from "./versions.ts";

const CHANGELOG = "CHANGELOG.md";
/** What a release changes. The client's manifest has no version of its own: the build gives it that of the project. */
const CHANGED = ["package.json", "package-lock.json", CHANGELOG];

class Refused extends Error {}

const parsed = parseReleaseOptions(process.argv.slice(2));
if (parsed.kind === "wrong") {
  console.error(parsed.message);
  process.exit(1);
}
const { version, isDry, hasPassed } = parsed;

// Ctrl-C ends the step that runs, which then counts as failed: without a listener nothing would be put back.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

try {
  requireClean();
  const changelog = releasedChangelog();
  requireFixtures();
  if (!hasPassed) run("The steps of CI pass", "bash", ".ci/run");
  const before = git("rev-parse", "HEAD");
  try {
    await makeRelease(changelog);
  } finally {
    if (isDry || !isReleased(version)) putBack(before);
  }
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`FAILED  ${error.message}`);
  process.exitCode = 1;
}

/** Not `reset --hard`: what somebody changed in other files meanwhile stays. */
function putBack(before: string): void {
  git("reset", "--quiet", "--soft", before);
  git("checkout", "--quiet", before, "--", ...CHANGED);
}

function requireClean(): void {
  if (isReleased(version)) throw new Refused(`${tagOf(version)} is there already: choose the next version.`);
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new Refused(`The tree has changes that are not committed:\n${changes}`);
  said("The tree is clean");
}

function releasedChangelog(): string {
  const today = new Date().toISOString().slice(0, 10);
  const changelog = releaseChangelog(readFileSync(CHANGELOG, "utf8"), version, today);
  if (changelog.kind === "wrong") throw new Refused(changelog.message);
  said(`${CHANGELOG} has a section for ${version}`);
  return changelog.text;
}

/** They are written anew: what is committed must be what this code stores. */
function requireFixtures(): void {
  const folder = `test/fixtures/${version}`;
  const remedy = `Run npm run fixtures -- ${version}, and commit ${folder}.`;
  if (!existsSync(folder)) throw new Refused(`There are no fixtures of ${version}. ${remedy}`);
  try {
    run("The fixtures can be written", "node", "src/tools/fixtures.ts", version);
    if (git("status", "--porcelain", folder) !== "")
      throw new Refused(`The fixtures of ${version} are not what this code stores. ${remedy}`);
  } finally {
    // The tree was clean: what is there now was written by this.
    git("clean", "-fdq", "--", folder);
    git("checkout", "--quiet", "HEAD", "--", folder);
  }
  said("The fixtures are what this code stores");
}

async function makeRelease(changelog: string): Promise<void> {
  writeFileSync(CHANGELOG, changelog);
  const options = ["--no-git-tag-version", "--allow-same-version", "--ignore-scripts"];
  run("The version is set", "npm", "version", version, ...options);
  run("The client is built", "node", "src/tools/build.ts");
  const tarball = `dist/release/edge-rooms-${version}.tgz`;
  mkdirSync("dist/release", { recursive: true });
  await packClientPackage("dist/package", tarball);
  run("publint finds nothing", "publint", "run", tarball, "--strict");
  run("arethetypeswrong finds nothing", "attw", tarball, "--profile", "esm-only");
  if (isDry) {
    console.log(`\nThis was a dry run: ${tarball} is packed, and nothing is committed or tagged.`);
    return;
  }
  const message = `Release ${version}`;
  git("add", ...CHANGED);
  if (git("status", "--porcelain") !== "")
    run("The release is committed", "git", "commit", "--message", message);
  run("The release is tagged", "git", "tag", "--annotate", tagOf(version), "--message", message);
  const channel = /-([a-z]+)/.exec(version)?.[1] ?? "latest";
  console.log(`
${tagOf(version)} is there. What is left to a person:

  git push --follow-tags
  npm publish ${tarball} --tag ${channel}
  npm run deploy:staging && npm run smoke -- https://<staging>
  npm run deploy && npm run smoke -- https://<production>`);
}

/** What it prints is shown only if it fails. */
function run(name: string, command: string, ...options: readonly string[]): void {
  try {
    execFileSync(command, [...options], {
      stdio: "pipe",
      encoding: "utf8",
      shell: process.platform === "win32",
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = Object(error);
    throw new Refused(`${name}: no.\n${stdout}${stderr}`);
  }
  said(name);
}

function said(name: string): void {
  console.log(`ok      ${name}`);
}
