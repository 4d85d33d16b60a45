// The network between the clients and the Worker. As in TCP, nothing of one connection is lost or overtaken alone: a
// frame that is lost takes the connection and everything behind it along.

import type { Cancel, Ports, Socket, SocketEvents } from "../util/ports.ts";
import type { Direction, LossOptions } from "./loss.ts";
import { NetworkCall } from "./network-call.ts";
import type { FakeClock } from "./time/fake-clock.ts";
import type { TestWorker } from "./worker/test-worker.ts";
import { WebSocketEnd } from "./worker/web-socket-pair.ts";

const LOST = 1006;

/** A client that hears whether its device is online. */
interface Listener {
  readonly user: string;
  heard(isOnline: boolean): void;
}

export class Network {
  readonly #worker: TestWorker;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #links = new Set<Link>();
  readonly #calls = new Set<NetworkCall>();
  readonly #offline = new Set<string>();
  readonly #listeners = new Set<Listener>();
  #loss: LossOptions = {};
  #delayMs = 0;

  constructor(worker: TestWorker, clock: FakeClock, random: () => number) {
    this.#worker = worker;
    this.#clock = clock;
    this.#random = random;
  }

  setDelay(ms: number): void {
    this.#delayMs = ms;
  }

  setLoss(loss: LossOptions): void {
    this.#loss = loss;
  }

  /** Breaks the connections and the calls of this user, or of all. */
  breakOff(user?: string): void {
    for (const one of [...this.#links, ...this.#calls])
      if (user === undefined || one.user === user) one.breakOff();
  }

  /** The server closes the connections of this user. */
  closeFromServer(user: string, code: number, reason: string): void {
    for (const link of [...this.#links]) if (link.user === user) link.closeFromServer(code, reason);
  }

  setOnline(user: string, isOnline: boolean): void {
    if (isOnline) this.#offline.delete(user);
    else {
      this.#offline.add(user);
      this.breakOff(user);
    }
    for (const listener of [...this.#listeners]) if (listener.user === user) listener.heard(isOnline);
  }

  /** What the client of `user` needs of the platform for its connections. */
  portsFor(user: string): Pick<Ports, "dial" | "fetch" | "onWake" | "onSuspend"> {
    const listen = (heard: Listener["heard"]): Cancel => {
      const listener = { user, heard };
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    };
    return {
      dial: (url, protocols, events) => this.#dial(user, url, protocols, events),
      fetch: (url, init) => this.#fetch(user, url, init),
      // As a browser says it: others have the same network.
      onWake: (fn) => listen((isOnline) => isOnline && fn(true)),
      onSuspend: (fn) => listen((isOnline) => isOnline || fn("The network is gone.")),
    };
  }

  #dial(user: string, url: string, protocols: readonly string[], events: SocketEvents): Socket {
    const link = new Link(user, this.#clock, events, {
      delayMs: () => this.#delayMs,
      loses: (direction) => this.#loses(user, direction),
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
    link.open(() => this.#worker.connect(url, protocols));
    return link;
  }

  async #fetch(user: string, url: string, { method, headers, body, signal }: RequestInit): Promise<Response> {
    const call = new NetworkCall(user, signal, () => this.#calls.delete(call));
    this.#calls.add(call);
    await this.#hop(call, "toServer");
    const init = { method, headers, body: typeof body === "string" ? body : undefined, signal: call.signal };
    const response = await call.during(this.#worker.fetch(url, init));
    await this.#hop(call, "toClient");
    return call.answer(response);
  }

  async #hop(call: NetworkCall, direction: Direction): Promise<void> {
    await call.during(new Promise<void>((resolve) => this.#clock.after(this.#delayMs, resolve)));
    if (!this.#loses(call.user, direction)) return;
    call.breakOff();
    call.signal.throwIfAborted();
  }

  #loses(user: string, direction: Direction): boolean {
    if (this.#offline.has(user)) return true;
    const { rate = 0, next = 0, direction: only = direction } = this.#loss;
    if (only !== direction) return false;
    if (next > 0) this.#loss = { ...this.#loss, next: next - 1 };
    return next > 0 || this.#random() < rate;
  }
}

interface LinkPorts {
  delayMs(): number;
  loses(direction: Direction): boolean;
  ended(): void;
}

/** One connection of a client. */
class Link implements Socket {
  readonly user: string;
  readonly #clock: FakeClock;
  readonly #events: SocketEvents;
  readonly #ports: LinkPorts;
  #end: WebSocketEnd | undefined;
  /** Nothing overtakes what was sent before it. */
  #arrivals = { toServer: 0, toClient: 0 };
  #isOver = false;
  #hasLeft = false;
  /** The code with which the client closed it, as the server knows it. */
  #leaving: number | undefined;

  constructor(user: string, clock: FakeClock, events: SocketEvents, ports: LinkPorts) {
    this.user = user;
    this.#clock = clock;
    this.#events = events;
    this.#ports = ports;
  }

  open(connect: () => Promise<WebSocketEnd | undefined>): void {
    const refused = () => this.#travel("toClient", () => this.#over(LOST, ""));
    this.#travel("toServer", () => {
      connect().then((end) => (end === undefined ? refused() : this.#opened(end)), refused);
    });
  }

  #opened(end: WebSocketEnd): void {
    this.#end = end;
    // It broke, or the client left, while it was opened: the server does not know it yet.
    if (this.#isOver || this.#leaving !== undefined) {
      end.close(this.#leaving ?? LOST);
      return;
    }
    end.addEventListener("message", ({ data = "" }) =>
      this.#travel("toClient", () => this.#events.onText(data)),
    );
    end.addEventListener("close", ({ code = LOST, reason = "" }) =>
      this.#travel("toClient", () => this.#over(code, reason)),
    );
    this.#travel("toClient", () => this.#events.onOpen());
    end.accept();
  }

  send(text: string): void {
    this.#travel("toServer", () => {
      // The server may have closed it, which the client does not know yet.
      if (this.#end?.readyState === WebSocketEnd.OPEN) this.#end.send(text);
    });
  }

  close(code: number): void {
    this.#hasLeft = true;
    this.#travel("toServer", () => {
      this.#leaving = code;
      this.#end?.close(code);
    });
  }

  breakOff(): void {
    if (this.#isOver) return;
    this.#over(LOST, "");
    this.#end?.close(LOST);
  }

  closeFromServer(code: number, reason: string): void {
    this.#end?.closeByPeer(code, reason);
  }

  #travel(direction: Direction, arrive: () => void): void {
    if (this.#isOver) return;
    const at = Math.max(this.#arrivals[direction], this.#clock.elapsed() + this.#ports.delayMs());
    this.#arrivals[direction] = at;
    this.#clock.after(at - this.#clock.elapsed(), () => {
      if (this.#isOver) return;
      if (this.#ports.loses(direction)) this.breakOff();
      else arrive();
    });
  }

  #over(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ports.ended();
    if (!this.#hasLeft) this.#events.onClose(code, reason);
  }
}
