import type { RoomsError } from "../util/errors.ts";

/** What a connection is at. Instants are milliseconds since 1970. */
export type ConnectionState =
  /** A try is under way; `attempt` counts from 1 and starts again after a connection that worked. */
  | { readonly status: "connecting"; readonly attempt: number }
  /** Everything missed has been replayed, and what comes is live. */
  | { readonly status: "connected"; readonly since: number }
  /** The try `attempt` begins at `retryAt`, or earlier when the network comes back. */
  | {
      readonly status: "reconnecting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly error: RoomsError;
    }
  /** Nothing happens until `reconnect()`. Without `error` on the app's own wish. */
  | { readonly status: "disconnected"; readonly error?: RoomsError };

const ORDER = ["connected", "connecting", "reconnecting", "disconnected"] as const;

/** The best of several: a client is as connected as the best of its sockets. */
export const bestState = (states: Iterable<ConnectionState>): ConnectionState | undefined =>
  [...states].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))[0];
