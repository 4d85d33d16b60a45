// Finds an installed browser; none is downloaded. `CHROMIUM_PATH` names one in another place.

import { existsSync } from "node:fs";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";

const PLACES = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export const chromiumPath = PLACES.find((path) => path !== undefined && existsSync(path));

if (chromiumPath === undefined) {
  console.warn(
    "No Chromium was found, so the tests of the demo page are skipped (apt-get install chromium).",
  );
}

type MoreOptions = Pick<LaunchOptions, "args" | "ignoreDefaultArgs">;

export function launchChromium({ args = [], ...options }: MoreOptions = {}): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("There is no Chromium.");
  return chromium.launch({
    ...options,
    executablePath: chromiumPath,
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
