// The options of `npm run release`.

import { parseArgs } from "node:util";
import { isVersion } from "./versions.ts";

export type ParsedRelease =
  | {
      readonly kind: "release";
      readonly version: string;
      /** Everything but the commit and the tag. */
      readonly isDry: boolean;
      /** The steps of CI have just passed for this commit. */
      readonly hasPassed: boolean;
    }
  | { readonly kind: "wrong"; readonly message: string };

const USAGE = `npm run release -- 1.0.0-beta

  --dry-run     does everything but the commit and the tag
  --ci-passed   leaves out the steps of CI (.ci/run), as they have passed for this very commit`;

export function parseReleaseOptions(args: readonly string[]): ParsedRelease {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: { "dry-run": { type: "boolean" }, "ci-passed": { type: "boolean" } },
  });
  const { "dry-run": isDry = false, "ci-passed": hasPassed = false, ...others } = values;
  const [version = "", ...more] = positionals;
  if (!isVersion(version) || more.length > 0 || Object.keys(others).length > 0)
    return { kind: "wrong", message: USAGE };
  return { kind: "release", version, isDry: isDry === true, hasPassed: hasPassed === true };
}
