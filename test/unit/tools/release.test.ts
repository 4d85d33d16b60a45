import { describe, expect, it } from "vitest";
import { releaseChangelog } from "../../../src/tools/changelog.ts";
import { parseReleaseOptions } from "../../../src/tools/release-options.ts";

const OLDER = "## 1.0.0-beta, 2026-11-29\n\n### Added\n\n- Something old.\n";

describe("the changelog of a release", () => {
  it("[O42] gives what is unreleased the version and the date", () => {
    const text = `# Changelog\n\n## Unreleased\n\n### Fixed\n\n- Something.\n\n${OLDER}`;
    expect(releaseChangelog(text, "1.0.0-beta.1", "2026-12-01")).toEqual({
      kind: "released",
      text: `# Changelog\n\n## 1.0.0-beta.1, 2026-12-01\n\n### Fixed\n\n- Something.\n\n${OLDER}`,
    });
  });

  it("[O42] takes a section that has the version already", () => {
    for (const text of [OLDER, `## Unreleased\n\n${OLDER}`])
      expect(releaseChangelog(text, "1.0.0-beta", "2026-12-01")).toEqual({ kind: "released", text });
  });

  it.each([
    [`## Unreleased\n\n### Added\n\n${OLDER}`, "1.0.0-beta.1", "says nothing"],
    [OLDER, "1.0.0-beta.1", "says nothing"],
    [`## Unreleased\n\n- New.\n\n${OLDER}`, "1.0.0-beta", "has both"],
  ])("[O42] refuses %j", (text, version, said) => {
    const refused = { kind: "wrong", message: expect.stringContaining(said) };
    expect(releaseChangelog(text, version, "2026-12-01")).toEqual(refused);
  });
});

describe("the options of a release", () => {
  it("[O42] are a version of npm, and what is left out", () => {
    const plain = { kind: "release", version: "1.0.0-beta", isDry: false, hasPassed: false };
    expect(parseReleaseOptions(["1.0.0-beta"])).toEqual(plain);
    const options = ["--dry-run", "1.0.0-beta.1", "--ci-passed"];
    const asked = { kind: "release", version: "1.0.0-beta.1", isDry: true, hasPassed: true };
    expect(parseReleaseOptions(options)).toEqual(asked);
  });

  it.each([
    [[]],
    [["v1.0.0"]],
    [["1.0"]],
    [["1.0.0", "2.0.0"]],
    [["1.0.0", "--dry"]],
    [["1.0.0-beta;x"]],
    [["1.0.0-1"]],
    [["01.0.0"]],
  ])("[O42] are refused if they are %j", (options) => {
    expect(parseReleaseOptions(options)).toMatchObject({ kind: "wrong" });
  });
});
