// Finds an installed browser; none is downloaded. `CHROMIUM_PATH` names one in another place. Its headless shell is the same
// engine without windows around the pages, which take most of the CPU of a page: where it is installed, it is preferred to
// a browser that nobody named. `CHROMIUM_SHELL_PATH` names one in another place.

import { existsSync } from "node:fs";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";

const PLACES = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const SHELLS = [
  process.env.CHROMIUM_SHELL_PATH,
  process.env.CHROMIUM_PATH === undefined ? "/usr/bin/chromium-headless-shell" : undefined,
];

export const chromiumPath = PLACES.find((path) => path !== undefined && existsSync(path));

if (chromiumPath === undefined) {
  console.warn(
    "No Chromium was found, so the tests of the demo page are skipped (apt-get install chromium).",
  );
}

const shellPath = SHELLS.find((path) => path !== undefined && existsSync(path));

interface MoreOptions extends Pick<LaunchOptions, "args" | "ignoreDefaultArgs"> {
  /** With its windows and tabs, which a page may be hidden in. */
  readonly isWhole?: boolean;
}

export function launchChromium({
  args = [],
  isWhole = false,
  ...options
}: MoreOptions = {}): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("There is no Chromium.");
  return chromium.launch({
    ...options,
    executablePath: isWhole ? chromiumPath : (shellPath ?? chromiumPath),
    args: [
      ...args,
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
