import type {
  ConnectionState,
  Link,
  LinkEvents,
  NoConnection,
  Transport,
} from "../connection/transport/transport.ts";

/** A transport that opens nothing before what is kept was read: until then it is not known what to ask for. */
export class GatedTransport implements Transport {
  readonly #transport: Transport;
  readonly #gate: () => Promise<void> | undefined;

  /** Once for each start: what takes too long is not waited for again. */
  #hasWaited = false;

  /** `gate` gives what to wait for; `undefined` where nothing is left. */
  constructor(transport: Transport, gate: () => Promise<void> | undefined) {
    this.#transport = transport;
    this.#gate = gate;
  }

  get canAskForNoTopics(): boolean {
    return this.#transport.canAskForNoTopics;
  }

  ready(
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ): Promise<NoConnection | undefined> | undefined {
    const gate = this.#hasWaited ? undefined : this.#gate();
    this.#hasWaited = true;
    return gate?.then(() => undefined) ?? this.#transport.ready(signal, onState);
  }

  open(events: LinkEvents): Link {
    return this.#transport.open(events);
  }

  restart(when: "now" | "afterTurn"): void {
    this.#hasWaited = false;
    this.#transport.restart(when);
  }

  release(): void {
    this.#transport.release();
  }
}
