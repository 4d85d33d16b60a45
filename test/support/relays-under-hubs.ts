// Makes the code under test give every relay a hub, the first one too: in a deployment a room has 40 relays before that.

import type { Plugin } from "vitest/config";

const FILE = /\/src\/room\/relays\/relay-numbers\.ts$/;
const DIRECT = "export const DIRECT_RELAYS = 40;";

export const relaysUnderHubs = (): Plugin => ({
  name: "relays-under-hubs",
  enforce: "pre",
  transform(code, id) {
    if (!FILE.test(id)) return undefined;
    if (!code.includes(DIRECT)) throw new Error(`${id} has no line ${DIRECT}`);
    return { code: code.replace(DIRECT, "export const DIRECT_RELAYS = 0;"), map: null };
  },
});
