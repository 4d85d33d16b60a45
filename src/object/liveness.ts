import type { Identity } from "../access/identity.ts";
import type { Closing } from "../protocol/index.ts";
import type { SocketPort } from "./socket-port.ts";

// Whether a client is still at the other end. The sign of life is the heartbeat. A client that has never sent one is
// not closed for it: many libraries only send pings of the WebSocket protocol, which the runtime answers on its own.
// What a client sends besides is one too while the object is awake: a machine that wakes may send a message before its ping.

/** A connection whose last heartbeat is this many intervals ago is closed. */
export const SILENT_INTERVALS = 3;
/** From this many intervals on it does not count as connected: its user is notified of what it may miss. */
const DOUBTFUL_INTERVALS = 2;
/** Sweeps in one interval at most, as each asks the runtime about every socket. */
export const SWEEPS_AN_INTERVAL = 10;

export interface Lively {
  readonly socket: Pick<SocketPort, "heartbeatAt">;
  /** When the object itself last answered a ping, in milliseconds; `null`: never. */
  readonly pingedAt: number | null;
  /** When the object last heard a frame of it, in milliseconds; `null`: not since it woke. */
  readonly heardAt: number | null;
}

export interface Mortal extends Lively {
  readonly identity: Identity;
}

interface Lapsed<C> {
  readonly connection: C;
  readonly closing: Closing;
}

/** Finds the connections that have lapsed: as soon as one can have lapsed, and at most ten times an interval. */
export class Sweeper {
  readonly #pingMs: number;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(pingMs: number) {
    this.#pingMs = pingMs;
  }

  /** Whether a connection may have lapsed since the last sweep; true also if the clock was set back. */
  isDue(now: number): boolean {
    return now >= this.#dueAt || now < this.#sweptAt;
  }

  /** The connections that are to be closed, and why. */
  sweep<C extends Mortal>(connections: Iterable<C>, now: number): Lapsed<C>[] {
    const silentMs = SILENT_INTERVALS * this.#pingMs;
    const lapsed: Lapsed<C>[] = [];
    // One that opens after this sweep can lapse that soon.
    let dueAt = now + silentMs;
    for (const connection of connections) {
      const aliveAt = lastHeartbeat(connection);
      const silentAt = typeof aliveAt === "number" ? aliveAt + silentMs : Number.POSITIVE_INFINITY;
      const expiresAt = expiryOf(connection.identity);
      if (expiresAt <= now) lapsed.push({ connection, closing: { code: "token_expired" } });
      else if (silentAt < now) lapsed.push({ connection, closing: { code: "timeout" } });
      else dueAt = Math.min(dueAt, silentAt + 1, expiresAt);
    }
    this.#sweptAt = now;
    this.#dueAt = Math.max(dueAt, now + this.#pingMs / SWEEPS_AN_INTERVAL);
    return lapsed;
  }
}

export const hasExpired = (identity: Identity, now: number): boolean => expiryOf(identity) <= now;

/** Whether a connection counts as connected. `elsewhere`: the object that holds its socket knows. */
export function isThere(connection: Lively, pingMs: number, now: number): boolean | "elsewhere" {
  const aliveAt = lastHeartbeat(connection);
  if (aliveAt === "elsewhere") return "elsewhere";
  return aliveAt === null || now - aliveAt <= DOUBTFUL_INTERVALS * pingMs;
}

/** In how many milliseconds a connection is closed unless a heartbeat comes; `null`: it is not. */
export function silentInMs(connection: Lively, pingMs: number, now: number): number | null {
  const aliveAt = lastHeartbeat(connection);
  return typeof aliveAt === "number" ? aliveAt + SILENT_INTERVALS * pingMs - now : null;
}

/** When the last sign of life came; `null`: the client has never sent a heartbeat. */
function lastHeartbeat({ socket, pingedAt, heardAt }: Lively): number | null | "elsewhere" {
  const answeredAt = socket.heartbeatAt();
  if (answeredAt === "elsewhere") return answeredAt;
  if (answeredAt === null && pingedAt === null) return null;
  return Math.max(answeredAt ?? 0, pingedAt ?? 0, heardAt ?? 0);
}

const expiryOf = (identity: Identity): number =>
  identity.kind === "user" ? identity.expiresAt : Number.POSITIVE_INFINITY;

/**
 * How long ago `then` was, in milliseconds. Infinite if the clock was set back, so that nothing waits for the old time.
 */
export const sinceMs = (then: number, now: number): number =>
  now >= then ? now - then : Number.POSITIVE_INFINITY;
