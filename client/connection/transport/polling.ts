// Whether the connections of a client travel in HTTP calls, and the calls that they share.

import { MAX_POLL_WAIT_S, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../../../src/protocol/index.ts";
import type { Cancel, Ports, Socket, SocketEvents } from "../../util/ports.ts";
import { SendRateLimiter } from "../../util/send-rate-limiter.ts";
import { MOVED } from "./connection-end.ts";
import { type PollingCalls, PollingSocket, type PollTurn, type PostInit } from "./polling-socket.ts";
import type { Token } from "./token-answer.ts";
import type { TransportContext } from "./transport.ts";

/** Below the rate that a server allows by default to one user, which is ten a second. */
const RATE_PER_SECOND = 6;
const MIN_RATE = 1.5;
const BURST = 40;
/** A browser opens six connections to a host that speaks HTTP/1.1. */
const MAX_WAITING = 4;
/** Of more connections each waits shorter, so that all have their turn before the server gives one up. */
const SHARED_WAIT_S = 16;
/** A call that was cut off sooner says nothing of how long one may wait. */
const CUT_AFTER_MS = 1_000;
/** WebSockets are tried again after this, then after twice as long, and so on. */
const PROBE_MS = 60_000;
const MAX_PROBE_MS = 3_600_000;
const PROBE_WITHIN_MS = 10_000;
/** After a wake they are tried sooner, but not sooner than this after the last try. */
const PROBES_APART_MS = 30_000;
/** What a try showed counts for so long for all connections that are dialed. */
const FRESH_MS = 500;
/** What a silent socket was found to be counts for so long for all others, so that they ask once. */
const VERDICT_MS = 10_000;
/** A WebSocket that gets through is heard of in two round trips. So long is waited at least. */
const MIN_SILENCE_MS = 2_000;

export interface PollingOptions {
  /** Whatever the network, as the app wants it. */
  readonly isForced: boolean;
  /** Under which the tab remembers its network. */
  readonly key: string;
  /** Of the client. */
  readonly closed: AbortSignal;
}

export class Polling implements PollingCalls {
  readonly #context: TransportContext;
  readonly #isForced: boolean;
  readonly #key: string;
  readonly #closed: AbortSignal;
  readonly #pace: SendRateLimiter;
  #ratePerSecond = 0;
  readonly #sockets = new Set<PollingSocket>();
  readonly #queue: (() => void)[] = [];
  #waiting = 0;
  /** How long a call may wait, in seconds, before something on the way ends it. */
  #maxWaitS = MAX_POLL_WAIT_S;
  /** How long the last call waited that was cut off, in milliseconds. */
  #cutMs = Number.POSITIVE_INFINITY;
  /** Calls get through and WebSockets do not. */
  #isOn: boolean;
  #verdict: { readonly at: number; readonly isSwallowed: Promise<boolean> } | undefined;
  #probes = 0;
  /** The latest try of a WebSocket: when it began and ended, and whether it got through. */
  #triedAt = Number.NEGATIVE_INFINITY;
  #settledAt = Number.NEGATIVE_INFINITY;
  #passes = Promise.resolve(false);
  #endTry: Cancel = () => {};
  #token: Token = null;
  #cancels: Cancel[] = [];
  #cancelProbe: Cancel = () => {};

  constructor(context: TransportContext, { isForced, key, closed }: PollingOptions) {
    this.#context = context;
    this.#isForced = isForced;
    this.#key = key;
    this.#closed = closed;
    closed.addEventListener("abort", () => this.#endTry());
    this.#pace = new SendRateLimiter(context.ports.clock);
    this.#setPace(RATE_PER_SECOND);
    this.#isOn = context.ports.tabStore[key] === ON;
  }

  /**
   * How the next connection is dialed. `isSuspicious`: nothing was heard of the last ones. They may have met a server that
   * was down and is back: so calls take their place only if right before them no WebSocket gets through.
   */
  async dialer(isSuspicious: boolean): Promise<Ports["dial"]> {
    const { clock, dial } = this.#context.ports;
    if (this.#isForced) return this.#dial;
    if (!isSuspicious) return this.#isOn ? this.#dial : dial;
    const isFresh = clock.elapsed() - this.#settledAt <= FRESH_MS;
    if (!(await (isFresh ? this.#passes : this.#tryWebSocket()))) return this.#dial;
    this.#onPassed();
    return dial;
  }

  /** As `isSwallowed` of the context says. */
  isSwallowed(): Promise<boolean> {
    const now = this.#context.ports.clock.elapsed();
    if (this.#verdict === undefined || now - this.#verdict.at > VERDICT_MS)
      this.#verdict = { at: now, isSwallowed: this.#compare() };
    return this.#verdict.isSwallowed;
  }

  /**
   * Asks the Worker in two ways, of which neither reaches an object: by HTTP, and by a WebSocket that it closes with a
   * code. If that code comes, only the object is slow, and a client that went away would have to stand in line again. If
   * HTTP does not answer either, the network is slow.
   */
  #compare(): Promise<boolean> {
    const { ports, base } = this.#context;
    const { clock, fetch } = ports;
    const startedAt = clock.elapsed();
    const over = new AbortController();
    return new Promise((resolve) => {
      const end = (isSwallowed: boolean) => {
        over.abort();
        cancel();
        this.#endTry();
        resolve(isSwallowed);
      };
      let cancel = clock.after(PROBE_WITHIN_MS, () => end(false));
      void this.#tryWebSocket().then((passes) => passes && end(false));
      this.#closed.addEventListener("abort", () => end(false), { signal: over.signal });
      const onAnswer = ({ ok }: Response) => {
        if (over.signal.aborted) return;
        if (!ok) return end(false);
        cancel();
        const tookMs = clock.elapsed() - startedAt;
        cancel = clock.after(Math.max(MIN_SILENCE_MS - tookMs, tookMs), () => end(true));
      };
      fetch(`${base.replace(/^ws/, "http")}/health`, { signal: over.signal }).then(onAnswer, () =>
        end(false),
      );
    });
  }

  async post(url: string, body: string, init: PostInit): Promise<Response> {
    const { clock, fetch } = this.#context.ports;
    for (let waitMs = this.#pace.waitMs(1); waitMs > 0; waitMs = this.#pace.waitMs(1))
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    this.#pace.spend(1);
    const headers: Record<string, string> = { "Content-Type": "text/plain" };
    if (this.#token !== null) headers.Authorization = `Bearer ${this.#token}`;
    const response = await fetch(url, { ...init, method: "POST", headers, body, redirect: "manual" });
    // Other tabs of this user have calls too.
    if (response.status === TOO_MANY) this.#setPace(Math.max(MIN_RATE, this.#ratePerSecond / 2));
    return response;
  }

  #setPace(ratePerSecond: number): void {
    this.#ratePerSecond = ratePerSecond;
    this.#pace.setLimits({ ratePerSecond, rateBurst: BURST, slowModeMs: 0 });
  }

  async turn(isShort: boolean): Promise<PollTurn> {
    const { clock } = this.#context.ports;
    if (isShort || this.#waiting < MAX_WAITING) this.#waiting += 1;
    // The one that is done passes its place on.
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    const startedAt = clock.elapsed();
    const { size } = this.#sockets;
    const sharedS = size > MAX_WAITING ? Math.floor(SHARED_WAIT_S / size) : MAX_POLL_WAIT_S;
    return {
      waitS: Math.min(sharedS, this.#maxWaitS),
      done: (how) => {
        const next = this.#waiting > MAX_WAITING ? undefined : this.#queue.shift();
        if (next === undefined) this.#waiting -= 1;
        else next();
        const waitedMs = clock.elapsed() - startedAt;
        if (how === "failed") this.#cutAfter(waitedMs);
        else if (waitedMs >= this.#cutMs) this.#cutMs = Number.POSITIVE_INFINITY;
      },
    };
  }

  /** If calls that wait end twice, and none that waited as long was answered, something on the way ends them. */
  #cutAfter(waitedMs: number): void {
    if (waitedMs < CUT_AFTER_MS) return;
    if (this.#cutMs < Number.POSITIVE_INFINITY)
      this.#maxWaitS = Math.max(1, Math.floor(Math.min(this.#maxWaitS, waitedMs / 2_000)));
    this.#cutMs = waitedMs;
  }

  onOpen(): void {
    if (this.#isOn || this.#isForced) return;
    this.#isOn = true;
    this.#remember(ON);
    this.#context.log("warn", "No WebSocket gets through to the server: its connections poll.");
    this.#planProbe(PROBE_MS);
  }

  onEnd(socket: PollingSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.#cancelProbe();
  }

  readonly #dial = (url: string, protocols: string[], events: SocketEvents): Socket => {
    const offered = protocols.find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
    this.#token = offered?.slice(TOKEN_SUBPROTOCOL_PREFIX.length) ?? null;
    if (this.#sockets.size === 0) this.#watch();
    const before = [...this.#sockets];
    const socket = new PollingSocket(url, events, this);
    this.#sockets.add(socket);
    // From now on they take turns: those that wait for long begin anew.
    if (before.length === MAX_WAITING) for (const other of before) other.beat();
    return socket;
  };

  /** While anything polls. */
  #watch(): void {
    const { ports, tokens } = this.#context;
    this.#cancels = [
      tokens.watch((token) => {
        this.#token = token;
      }),
      ports.onWake(() => {
        this.#maxWaitS = MAX_POLL_WAIT_S;
        this.#cutMs = Number.POSITIVE_INFINITY;
        this.#setPace(RATE_PER_SECOND);
        // The network may be another one, of which the tries so far say nothing.
        this.#probes = 0;
        this.#probeSoon();
      }),
    ];
    this.#probeSoon();
  }

  /** As soon as a try may follow the last one. */
  #probeSoon(): void {
    if (!this.#isOn || this.#isForced) return;
    const inMs = this.#triedAt + PROBES_APART_MS - this.#context.ports.clock.elapsed();
    if (inMs <= 0) this.#probe();
    // By chance half of it is taken away.
    else this.#planProbe(2 * inMs);
  }

  #remember(what: string): void {
    try {
      this.#context.ports.tabStore[this.#key] = what;
    } catch {
      // Full, or forbidden.
    }
  }

  #planProbe(inMs: number): void {
    const { clock, random } = this.#context.ports;
    this.#cancelProbe();
    this.#cancelProbe = clock.after(inMs * (1 - random() / 2), () => this.#probe());
  }

  #probe(): void {
    this.#planProbe(Math.min(MAX_PROBE_MS, PROBE_MS * 2 ** this.#probes));
    this.#probes += 1;
    void this.#tryWebSocket().then((passes) => passes && this.#onPassed());
  }

  /** WebSockets get through: all connections go over, each with its cursor. */
  #onPassed(): void {
    if (!this.#isOn) return;
    this.#context.log("debug", "WebSockets get through again.");
    this.#isOn = false;
    this.#cancelProbe();
    this.#remember("");
    for (const open of [...this.#sockets]) open.drop(MOVED);
  }

  /**
   * Opens a WebSocket that is as long on the way as that of a session, without its token. The server closes it before any
   * object is asked, and the code is what must arrive. Resolves with whether a code of the server did.
   */
  #tryWebSocket(): Promise<boolean> {
    const { ports, base } = this.#context;
    const length = this.#token?.length ?? 0;
    const padding = PADDING.repeat(TOKEN_SUBPROTOCOL_PREFIX.length + length);
    const protocols = length === 0 ? [SUBPROTOCOL] : [SUBPROTOCOL, padding];
    this.#endTry();
    this.#triedAt = ports.clock.elapsed();
    this.#settledAt = Number.POSITIVE_INFINITY;
    this.#passes = new Promise((resolve) => {
      const settle = (passes: boolean) => {
        cancel();
        this.#settledAt = ports.clock.elapsed();
        resolve(passes);
      };
      const socket = ports.dial(`${base}/v1/connect?probe=true`, protocols, {
        onOpen() {},
        onText() {},
        onClose: (code) => settle(code >= 4000),
      });
      this.#endTry = () => {
        socket.close(LEFT);
        settle(false);
      };
      const cancel = ports.clock.after(PROBE_WITHIN_MS, this.#endTry);
    });
    return this.#passes;
  }
}

const LEFT = 1000;
const TOO_MANY = 429;
const ON = "1";
/** Of which a subprotocol as long as that with the token is made. */
const PADDING = "x";
