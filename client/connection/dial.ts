// What is said on one socket: greeting, replay and its pages, then live; and a fresh token before the old one ends.

import {
  type CaughtUp,
  MAX_EVENTS_PAGE,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "../../src/protocol/index.ts";
import { RoomsError, refusalError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { endpointUrl } from "../util/url.ts";
import {
  type Connected,
  type IncomingFrame,
  isLogEvent,
  type LogEvent,
  parseLogEvents,
} from "../wire/parse-frame.ts";
import { isAuthResult, isHistoryResult } from "../wire/shapes.ts";
import { type Ending, lost } from "./ending.ts";
import type { ConnectionContext, Endpoint } from "./endpoint.ts";
import type { LogFollower } from "./log-follower.ts";
import type { Outcome } from "./retry-policy.ts";
import type { Token } from "./token-source.ts";
import { Link } from "./transport/link.ts";

/** Where a page was refused for being too soon, and the server does not say for how long. */
const PAGE_AGAIN_MS = 1_000;
/** What a socket reports that ended without a close frame, or never opened. */
const VANISHED = 1006;

type Phase =
  | { readonly name: "greeting" }
  | { readonly name: "replaying"; readonly clockAheadMs: number }
  | { readonly name: "live"; readonly clockAheadMs: number; readonly since: number };

export interface DialOptions {
  readonly follower: LogFollower;
  readonly token: Token;
  /** The connection before this one, as the server named it: what it may still send must not take effect. */
  readonly replaces: string | undefined;
  onLive(since: number): void;
}

export class Dial {
  readonly link: Link;
  readonly ended: Promise<Outcome>;
  readonly #context: ConnectionContext;
  readonly #endpoint: Endpoint;
  readonly #follower: LogFollower;
  readonly #onLive: (since: number) => void;
  /** In force on this socket. */
  #token: Token;
  #phase: Phase = { name: "greeting" };
  #connected: Connected | undefined;
  #cancelWatch: Cancel = () => {};
  #cancelPause: Cancel = () => {};

  /** Throws where the socket cannot even be made. */
  constructor(
    context: ConnectionContext,
    endpoint: Endpoint,
    { follower, token, replaces, onLive }: DialOptions,
  ) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#follower = follower;
    this.#token = token;
    this.#onLive = onLive;
    const since = follower.cursor;
    const query = {
      ...endpoint.query(),
      ...(since !== undefined && { since }),
      ...(replaces !== undefined && { replaces }),
    };
    const protocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token];
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.ended = promise;
    this.link = new Link(
      context.ports,
      { url: endpointUrl(context.base, endpoint.path, query), protocols, batchMs: context.batchMs },
      {
        onFrame: (frame) => this.#onFrame(frame),
        onTurn: () => endpoint.onTurn(),
        onEnd: (ending) => resolve(this.#outcome(ending)),
      },
    );
  }

  get live(): boolean {
    return this.#phase.name === "live" && this.link.open;
  }

  get connected(): Connected | undefined {
    return this.#connected;
  }

  /** Ends it on purpose; `ended` stays open. */
  close(why: "leaving" | "startingOver"): void {
    this.#cancelTimers();
    this.link.close(why);
  }

  #cancelTimers(): void {
    this.#cancelWatch();
    this.#cancelPause();
  }

  #outcome(ending: Ending): Outcome {
    this.#cancelTimers();
    if (ending.next === "renewToken") this.#context.tokens.refused(this.#token, ending.retryAfterMs);
    const { clock } = this.#context.ports;
    const unheard = this.#phase.name === "greeting" && ending.closeCode === VANISHED ? this.#token : null;
    return {
      ending,
      liveForMs: this.#phase.name === "live" ? clock.now() - this.#phase.since : undefined,
      ...(unheard !== null && { unheardTokenLength: unheard.length }),
    };
  }

  #onFrame(frame: IncomingFrame): void {
    const greeting = this.#phase.name === "greeting";
    // Nothing comes before `connected`, and it comes once.
    if (greeting !== (frame.type === "connected")) return;
    if (frame.type === "connected") this.#onConnected(frame);
    else if (frame.type === "caughtUp") this.#onCaughtUp(frame);
    else if (isLogEvent(frame)) this.#onLogEvent(frame);
    else this.#endpoint.onFrame(frame);
  }

  #onConnected(frame: Connected): void {
    const { tokens, ports, log } = this.#context;
    this.#connected = frame;
    this.#phase = { name: "replaying", clockAheadMs: ports.clock.now() - frame.at };
    this.link.greeted(frame.limits);
    if (frame.expiresAt !== null) tokens.accepted(this.#token, frame.expiresAt - frame.at);
    log("debug", `connected to ${this.#endpoint.path}`, { connection: frame.connection });
    this.#endpoint.onConnected(frame, this.#follower.begin(frame));
  }

  #onLogEvent(event: LogEvent): void {
    const verdict = this.#follower.accept(event.seq, this.#endpoint.mayJump());
    if (verdict === "new") this.#endpoint.onFrame(event);
    else if (verdict === "gap") this.dropForGap();
  }

  /** Something is missing: a replay from the cursor brings it. */
  dropForGap(): void {
    this.#context.log("warn", `a gap in the events of ${this.#endpoint.path}`);
    this.link.drop(lost(new RoomsError("internal", "The server left out an event.")));
  }

  #onCaughtUp(frame: CaughtUp): void {
    const over = this.#follower.caughtUp(frame);
    if (frame.floor !== undefined) this.#endpoint.onFloor(frame.floor);
    this.#endpoint.onFrame(frame);
    // Whoever heard of it may have ended it.
    if (this.#phase.name !== "replaying" || !this.link.open) return;
    if (!over) {
      this.#page(frame.seq);
      return;
    }
    const since = this.#context.ports.clock.now();
    this.#phase = { name: "live", clockAheadMs: this.#phase.clockAheadMs, since };
    this.#cancelWatch = this.#context.tokens.watch((token) => this.#renew(token));
    this.#onLive(since);
  }

  #page(after: number): void {
    const id = this.#context.ports.newId();
    this.link.request({ type: "history", id, after, limit: MAX_EVENTS_PAGE }, (answer) => {
      if (answer === undefined) return;
      if (answer.type === "error" && answer.code === "rate_limited") {
        this.#cancelPause = this.#context.ports.clock.after(answer.retryAfterMs ?? PAGE_AGAIN_MS, () =>
          this.#page(after),
        );
        return;
      }
      const getsOn = answer.type === "ok" && isHistoryResult(answer) && (answer.seq > after || !answer.more);
      if (!getsOn) {
        // `not_found`: the log has passed the cursor. Anything else: the cursor keeps what the pages brought so far.
        const error = answer.type === "error" ? refusalError(answer) : new RoomsError("internal");
        return this.link.drop(lost(error));
      }
      // What is held there may have changed since its page came, without a record.
      if (answer.floor !== undefined) this.#endpoint.onFloor(answer.floor);
      for (const event of parseLogEvents(answer.events ?? [])) {
        if (this.link.open) this.#onLogEvent(event);
      }
      this.#follower.advance(answer.seq);
      if (answer.more && this.link.open) this.#page(answer.seq);
    });
  }

  #renew(token: string): void {
    const { ports, tokens, log } = this.#context;
    const id = ports.newId();
    this.link.request({ type: "auth", id, token }, (answer) => {
      if (answer?.type === "ok" && isAuthResult(answer) && this.#phase.name !== "greeting") {
        this.#token = token;
        tokens.accepted(token, answer.expiresAt - (ports.clock.now() - this.#phase.clockAheadMs));
        if (answer.permission !== undefined) this.#endpoint.onPermission(answer.permission);
      } else if (answer?.type === "error") {
        // The old token stays in force until the server closes; then the next one is asked for, if not before.
        const { code, message, retryAfterMs = 0 } = answer;
        log("warn", `the new token was not taken: ${message} (${code})`);
        const isFinal = code === "unauthorized" || code === "token_expired";
        if (isFinal || retryAfterMs > 0) tokens.refused(token, retryAfterMs);
      }
    });
  }
}
