// When connections travel in HTTP calls. The code for it is loaded when it is needed, which on most networks is never.

import type { Ports } from "../../util/ports.ts";
import type { Polling } from "./polling.ts";
import type { TransportContext } from "./transport.ts";

/** So many sockets in a row of which nothing was heard may be the fault of something on the way. */
export const SUSPICIOUS = 3;

/** When connections poll. */
export type PollingMode = "auto" | "always" | "never";

/** What a tab remembers is of its network, which may block one server only. */
const keyOf = ({ base }: TransportContext) => `edge-rooms polls ${base}`;

export class Fallback {
  readonly #mode: PollingMode;
  readonly #closed: AbortSignal;
  #polling: Promise<Polling | undefined> | undefined;

  /** `closed`: of the client. */
  constructor(mode: PollingMode, closed: AbortSignal) {
    this.#mode = mode;
    this.#closed = closed;
  }

  /** As `dial` of the context says. */
  dial(context: TransportContext, unheard: number): Ports["dial"] | Promise<Ports["dial"]> {
    const { dial, tabStore } = context.ports;
    const isSuspicious = unheard >= SUSPICIOUS;
    if (this.#mode === "always" || (this.#mode === "auto" && (isSuspicious || tabStore[keyOf(context)])))
      void this.#load(context);
    return this.#polling?.then((polling) => polling?.dialer(isSuspicious) ?? dial) ?? dial;
  }

  /** As `isSwallowed` of the context says. */
  async isSwallowed(context: TransportContext): Promise<boolean> {
    return this.#mode !== "never" && ((await this.#load(context))?.isSwallowed() ?? false);
  }

  #load(context: TransportContext) {
    const isForced = this.#mode === "always";
    this.#polling ??= import("./polling.ts")
      .then(({ Polling }) => new Polling(context, { isForced, key: keyOf(context), closed: this.#closed }))
      .catch(() => {
        this.#polling = undefined;
        return undefined;
      });
    return this.#polling;
  }
}
