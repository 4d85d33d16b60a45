// Versions and their tags. A version is one of npm: `1.0.0`, or `1.0.0-beta`, then `1.0.0-beta.1`.

import { execFileSync } from "node:child_process";

const NUMBER = "(?:0|[1-9]\\d*)";
/** What follows a hyphen begins with a letter: npm publishes it under that name, and not as the latest version. */
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-[a-z][0-9a-z]*(\\.${NUMBER})*)?$`);

export const isVersion = (text: string): boolean => VERSION.test(text);

export const tagOf = (version: string): string => `v${version}`;

export const git = (...args: readonly string[]): string =>
  execFileSync("git", [...args], { encoding: "utf8" }).trim();

/** Whether this repository has the tag of the version. */
export const isReleased = (version: string): boolean => git("tag", "--list", tagOf(version)) !== "";
