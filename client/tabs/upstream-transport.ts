import type {
  ConnectionState,
  Link,
  LinkEvents,
  OpenRequest,
  Transport,
} from "../connection/transport/transport.ts";
import type { IncomingFrame } from "../util/wire.ts";

/** Carries the one connection of a log. Its first one goes on where the tab stood that asked for it. */
export class UpstreamTransport implements Transport {
  readonly #own: Transport;
  readonly #first: OpenRequest;
  readonly #takes: (frame: IncomingFrame) => boolean;
  #link: Link | undefined;
  #asked: OpenRequest;
  #isHandedOver = false;

  /** `takes` is shown each frame before the channel, and returns whether it is for nobody else. */
  constructor(own: Transport, first: OpenRequest, takes: (frame: IncomingFrame) => boolean) {
    this.#own = own;
    this.#first = first;
    this.#takes = takes;
    this.#asked = first;
  }

  get canAskForNoTopics(): boolean {
    return this.#own.canAskForNoTopics;
  }

  /** What the latest connection began with. */
  get asked(): OpenRequest {
    return this.#asked;
  }

  ready(signal: AbortSignal, onState: (state: ConnectionState) => void) {
    return this.#own.ready(signal, onState);
  }

  open(events: LinkEvents): Link {
    this.#link = this.#own.open({
      ...events,
      request: () => {
        const { since, replaces, ...asked } = events.request();
        this.#asked = {
          ...asked,
          since: since ?? this.#first.since,
          replaces: replaces ?? this.#first.replaces,
        };
        return this.#asked;
      },
      onFrame: (frame) => {
        if (!this.#takes(frame)) events.onFrame(frame);
      },
    });
    return this.#link;
  }

  restart(when: "now" | "afterTurn"): void {
    this.#own.restart(when);
  }

  release(): void {
    if (!this.#isHandedOver) this.#own.release();
  }

  /** Another tab goes on: the user is not seen to leave. */
  handOver(): void {
    this.#isHandedOver = true;
    this.#link?.close("startingOver");
  }
}
