// Whether anybody is at the other end. The sign of life is the heartbeat: who has never sent one is not held to it, as
// many libraries send pings of the WebSocket protocol only, which the runtime answers without telling.

import type { Identity } from "../access/identity.ts";
import type { Closing } from "../protocol/index.ts";
import type { SocketPort } from "./socket-port.ts";

/** A connection whose last heartbeat is this many intervals ago is closed. */
export const SILENT_INTERVALS = 3;
/** From this many on it does not count as there: what it would miss is notified. */
const DOUBTFUL_INTERVALS = 2;
/** Two sweeps are at least this part of an interval apart, as each asks the runtime of every socket. */
export const SWEEPS_AN_INTERVAL = 10;

export interface Lively {
  readonly socket: Pick<SocketPort, "heartbeatAt">;
  /** When the object itself last answered a ping, in milliseconds; `null`: never. */
  readonly pingedAt: number | null;
}

export interface Mortal extends Lively {
  readonly identity: Identity;
}

interface Lapsed<C> {
  readonly connection: C;
  readonly closing: Closing;
}

/** Finds the connections that have lapsed, as soon as one can have, and no more often than pays. */
export class Sweeper {
  readonly #pingMs: number;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(pingMs: number) {
    this.#pingMs = pingMs;
  }

  /** Whether a connection may have lapsed since the last sweep; also where the clock was set back. */
  isDue(now: number): boolean {
    return now >= this.#dueAt || now < this.#sweptAt;
  }

  /** Those of `connections` that are to be closed, and why. */
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

/** Whether a connection counts as there. `elsewhere`: the object that holds its socket knows. */
export function isThere(connection: Lively, pingMs: number, now: number): boolean | "elsewhere" {
  const aliveAt = lastHeartbeat(connection);
  if (aliveAt === "elsewhere") return "elsewhere";
  return aliveAt === null || now - aliveAt <= DOUBTFUL_INTERVALS * pingMs;
}

/** In how long a connection is to be closed for want of heartbeats unless one comes, in milliseconds; `null`: not at all. */
export function silentInMs(connection: Lively, pingMs: number, now: number): number | null {
  const aliveAt = lastHeartbeat(connection);
  return typeof aliveAt === "number" ? aliveAt + SILENT_INTERVALS * pingMs - now : null;
}

/** Whoever answered it, the runtime or the object; `null`: there was none. */
function lastHeartbeat({ socket, pingedAt }: Lively): number | null | "elsewhere" {
  const answeredAt = socket.heartbeatAt();
  if (answeredAt === "elsewhere" || pingedAt === null) return answeredAt;
  return answeredAt === null ? pingedAt : Math.max(answeredAt, pingedAt);
}

const expiryOf = (identity: Identity): number =>
  identity.kind === "user" ? identity.expiresAt : Number.POSITIVE_INFINITY;
