// What relays add to a day of a room that has more connections than it holds itself. Pure. A guess is on the high side: each
// event is a flush and so a call to each relay, and each frame and each join of a relay is a call of its own to the room.

import type { Workload } from "./workload.ts";

/** `RELAY_ABOVE` and `RELAY_CONNECTIONS`. */
export const RELAY_ABOVE = 5_000;
export const RELAY_CONNECTIONS = 5_000;

export interface RelayUsage {
  /** Connections that the room holds itself. */
  readonly atRoom: number;
  readonly requests: number;
  /** Of all relays together. */
  readonly activeSeconds: number;
}

interface Traffic {
  readonly connections: number;
  readonly joins: number;
  readonly frames: number;
  /** Events that all connections get. */
  readonly told: number;
}

/** `deliveryMs`: to send a frame to one socket. */
export function relaysOfRoom(
  { activeMs }: Workload,
  deliveryMs: number,
  { connections, joins, frames, told }: Traffic,
): RelayUsage {
  const away = Math.max(0, connections - RELAY_ABOVE);
  const share = connections === 0 ? 0 : away / connections;
  const calls = told * Math.ceil(away / RELAY_CONNECTIONS);
  const uploads = (frames + 2 * joins) * share;
  return {
    atRoom: connections - away,
    // The room is asked first where to connect.
    requests: calls + uploads + joins * share,
    activeSeconds: ((calls + uploads) * activeMs + told * away * deliveryMs) / 1_000,
  };
}
