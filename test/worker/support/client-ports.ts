// The ports of our own client over the Worker of this test: real time, and calls that reach the Worker. The test gives
// `dial`.

import type { Ports } from "../../../client/util/ports.ts";
import { call } from "./worker.ts";

const noSocket: Ports["dial"] = () => {
  throw new Error("this test opens no socket");
};

export const clientPorts = (dial: Ports["dial"] = noSocket): Ports => ({
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    after(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: Math.random,
  newId: () => crypto.randomUUID(),
  dial,
  fetch: (url, init) => {
    const { pathname, search } = new URL(url);
    return call(pathname + search, init);
  },
  onWake: () => () => {},
  onSuspend: () => () => {},
  origin: undefined,
});
