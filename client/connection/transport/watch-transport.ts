// A room that is watched: read by calls that all watchers share, without a socket and a token. The code for it is loaded
// with the first such room, as most pages have none.

import { offline } from "../../util/errors.ts";
import { type ConnectionEnd, closingEnd, lost } from "./connection-end.ts";
import type {
  ConnectionState,
  Link,
  LinkEvents,
  NoConnection,
  Transport,
  TransportContext,
} from "./transport.ts";

/** The file that is loaded may have classes of its own: so errors are made here. */
export interface WatchPort {
  lost(why: string): ConnectionEnd;
  readonly closingEnd: typeof closingEnd;
  /** The room gets a connection, and this link ends. */
  upgrade(): void;
}

let code: typeof import("./watch-link.ts") | undefined;

/** Rejects where it cannot be had. What is there already takes no time. */
export async function loadWatching(): Promise<void> {
  code ??= await import("./watch-link.ts");
}

const lostFor = (why: string) => lost(offline(why));

export class WatchTransport implements Transport {
  readonly #context: TransportContext;
  readonly #name: string;
  readonly #openOwn: () => Transport;
  /** The room has a connection from now on. */
  #own: Transport | undefined;
  /** The code could not be loaded. */
  #isMissing = false;
  #link: Link | undefined;

  /** `openOwn` is called at most once. */
  constructor(context: TransportContext, name: string, openOwn: () => Transport) {
    this.#context = context;
    this.#name = name;
    this.#openOwn = openOwn;
  }

  get canAskForNoTopics(): boolean {
    return !!this.#own?.canAskForNoTopics;
  }

  /** While it watches. */
  get skipsNumbers(): boolean {
    return !this.#own;
  }

  ready(
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ): Promise<NoConnection | undefined> | undefined {
    if (this.#own) return this.#own.ready(signal, onState);
    return code || this.#isMissing ? undefined : this.#load();
  }

  open(events: LinkEvents): Link {
    if (this.#own) return this.#own.open(events);
    this.#link = code
      ? new code.WatchLink(this.#context, this.#name, events, {
          lost: lostFor,
          closingEnd,
          upgrade: () => this.upgrade(),
        })
      : this.#missing(events);
    return this.#link;
  }

  /** From now on the room has a connection, which goes on where this one is. */
  upgrade(): void {
    if (this.#own) return;
    this.#own = this.#openOwn();
    if (this.#link?.isOpen) this.#link.drop({ ...lostFor("The room gets a connection."), next: "again" });
  }

  restart(when: "now" | "afterTurn"): void {
    this.#own?.restart(when);
  }

  release(): void {
    this.#own?.release();
  }

  async #load(): Promise<undefined> {
    await loadWatching().catch(() => {
      this.#isMissing = true;
    });
  }

  /** The next try asks for it again: some browsers remember a load that failed, others do not. */
  #missing(events: LinkEvents): Link {
    this.#isMissing = false;
    const end = lostFor("The code that watches could not be loaded.");
    const cancel = this.#context.ports.clock.after(0, () => events.onEnd(end));
    return { isOpen: false, send: () => true, drop: cancel, close: cancel };
  }
}
