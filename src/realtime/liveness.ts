import type { Identity } from "../auth/identity.ts";
import type { Closing } from "../protocol/index.ts";
import type { SocketPort } from "./socket-port.ts";

/** Who has not pinged for this many intervals is taken for dead. */
export const SILENT_INTERVALS = 3;

export interface Lively {
  readonly socket: SocketPort;
  readonly identity: Identity;
  /** When it opened, or last sent a ping that the object answered itself. */
  readonly seenAt: number;
}

/** Those of `connections` that are to be closed, and why. */
export function* lapsed<C extends Lively>(
  connections: Iterable<C>,
  pingMs: number,
  now: number,
): Generator<{ connection: C; closing: Closing }> {
  for (const connection of connections) {
    const closing = lapse(connection, pingMs, now);
    if (closing !== undefined) yield { connection, closing };
  }
}

export const hasExpired = (identity: Identity, now: number): boolean =>
  identity.kind === "user" && identity.expiresAt <= now;

function lapse({ socket, identity, seenAt }: Lively, pingMs: number, now: number): Closing | undefined {
  if (hasExpired(identity, now)) return { code: "token_expired" };
  const aliveAt = Math.max(seenAt, socket.heartbeatAt() ?? 0);
  return now - aliveAt > SILENT_INTERVALS * pingMs ? { code: "timeout" } : undefined;
}
