// Lets tests import `client/testing` as it stands in the repository: the code of the Worker is bundled for them.

import type { Plugin } from "vitest/config";
import { FLOOR } from "../../src/tools/bundle-client.ts";
import { bundleWorkerCode, WORKER_CODE } from "../../src/tools/worker-code.ts";

const ID = "\0worker-code.js";

export const workerCodeForTest = (): Plugin => ({
  name: "worker-code",
  enforce: "pre",
  resolveId: (source) => (WORKER_CODE.test(source) ? ID : undefined),
  load: (id) => (id === ID ? bundleWorkerCode(FLOOR) : undefined),
});
