// The reconnect loop: token → dial → connected → caughtUp → live → end → wait → again. What is said on a socket is
// in dial.ts, whether and when to try again in retry-policy.ts.
// Invariant: at most one run is current, and what an older one still does is ignored.

import type { Command, Ok, ReconnectLimits } from "../../src/protocol/index.ts";
import { RoomsError, refusalError } from "../util/errors.ts";
import type { ConnectionState } from "./connection-state.ts";
import { CutOffs } from "./cut-off.ts";
import { Dial } from "./dial.ts";
import { lost, offline } from "./ending.ts";
import type { ConnectionContext, Endpoint } from "./endpoint.ts";
import { LogFollower } from "./log-follower.ts";
import { type PausePorts, pause } from "./pause.ts";
import { type Outcome, RetryPolicy } from "./retry-policy.ts";
import type { Token } from "./token-source.ts";
import type { OnAnswer } from "./transport/pending-answers.ts";

type Answered = Command & { readonly id: string };

const DEFAULT_RECONNECT: ReconnectLimits = { minMs: 1_000, maxMs: 30_000 };

/** Within so long a connection follows another one that is live again, longer where the server spreads its clients. */
const FOLLOW_WITHIN_MS = 500;

export class Connection {
  readonly #context: ConnectionContext;
  readonly #endpoint: Endpoint;
  readonly #follower = new LogFollower();
  #state: ConnectionState = { status: "disconnected" };
  #run: AbortController | undefined;
  #dial: Dial | undefined;
  #reconnect = DEFAULT_RECONNECT;
  /** How the server named the last connection. */
  #given: string | undefined;
  #closed = false;
  #refusal: RoomsError | undefined;

  constructor(context: ConnectionContext, endpoint: Endpoint) {
    this.#context = context;
    this.#endpoint = endpoint;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** While `disconnected`: why no other try would change it, if so. */
  get refusal(): RoomsError | undefined {
    return this.#refusal;
  }

  get cursor(): string | undefined {
    return this.#follower.cursor;
  }

  get live(): boolean {
    return this.#dial?.live ?? false;
  }

  /** Starts over at once, whatever it is at. `afterTurn`: with the next turn of the event loop. */
  start(when: "now" | "afterTurn" = "now"): void {
    if (this.#closed) return;
    this.#abandon("startingOver");
    const run = new AbortController();
    this.#run = run;
    this.#refusal = undefined;
    this.#context.tokens.forgive();
    if (when === "now") {
      this.#context.route?.restart();
      void this.#loop(run.signal);
      return;
    }
    const cancel = this.#context.ports.clock.after(0, () => void this.#loop(run.signal));
    run.signal.addEventListener("abort", cancel);
    this.#setState({ status: "connecting", attempt: 1 });
  }

  /** On the app's wish: `disconnected` at once, until `start`. */
  stop(): void {
    this.#abandon("leaving");
    if (this.#state.status !== "disconnected") this.#setState({ status: "disconnected" });
  }

  /** As `stop`, for good. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  /** Answered with `undefined` where nothing is live, or the connection is lost meanwhile. */
  request(command: Answered, onAnswer: OnAnswer): void {
    if (this.#dial?.live) this.#dial.link.request(command, onAnswer);
    else onAnswer(undefined);
  }

  /** As `request`, for what needs no answer in the order of the wire. Rejects `offline` where none came. */
  ask(command: Answered): Promise<Ok & Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      this.request(command, (answer) => {
        if (answer?.type === "ok") resolve(answer);
        else if (answer?.type === "error") reject(refusalError(answer));
        else reject(offline("There is no connection."));
      });
    });
  }

  /** Forgotten where nothing is live. */
  send(command: Command): void {
    if (this.#dial?.live) this.#dial.link.send(command);
  }

  /** Round trip in milliseconds. */
  ping(): Promise<number> {
    const { clock, newId } = this.#context.ports;
    const sentAt = clock.now();
    return new Promise((resolve, reject) => {
      this.request({ type: "ping", id: newId() }, (answer) => {
        if (answer === undefined) reject(offline("There is no connection."));
        else resolve(clock.now() - sentAt);
      });
    });
  }

  /** An answer moved the cursor: of `topics`, or in place of an event. `false`: there is a gap before it. */
  moveTo(seq: number, mayJump: boolean): "new" | "seen" | "gap" {
    const verdict = this.#follower.accept(seq, mayJump);
    if (verdict === "gap") this.#dial?.dropForGap();
    return verdict;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { ports, maxAttempts, route } = this.#context;
    const policy = new RetryPolicy(maxAttempts, ports.random);
    const cutOffs = new CutOffs(this.#context.log);
    while (!signal.aborted) {
      if (route !== undefined && !route.isOpen) {
        const end = await route.opened(signal, (state) => this.#follow(state));
        if (signal.aborted) return;
        if (end !== undefined) return this.#end(end.error, end.final);
      }
      const triedAt = ports.clock.now();
      this.#setConnecting(policy.attempt);
      // Whoever heard of it may have ended it.
      if (signal.aborted) return;
      const outcome = await this.#try(signal);
      if (signal.aborted) return;
      this.#learn();
      this.#dial = undefined;
      if (route?.excuses(outcome.ending)) {
        if (outcome.liveForMs !== undefined) policy.lived(outcome.liveForMs);
        continue;
      }
      const error = cutOffs.explain(outcome);
      const verdict = policy.judge(outcome, this.#limits);
      this.#context.log("debug", `${this.#endpoint.path}: ${error.message} Next: ${verdict.next}.`);
      if (verdict.next === "stop") return this.#end(error, verdict.final);
      const { attempt } = policy;
      await pause(this.#pausePorts(outcome), { triedAt, ...verdict }, signal, (retryAt) =>
        this.#setState({ status: "reconnecting", attempt, retryAt, error }),
      );
    }
  }

  get #limits(): ReconnectLimits {
    return this.#context.reconnect ?? this.#reconnect;
  }

  /** Where the network failed, and not this server, it need not find out by itself that the network is back. */
  #pausePorts({ ending }: Outcome): PausePorts {
    const { ports, peers } = this.#context;
    if (ending.error.code !== "offline" && ending.error.code !== "timeout") return ports;
    const withinMs = Math.max(FOLLOW_WITHIN_MS, this.#limits.minMs / 2);
    return { ...ports, onReachable: (fn) => peers.watch(() => fn(ports.random() * withinMs)) };
  }

  /** Resolves when the socket ended, however; never, once the run is abandoned. */
  async #try(signal: AbortSignal): Promise<Outcome> {
    let token: Token;
    try {
      token = await this.#context.tokens.get();
    } catch (cause) {
      const error = cause instanceof RoomsError ? cause : offline("getToken failed.", cause);
      const ending = lost(error);
      return {
        ending: error.code === "unauthorized" ? { ...ending, next: "stop" } : ending,
        liveForMs: undefined,
      };
    }
    // Abandoned while waiting: the loop looks before it uses this.
    if (signal.aborted) return { ending: lost(offline("Abandoned.")), liveForMs: undefined };
    try {
      this.#dial = new Dial(this.#context, this.#endpoint, {
        follower: this.#follower,
        token,
        replaces: this.#given,
        onLive: (since) => this.#onLive(since),
      });
    } catch (cause) {
      const error = new RoomsError("bad_request", "No socket can be made with this address and token.", {
        cause,
      });
      return { ending: { next: "stop", error, retryAfterMs: 0 }, liveForMs: undefined };
    }
    return this.#dial.ended;
  }

  #onLive(since: number): void {
    this.#learn();
    this.#setState({ status: "connected", since });
    this.#context.peers.onLive();
    if (this.live) this.#endpoint.onLive();
  }

  #learn(): void {
    const connected = this.#dial?.connected;
    if (connected === undefined) return;
    this.#reconnect = connected.reconnect;
    this.#given = connected.connection;
  }

  #end(error: RoomsError | undefined, final: boolean): void {
    this.#run = undefined;
    if (error !== undefined) {
      this.#context.log("warn", `${this.#endpoint.path} is disconnected: ${error.message}`);
      this.#refusal = final ? error : undefined;
      if (final) this.#endpoint.onRefused(error);
    }
    // Whoever heard of it may have started over.
    if (this.#run === undefined)
      this.#setState({ status: "disconnected", ...(error !== undefined && { error }) });
  }

  #abandon(why: "leaving" | "startingOver"): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#learn();
    this.#dial?.close(why);
    this.#dial = undefined;
  }

  #setConnecting(attempt: number): void {
    const known = this.#state.status === "connecting" && this.#state.attempt === attempt;
    if (!known) this.#setState({ status: "connecting", attempt });
  }

  /** What it waits for is at this. */
  #follow(state: ConnectionState): void {
    if (state.status === "connecting") this.#setConnecting(state.attempt);
    else if (state !== this.#state) this.#setState(state);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    if (state.status === "disconnected") this.#context.route?.leave();
    this.#endpoint.onState(state);
  }
}
