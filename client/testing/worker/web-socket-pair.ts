// The two ends of a socket between a client and the Worker, as the runtime makes them.

/** The object that accepted an end, and is woken by what comes to it. */
export interface SocketOwner {
  /** `true`: the runtime answers this text itself. */
  answers(end: WebSocketEnd, text: string): boolean;
  message(end: WebSocketEnd, text: string): void;
  closed(end: WebSocketEnd, code: number, reason: string): void;
}

interface SocketEvent {
  readonly data?: string;
  readonly code?: number;
  readonly reason?: string;
}

type Listener = (event: SocketEvent) => void;

/** What is reported of a close without a code. */
const NO_CODE = 1005;

export class WebSocketEnd {
  static readonly OPEN = 1;
  readonly bufferedAmount = 0;
  readonly #listeners = new Map<string, Listener[]>();
  /** What came before this end was accepted. */
  #early: (() => void)[] | undefined = [];
  #peer: WebSocketEnd | undefined;
  #owner: SocketOwner | undefined;
  #attachment: unknown = null;
  #hasClosed = false;
  #wasClosed = false;

  static pair(): readonly [client: WebSocketEnd, server: WebSocketEnd] {
    const [client, server] = [new WebSocketEnd(), new WebSocketEnd()];
    client.#peer = server;
    server.#peer = client;
    return [client, server];
  }

  get readyState(): number {
    if (this.#hasClosed || this.#wasClosed) return this.#hasClosed && this.#wasClosed ? 3 : 2;
    return WebSocketEnd.OPEN;
  }

  accept(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const run of early) run();
  }

  /** As `accept`, for an object that may sleep meanwhile. */
  acceptFor(owner: SocketOwner): void {
    this.#owner = owner;
    this.accept();
  }

  addEventListener(type: string, fn: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), fn]);
  }

  send(frame: string | Uint8Array): void {
    const text = typeof frame === "string" ? frame : new TextDecoder().decode(frame);
    if (this.readyState !== WebSocketEnd.OPEN) throw new TypeError("the socket is closed");
    this.#toPeer((peer) => peer.#take(text));
  }

  close(code = NO_CODE, reason = ""): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.#attachment = null;
    this.#toPeer((peer) => peer.#end(code, reason));
  }

  /** The other end closes. */
  closeByPeer(code: number, reason: string): void {
    this.#peer?.close(code, reason);
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }

  /** An event never arrives within the call that caused it. */
  #toPeer(event: (peer: WebSocketEnd) => void): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    void Promise.resolve().then(() => {
      if (peer.#early === undefined) event(peer);
      else peer.#early.push(() => event(peer));
    });
  }

  #take(text: string): void {
    if (this.readyState !== WebSocketEnd.OPEN) return;
    if (this.#owner === undefined) this.#emit("message", { data: text });
    else if (!this.#owner.answers(this, text)) this.#owner.message(this, text);
  }

  #end(code: number, reason: string): void {
    if (this.#wasClosed) return;
    this.#wasClosed = true;
    if (this.#owner === undefined) {
      this.#emit("close", { code, reason });
      // The platform of a client answers a close by itself.
      this.close(code, reason);
    } else this.#owner.closed(this, code, reason);
  }

  #emit(type: string, event: SocketEvent): void {
    for (const fn of this.#listeners.get(type) ?? []) fn(event);
  }
}
