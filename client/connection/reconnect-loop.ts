// The reconnect loop: ready → open → live → end → wait → again. What is said on a connection is in channel.ts, whether
// and when to try again in retry.ts.
// Invariant: at most one run is current, and what an older one still does is ignored.

import type { ReconnectLimits } from "../../src/protocol/index.ts";
import type { RoomsError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { CutOffs } from "./cut-off.ts";
import { type ConnectionOutcome, RetryPolicy, type WaitPorts, waitForRetry } from "./retry.ts";
import type { ConnectionEnd } from "./transport/connection-end.ts";
import type { ConnectionState, Transport } from "./transport/transport.ts";
import type { ConnectionContext } from "./types.ts";

const DEFAULT_RECONNECT: ReconnectLimits = { minMs: 1_000, maxMs: 30_000 };

/** Within so long a connection follows another one that is live again, longer where the server spreads its clients. */
const FOLLOW_WITHIN_MS = 500;

/** One try at a time, as the loop sees it. */
export interface TryPort {
  readonly name: string;
  /** Resolves when the connection ended; never, once it was abandoned. */
  open(): Promise<ConnectionOutcome>;
  abandon(why: "leaving" | "startingOver"): void;
  onState(state: ConnectionState): void;
  onRefused(error: RoomsError): void;
}

export class ReconnectLoop {
  readonly #context: ConnectionContext;
  readonly #transport: Transport;
  readonly #port: TryPort;
  #state: ConnectionState = { status: "disconnected" };
  #run: AbortController | undefined;
  /** Until a planned start has begun. */
  #cancelStart: Cancel | undefined;
  #isClosed = false;
  #refusal: RoomsError | undefined;
  /** As the server said last. */
  limits = DEFAULT_RECONNECT;

  constructor(context: ConnectionContext, transport: Transport, port: TryPort) {
    this.#context = context;
    this.#transport = transport;
    this.#port = port;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get refusal(): RoomsError | undefined {
    return this.#refusal;
  }

  start(when: "now" | "afterTurn"): void {
    if (this.#isClosed) return;
    this.#abandon("startingOver");
    const run = new AbortController();
    this.#run = run;
    this.#refusal = undefined;
    this.#transport.restart(when);
    if (when === "now") {
      void this.#loop(run.signal);
      return;
    }
    this.#planStart(run.signal);
    this.#setState({ status: "connecting", attempt: 1 });
  }

  postponeStart(): void {
    if (this.#run === undefined || this.#cancelStart === undefined) return;
    this.#cancelStart();
    this.#planStart(this.#run.signal);
  }

  stop(): void {
    this.#abandon("leaving");
    if (this.#state.status !== "disconnected") this.#setState({ status: "disconnected" });
  }

  close(): void {
    this.#isClosed = true;
    this.stop();
  }

  onLive(): void {
    this.#setState({ status: "connected", since: this.#context.ports.clock.now() });
    this.#context.peers.call();
  }

  #planStart(signal: AbortSignal): void {
    const cancel = this.#context.ports.clock.after(0, () => {
      this.#cancelStart = undefined;
      void this.#loop(signal);
    });
    this.#cancelStart = cancel;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { ports, maxAttempts, log } = this.#context;
    const policy = new RetryPolicy(maxAttempts, ports);
    const cutOffs = new CutOffs(log);
    while (!signal.aborted) {
      const ready = this.#transport.ready(signal, (state) => this.#follow(state));
      if (ready !== undefined) {
        const none = await ready;
        if (signal.aborted) return;
        if (none !== undefined) return this.#end(none.error, none.isFinal);
        continue;
      }
      const triedAt = ports.clock.elapsed();
      this.#setConnecting(policy.attempt);
      // A listener may have ended it.
      if (signal.aborted) return;
      const outcome = await this.#port.open();
      if (outcome.end.next === "again") {
        if (outcome.liveForMs !== undefined) policy.lived(outcome.liveForMs);
        continue;
      }
      const error = cutOffs.explain(outcome.end);
      const verdict = policy.judge(outcome, this.#limits);
      const isRefusedAgain = verdict.next === "retry" && policy.refusals === 2;
      if (isRefusedAgain) log("warn", `${error.message} getToken is asked for another token.`);
      log("debug", `${this.#port.name}: ${error.message} Next: ${verdict.next}.`);
      // The log is a function of the app, too.
      if (signal.aborted) return;
      if (verdict.next === "stop") return this.#end(error, verdict.isFinal);
      const { attempt } = policy;
      await waitForRetry(this.#waitPorts(outcome.end), { triedAt, ...verdict }, signal, (retryAt) =>
        this.#setState({ status: "reconnecting", attempt, retryAt, error }),
      );
    }
  }

  get #limits(): ReconnectLimits {
    // An app in JavaScript may give only one of the two: without the other, tries would follow without a wait.
    return { ...this.limits, ...this.#context.reconnect };
  }

  /**
   * What others hear of too is followed with jitter. After a failure of the network, not of this server, another
   * connection that is live says that the network is back.
   */
  #waitPorts({ error }: ConnectionEnd): WaitPorts {
    const { ports, peers } = this.#context;
    const isOfNetwork = error.code === "offline" || error.code === "timeout";
    const withinMs = Math.max(FOLLOW_WITHIN_MS, this.#limits.minMs / 2);
    return {
      ...ports,
      onHint: (fn) => {
        const follow = () => fn(ports.random() * withinMs);
        const cancelWake = ports.onWake((isCrowd) => (isCrowd ? follow() : fn(0)));
        const cancelPeers = isOfNetwork ? peers.add(follow) : cancelWake;
        return () => {
          cancelWake();
          cancelPeers();
        };
      },
    };
  }

  #end(error: RoomsError | undefined, isFinal: boolean): void {
    this.#run = undefined;
    if (error !== undefined) {
      this.#context.log("warn", `${this.#port.name} is disconnected until reconnect(): ${error.message}`);
      this.#refusal = isFinal ? error : undefined;
      if (isFinal) this.#port.onRefused(error);
    }
    // A listener may have started over.
    if (this.#run === undefined)
      this.#setState({ status: "disconnected", ...(error !== undefined && { error }) });
  }

  #abandon(why: "leaving" | "startingOver"): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#cancelStart?.();
    this.#cancelStart = undefined;
    this.#port.abandon(why);
  }

  #setConnecting(attempt: number): void {
    const isKnown = this.#state.status === "connecting" && this.#state.attempt === attempt;
    if (!isKnown) this.#setState({ status: "connecting", attempt });
  }

  /** What the transport waits for is in this state. */
  #follow(state: ConnectionState): void {
    if (state.status === "connecting") this.#setConnecting(state.attempt);
    else if (state !== this.#state) this.#setState(state);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    if (state.status === "disconnected") this.#transport.release();
    this.#port.onState(state);
  }
}
