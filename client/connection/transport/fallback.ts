// When connections travel in HTTP calls. The code for it is loaded when it is needed, which on most networks is never.

import type { Ports } from "../../util/ports.ts";
import type { Polling } from "./polling.ts";
import type { TransportContext } from "./transport.ts";

/** So many sockets in a row of which nothing was heard may be the fault of something on the way. */
export const SUSPICIOUS = 3;

/** When connections poll. */
export type PollingMode = "auto" | "always" | "never";

export class Fallback {
  readonly #mode: PollingMode;
  #polling: Promise<Polling | undefined> | undefined;

  constructor(mode: PollingMode) {
    this.#mode = mode;
  }

  /** As `dial` of the context says. */
  dial(context: TransportContext, unheard: number): Ports["dial"] | Promise<Ports["dial"]> {
    const { dial, tabStore } = context.ports;
    // What a tab remembers is of its network, which may block one server only.
    const key = `edge-rooms polls ${context.base}`;
    const isSuspicious = unheard >= SUSPICIOUS;
    const isForced = this.#mode === "always";
    if (isForced || (this.#mode === "auto" && (isSuspicious || tabStore[key]))) {
      this.#polling ??= import("./polling.ts")
        .then(({ Polling }) => new Polling(context, { isForced, key }))
        .catch(() => {
          this.#polling = undefined;
          return undefined;
        });
    }
    return this.#polling?.then((polling) => polling?.dialer(isSuspicious) ?? dial) ?? dial;
  }
}
