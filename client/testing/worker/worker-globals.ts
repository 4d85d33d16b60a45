// The globals of the Worker's code: time is that of the test, nothing reaches out of the program, and what the platform
// does outside of JavaScript is counted.

import type { Settling } from "../time/settling.ts";
import { nodeModule } from "./node-modules.ts";
import { WebSocketEnd } from "./web-socket-pair.ts";
import { WorkerRequest } from "./worker-request.ts";
import { WorkerResponse } from "./worker-response.ts";

export interface GlobalsPorts {
  readonly settling: Settling;
  random(): number;
}

/** `stop` ends its timers: nothing goes on in that code by itself. */
export type WorkerGlobals = ReturnType<typeof workerGlobals>;

export function workerGlobals({ settling, random }: GlobalsPorts) {
  const timers = new Timers(settling);
  const { clock } = settling;
  return {
    ...timersOf(timers),
    Date: dateOf(() => clock.now()),
    Math: Object.create(Math, { random: { value: random } }),
    crypto: countedCrypto(settling, random),
    console: { debug() {}, info() {}, log() {}, warn() {}, error: console.error },
    fetch: () => Promise.reject(new TypeError("the test rooms reach no other server")),
    Blob: MemoryBlob,
    // Only Workers have one. Some environments of tests have no streams at all.
    IdentityTransformStream: globalThis.TransformStream,
    Request: WorkerRequest,
    Response: WorkerResponse,
    // In jsdom, `TextEncoder` and WebCrypto know another one than the page.
    Uint8Array: new TextEncoder().encode().constructor,
    WebSocket: WebSocketEnd,
    WebSocketPair: SocketPair,
    WebSocketRequestResponsePair: AutoResponse,
    cloudflareWorkers: {
      DurableObject: ObjectBase,
      // Of the entrypoint for other Workers, which nobody calls here.
      RpcTarget: class {},
      WorkerEntrypoint: class {},
      waitUntil: (work: Promise<unknown>) => void work,
    },
    withResolvers,
    timers,
  };
}

function timersOf(timers: Timers) {
  return {
    setTimeout: (fn: () => void, ms = 0) => timers.set(ms, fn),
    clearTimeout: (id?: number | null) => timers.clear(id),
    setInterval: (fn: () => void, ms = 0) => timers.repeat(ms, fn),
    clearInterval: (id?: number | null) => timers.clear(id),
    scheduler: { wait: (ms: number) => new Promise<void>((resolve) => void timers.set(ms, resolve)) },
    AbortSignal: {
      timeout(ms: number) {
        const abort = new AbortController();
        timers.set(ms, () => abort.abort(new DOMException("too slow", "TimeoutError")));
        return abort.signal;
      },
    },
  };
}

class Timers {
  readonly #settling: Settling;
  readonly #cancels = new Map<number, () => void>();
  #last = 0;
  #isStopped = false;

  constructor(settling: Settling) {
    this.#settling = settling;
  }

  get pending(): number {
    return this.#cancels.size;
  }

  set(ms: number, fn: () => void, id = ++this.#last): number {
    if (this.#isStopped) return id;
    const cancel = this.#settling.clock.after(ms, () => {
      this.#cancels.delete(id);
      fn();
    });
    this.#cancels.set(id, cancel);
    return id;
  }

  repeat(ms: number, fn: () => void, id = ++this.#last): number {
    return this.set(
      ms,
      () => {
        this.repeat(ms, fn, id);
        fn();
      },
      id,
    );
  }

  clear(id: number | null | undefined): void {
    this.#cancels.get(id ?? 0)?.();
    this.#cancels.delete(id ?? 0);
  }

  stop(): void {
    this.#isStopped = true;
    for (const id of [...this.#cancels.keys()]) this.clear(id);
  }
}

const dateOf = (now: () => number) =>
  class extends Date {
    static override now = now;
    constructor(value: number | string | Date = now()) {
      super(value);
    }
  };

/** jsdom has none of its own. */
function webCrypto(): Crypto {
  const here = globalThis.crypto?.subtle === undefined ? nodeModule("node:crypto")?.webcrypto : crypto;
  if (here === undefined)
    throw new Error("There is no WebCrypto here: a page needs https or localhost for it.");
  return here;
}

function countedCrypto(settling: Settling, random: () => number) {
  const crypto = webCrypto();
  const subtle = new Proxy(crypto.subtle, {
    get(target, name) {
      if (name === "timingSafeEqual") return isEqual;
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => settling.count(Promise.resolve(Reflect.apply(method, target, args)));
    },
  });
  return {
    subtle,
    // Of the digits alone, as ids are made of it.
    randomUUID: () => Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join(""),
    getRandomValues: <T extends ArrayBufferView<ArrayBuffer>>(array: T) => crypto.getRandomValues(array),
  };
}

/** Only Workers have one. Nobody measures how long it takes here. */
function isEqual(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const bytes = new Uint8Array(other);
  return one.byteLength === bytes.length && new Uint8Array(one).every((byte, at) => byte === bytes[at]);
}

/** The platform reads its own outside of JavaScript. */
class MemoryBlob {
  readonly #bytes: Uint8Array;

  constructor(parts: readonly Uint8Array[]) {
    this.#bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const part of parts) {
      this.#bytes.set(part, at);
      at += part.byteLength;
    }
  }

  async arrayBuffer() {
    return this.#bytes.buffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#bytes);
  }
}

class SocketPair {
  readonly 0: WebSocketEnd;
  readonly 1: WebSocketEnd;

  constructor() {
    [this[0], this[1]] = WebSocketEnd.pair();
  }
}

/** A text that the runtime answers without waking an object. */
export class AutoResponse {
  readonly request: string;
  readonly response: string;

  constructor(request: string, response: string) {
    this.request = request;
    this.response = response;
  }
}

class ObjectBase {
  readonly ctx: object;
  readonly env: object;

  constructor(ctx: object, env: object) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** As `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
